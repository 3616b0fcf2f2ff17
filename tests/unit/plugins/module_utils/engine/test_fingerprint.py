"""Fingerprints of secret values."""

from __future__ import annotations

import re

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine.fingerprint import KEY_VARIABLE, fingerprint


def test_equal_values_have_equal_fingerprints_and_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "inventory key")
    assert fingerprint("e") == fingerprint("e") != fingerprint("e ")
    assert re.fullmatch("[0-9a-f]{12}", fingerprint(""))


def test_fingerprints_depend_on_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "one")
    one = fingerprint("2")
    monkeypatch.setenv(KEY_VARIABLE, "two")
    two = fingerprint("2")
    monkeypatch.delenv(KEY_VARIABLE)
    assert len({one, two, fingerprint("2")}) == 3
    assert fingerprint("2") == fingerprint("2")


def test_any_text_has_a_fingerprint() -> None:
    assert len({fingerprint(value) for value in ["\ud800", "\x00", "世界", "a\nb"]}) == 4
