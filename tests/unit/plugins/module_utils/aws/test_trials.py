"""Whether a trial is due, which task counts, and how it is judged; without ECS."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws import runs, trials

ARN = "arn:aws:ecs:eu-west-1:123456789012:task-definition/"
WEB, OLD = f"{ARN}bond-web:7", f"{ARN}bond-web:6"
BEFORE = {"bond-web": WEB}
PASSED, ENDED = trials._PASSED, trials._ENDED


def at(second: int) -> datetime.datetime:
    return datetime.datetime(2030, 1, 1, 12, second // 60, second % 60, tzinfo=datetime.UTC)


def trial(*, checked: bool = False) -> trials.Trial:
    return trials.Trial(runs.Subject("c", WEB, "web", {}, trials.trial_id(WEB), before=BEFORE), 30, checked)


def service(definition: str, desired: int = 2, rollout: str = "COMPLETED") -> dict[str, Any]:
    deployment = {"status": "PRIMARY", "taskDefinition": definition, "createdAt": at(0), "rolloutState": rollout}
    return {"serviceName": "bond-web", "desiredCount": desired, "deployments": [deployment]}


def running(name: str = "t1", second: int = 10, **given: Any) -> dict[str, Any]:
    return {
        "taskArn": f"task/c/{name}",
        "createdAt": at(second),
        "startedAt": at(second),
        "lastStatus": "RUNNING",
        "desiredStatus": "RUNNING",
        "healthStatus": "UNKNOWN",
        "containers": [{"name": "web"}],
        **given,
    }


def stopped(name: str = "t1", second: int = 10, **given: Any) -> dict[str, Any]:
    over = {"lastStatus": "STOPPED", "desiredStatus": "STOPPED", "stopCode": "UserInitiated"}
    return running(name, second, **{**over, **given})


CRASHED = {"stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited"}


@pytest.mark.parametrize(
    ("services", "due"),
    [
        ([], False),
        ([service(OLD)], True),
        ([service(OLD, desired=0)], False),
        ([service(WEB)], False),
        ([service(WEB, rollout="FAILED")], True),
    ],
    ids=["none yet", "another revision", "serves nobody", "this one", "failed at this one"],
)
def test_it_is_due_where_visitors_could_be_harmed(services: list[Any], due: bool) -> None:
    assert trials.is_due(services, BEFORE) is due


def test_its_id_is_that_of_the_revision_and_short_enough() -> None:
    assert trials.trial_id(WEB) == trials.trial_id(WEB) != trials.trial_id(OLD)
    assert len(trials.trial_id(WEB)) == 36


@pytest.mark.parametrize(
    ("tasks", "counts"),
    [
        ([], None),
        ([running()], "t1"),
        ([stopped(stoppedReason=PASSED)], "t1"),
        ([running(desiredStatus="STOPPED", stoppedReason=PASSED)], "t1"),
        ([running(desiredStatus="STOPPED", stoppedReason=ENDED)], None),
        ([stopped(stoppedReason=ENDED)], None),
        ([stopped(stoppedReason="Task stopped by user")], None),
        ([stopped(**CRASHED)], None),
        ([stopped(**CRASHED), running("t2", 20)], "t2"),
        ([running("t2", 20), stopped(stoppedReason=PASSED)], "t2"),
    ],
    ids=[
        "none",
        "runs",
        "passed",
        "passed, and stops yet",
        "ended too early, and stops yet",
        "ended too early",
        "stopped by somebody",
        "died",
        "tried again",
        "the newest",
    ],
)
def test_what_runs_and_what_has_passed_counts(tasks: list[Any], counts: str | None) -> None:
    found = trials.counting(tasks)
    assert (found and found["taskArn"].rpartition("/")[2]) == counts


@pytest.mark.parametrize(
    ("task", "checked", "second", "verdict"),
    [
        (None, False, 0, "coming"),
        (running(startedAt=None, lastStatus="PENDING"), False, 60, "going"),
        (running(), False, 39, "going"),
        (running(), False, 40, "passed"),
        (running(), True, 40, "going"),
        (running(healthStatus="HEALTHY"), True, 40, "passed"),
        (running(healthStatus="HEALTHY"), True, 39, "going"),
        (running(healthStatus="UNHEALTHY"), True, 20, "failed"),
        (running(lastStatus="DEACTIVATING", desiredStatus="STOPPED"), False, 90, "going"),
        (stopped(**CRASHED), False, 20, "failed"),
        (stopped(**CRASHED), False, 90, "failed"),
        (stopped(stoppedReason="Task stopped by user"), False, 90, "failed"),
        (stopped(stoppedReason=PASSED), False, 90, "passed"),
    ],
    ids=[
        "none yet",
        "not started",
        "too young",
        "old enough",
        "health not known",
        "healthy",
        "healthy and too young",
        "unhealthy",
        "on its way down",
        "died",
        "died late",
        "stopped by somebody",
        "stopped by us",
    ],
)
def test_it_passes_by_living_for_so_long(task: Any, checked: bool, second: int, verdict: str) -> None:
    look = runs.Look(True, task, moment=at(second).timestamp())
    assert trials.verdict_of(trial(checked=checked), look) == verdict


def test_a_failure_is_a_sentence_with_what_to_do() -> None:
    task = stopped(**CRASHED, containers=[{"name": "web", "exitCode": 1}])
    error = trials.error("ECS trial of bond-web", runs.Look(True, task), {})
    assert error.msg == (
        "ECS trial of bond-web failed: Essential container in task exited, exit code 1. No service was touched."
    )
    assert "last log lines" in error.hint
    error = trials.error("ECS trial of bond-web", runs.Look(True, running(healthStatus="UNHEALTHY")), {})
    assert error.msg == "ECS trial of bond-web failed: Its container health checks fail. No service was touched."
    assert "health command" in error.hint


def test_the_end_says_whether_it_passed() -> None:
    tasks = [running("old", 10), running("young", 30)]
    ends = trials.ending(trial(), tasks, at(41).timestamp(), "ECS trial of bond-web")
    assert [change.payload.arguments["reason"] for change in ends] == [PASSED, ENDED]
    assert [change.payload.arguments["task"] for change in ends] == ["task/c/old", "task/c/young"]
