"""Credentials of the environment in what a failure says."""

from __future__ import annotations

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine.credentials import without_credentials


def test_a_credential_that_is_quoted_gives_way_to_the_name_of_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEROKU_API_KEY", "0f1e2d3c-token-of-heroku")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "IQoJb3J/p+Z2lu=")
    told = {"msg": "invalid: Bearer 0f1e2d3c-token-of-heroku.", "lines": ["?t=IQoJb3J%2Fp%2BZ2lu%3D", 7, None]}
    assert without_credentials(told) == {
        "msg": "invalid: Bearer (value of HEROKU_API_KEY).",
        "lines": ["?t=(value of AWS_SESSION_TOKEN)", 7, None],
    }


def test_what_is_no_credential_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREHEARSAL0000000")
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("SHORT_KEY", "denied")
    told = {"msg": "AKIAREHEARSAL0000000 was denied in production"}
    assert without_credentials(told) == told
