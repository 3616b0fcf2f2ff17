"""EventBridge Scheduler's clock and requests; its refusals are tested by a module that uses it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from rehearsal.aws import schedules
from rehearsal.aws.ecs.errors import EcsError
from rehearsal.aws.request import parse

SCOPE = {"authorization": "AWS4-HMAC-SHA256 Credential=AKIA/20300101/eu-west-1/scheduler/aws4_request, x"}
NETWORK = {"awsvpcConfiguration": {"Subnets": ["subnet-1"], "AssignPublicIp": "DISABLED"}}
TARGET = {"Arn": "c", "EcsParameters": {"TaskDefinitionArn": "d:1", "NetworkConfiguration": NETWORK}}


def row(name: str, when: str = "rate(1 hour)", state: str = "ENABLED") -> dict[str, Any]:
    return {
        "Name": name,
        "ScheduleExpression": when,
        "ScheduleExpressionTimezone": "UTC",
        "State": state,
        "CreationDate": 0.0,
        "Target": TARGET,
    }


def clock(monkeypatch: pytest.MonkeyPatch, *rows: dict[str, Any]) -> tuple[schedules.Clock, list[str]]:
    """A clock that stands at 3000 s, and what it runs."""
    ran: list[str] = []

    def run(_account: str, _region: str, request: dict[str, Any]) -> None:
        ran.append(request["startedBy"])
        if "bad" in request["startedBy"]:
            raise EcsError("ClientException", "TaskDefinition is inactive")

    monkeypatch.setattr(schedules.schedules, "everywhere", lambda: [("1", "eu-west-1", each) for each in rows])
    made = schedules.Clock(run)
    made._looked = 3000.0
    return made, ran


def test_what_is_due_runs_once_and_what_is_disabled_never(monkeypatch: pytest.MonkeyPatch) -> None:
    made, ran = clock(monkeypatch, row("a"), row("off", state="DISABLED"), row("later", "rate(2 hours)"))
    for now in (3599.0, 3600.5, 3601.0, 3700.0):
        made.look(now)
    assert ran == ["chronos-schedule/a"]


def test_one_that_ecs_does_not_take_hinders_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    made, ran = clock(monkeypatch, row("bad"), row("good"))
    made.look(3601.0)
    assert ran == ["chronos-schedule/bad", "chronos-schedule/good"]


def test_what_would_have_been_due_while_it_is_held_never_is(monkeypatch: pytest.MonkeyPatch) -> None:
    made, ran = clock(monkeypatch, row("a"))
    with made.hold():
        pass
    made.look(time.time() + 1)
    assert ran == []


def test_a_schedule_becomes_a_run_of_its_task() -> None:
    request = schedules.request_of(row("a"))
    assert request["networkConfiguration"] == {
        "awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "DISABLED"}
    }
    assert (request["taskDefinition"], request["count"], request["startedBy"]) == ("d:1", 1, "chronos-schedule/a")


@pytest.mark.parametrize(
    ("method", "path", "operation", "kind", "target"),
    [
        ("POST", "/schedules/nightly", "CreateSchedule", "write", "nightly"),
        ("PUT", "/schedules/nightly", "UpdateSchedule", "write", "nightly"),
        ("GET", "/schedules/nightly?groupName=g", "GetSchedule", "read", "nightly"),
        ("DELETE", "/schedules/nightly?groupName=g", "DeleteSchedule", "write", "nightly"),
        ("GET", "/schedules?ScheduleGroup=g", "ListSchedules", "read", "g"),
        ("POST", "/schedule-groups/g", "CreateScheduleGroup", "write", "g"),
        ("GET", "/schedule-groups", "ListScheduleGroups", "read", ""),
        ("PATCH", "/schedules/nightly", "PATCH /schedules/nightly", "write", "nightly"),
    ],
)
def test_requests_are_known_by_their_operations(method: str, path: str, operation: str, kind: str, target: str) -> None:
    request = parse(method, path, SCOPE, b"{}")
    assert (request.operation, request.kind, request.target) == (operation, kind, target)
