"""The check of draining before anything is made."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws.processes import described_of
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.modules import aws_drain_check
from tests.unit.plugins.ecs_parts import run

NUMBERS = {"deregistration_delay": 30, "idle_timeout": 60, "health_interval": 5, "healthy_threshold": 2}


def check(processes: dict[str, Any], **given: Any) -> dict[str, Any]:
    asked = {"slowest_request": 30.0, "seen": 0.0, "boot": 0, **given}
    return run(aws_drain_check.MODULE, None, {**NUMBERS, "processes": described_of(processes), **asked})


def test_the_defaults_are_in_order_and_only_processes_with_a_port_are_judged() -> None:
    found = check({"web": {"port": 8080}, "worker": {"stop_timeout": 5}, "clock": None})
    assert found["drain"] == {"slowest_request": 30.0, "processes": ["web"]}


def test_a_slower_request_that_was_seen_is_reckoned_with() -> None:
    found = check({"web": {"port": 8080, "stop_timeout": 60}}, seen=41.2)
    assert found["kind"] == "bad_input"
    assert found["msg"] == (
        "Tasks would not come and go without harm: a request may take 41.2 s, and a task that goes is let go after "
        "30 s (deregistration delay). Set provision_deregistration_delay to 42 or more."
    )


def test_an_app_without_a_port_has_nothing_to_drain() -> None:
    assert not check({"worker": {}}, seen=300.0)["failed"]


@pytest.mark.parametrize("process", [{"port": "many"}, {"stop": 3}])
def test_what_is_no_process_is_one_sentence(process: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="Process web: "):
        described_of({"web": process})
