"""Heroku may stop only when nobody is sent there; a dry run says so and goes on."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Refused
from ansible_collections.offramp.ecs.plugins.modules import heroku_retirement_info
from ansible_collections.offramp.ecs.plugins.modules.heroku_retirement_info import MODULE, Have

PARAMS = {
    "app": "bond",
    "zone": "bond.example",
    "hostname": "api.bond.example",
    "old": "heroku",
    "new": "aws",
    "within": 1.0,
    "every": 1.0,
}


def run(share: int, *, dry: bool, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    module = runner.Module(
        **{
            **{name: getattr(MODULE, name) for name in MODULE.__dataclass_fields__},
            "connect": lambda _params, _door: None,
            "observe": lambda _api, _want: Have("bond", "api.bond.example", share, {"web": 2}),
        }
    )
    return runner.run(module, PARAMS, runner.Orders(dry=dry, say=lambda _line: None, alive=lambda: True))


@pytest.mark.parametrize("share", [0, 1, 99])
def test_traffic_at_heroku_stops_a_real_run(share: int, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(share, dry=False, monkeypatch=monkeypatch)
    assert result["failed"]
    assert result["kind"] == Refused.kind
    assert f"must not stop: it still gets {100 - share} % of api.bond.example's traffic" in result["msg"]
    assert "playbooks/shift.yml" in result["hint"]


@pytest.mark.parametrize("share", [0, 100])
def test_a_dry_run_tells_and_goes_on(share: int, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(share, dry=True, monkeypatch=monkeypatch)
    assert not result["failed"]
    assert result["retirement"] == {
        "app": "bond",
        "processes": {"web": 2},
        "ready": share == 100,
        "share": share,
    }
    assert ("may stop" in result["headline"][0]) == (share == 100)


def test_without_traffic_the_app_may_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(100, dry=False, monkeypatch=monkeypatch)
    assert not result["failed"]
    assert not result["changed"]
    assert result["retirement"]["ready"]


def test_it_wants_what_the_task_says() -> None:
    assert heroku_retirement_info.want(PARAMS) == heroku_retirement_info.Want(
        "bond", "bond.example", "api.bond.example", "heroku", "aws"
    )
