"""Whether a task is due, which one counts, what it is called, and how it is judged; without ECS."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws import runs
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown

ARN = "arn:aws:ecs:eu-west-1:123456789012:task-definition/"
GATE, WEB, OLD = f"{ARN}bond-release:7", f"{ARN}bond-web:7", f"{ARN}bond-web:6"
BEFORE = {"bond-web": WEB}
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
SUBJECT = runs.Subject("c", GATE, "release", NETWORK, runs.release_id(GATE, BEFORE), before=BEFORE)


def at(minute: int) -> datetime.datetime:
    return datetime.datetime(2030, 1, 1, 12, minute, tzinfo=datetime.UTC)


def service(definition: str, minute: int = 0, rollout: str = "COMPLETED") -> dict[str, Any]:
    deployment = {"status": "PRIMARY", "taskDefinition": definition, "createdAt": at(minute), "rolloutState": rollout}
    return {"serviceName": "bond-web", "deployments": [deployment]}


def task(name: str = "t1", minute: int = 10, exit_code: int | None = 0, **given: Any) -> dict[str, Any]:
    container = {"name": "release", **({} if exit_code is None else {"exitCode": exit_code})}
    ended = {"lastStatus": "STOPPED", "stopCode": "EssentialContainerExited", "stoppedReason": "Essential container"}
    return {"taskArn": f"task/c/{name}", "createdAt": at(minute), "containers": [container], **ended, **given}


RUNNING = {"lastStatus": "RUNNING", "stopCode": None}


@pytest.mark.parametrize(
    ("services", "due"),
    [
        ([], True),
        ([service(OLD)], True),
        ([service(WEB)], False),
        ([service(WEB, rollout="IN_PROGRESS")], False),
        ([service(WEB, rollout="FAILED")], True),
    ],
    ids=["none yet", "another revision", "this one", "on its way to this one", "failed at this one"],
)
def test_it_is_due_where_a_service_is_to_get_another_revision(services: list[Any], due: bool) -> None:
    assert runs.is_due(services, BEFORE) is due


def test_its_id_is_that_of_the_release_and_short_enough() -> None:
    one = runs.release_id(GATE, {"a": "x", "b": "y"})
    assert one == runs.release_id(GATE, {"b": "y", "a": "x"})
    assert len({one, runs.release_id(WEB, {"a": "x", "b": "y"}), runs.release_id(GATE, {"a": "y", "b": "x"})}) == 3
    assert len(one) <= 36


@pytest.mark.parametrize(
    ("tasks", "present", "counts"),
    [
        ([task()], service(OLD), "t1"),
        ([task(**RUNNING, exit_code=None)], service(OLD), "t1"),
        ([task(exit_code=1)], service(OLD), None),
        ([task(exit_code=1), task("t2", 20)], service(OLD), "t2"),
        ([task(stopCode="UserInitiated")], service(OLD), None),
        ([task(exit_code=None, stopCode="TaskFailedToStart")], service(OLD), None),
        ([task()], service(OLD, 11), None),
        ([task()], service(WEB, 11), "t1"),
        ([], service(OLD), None),
    ],
    ids=[
        "ended well",
        "runs",
        "failed",
        "failed, then went well",
        "stopped by somebody",
        "did not start",
        "another release came between",
        "this release came after it",
        "none",
    ],
)
def test_a_task_counts_for_this_very_release(tasks: list[Any], present: Any, counts: str | None) -> None:
    found = runs.counting(tasks, [present], SUBJECT)
    assert (found and found["taskArn"]) == (counts and f"task/c/{counts}")


def test_a_token_is_of_one_attempt() -> None:
    hour = 1_900_000_800.0  # a whole number of hours
    first = runs.token_of(SUBJECT, runs.Look(True, moment=hour + 60))
    assert first == runs.token_of(SUBJECT, runs.Look(True, moment=hour + 120)), "taken up, not listed yet"
    assert first != runs.token_of(SUBJECT, runs.Look(True, moment=hour + 120, attempts=("t1",))), "tried again"
    assert first != runs.token_of(SUBJECT, runs.Look(True, moment=hour + 7200)), "when the first is forgotten"
    assert len(first) <= 64


@pytest.mark.parametrize(
    ("look", "verdict"),
    [
        (runs.Look(False), "not_due"),
        (runs.Look(True), "coming"),
        (runs.Look(True, task(**RUNNING)), "going"),
        (runs.Look(True, task()), "good"),
        (runs.Look(True, task(exit_code=137)), "failed"),
    ],
)
def test_verdicts(look: runs.Look, verdict: str) -> None:
    assert runs.verdict_of(SUBJECT, look) == verdict


@pytest.mark.parametrize(
    ("given", "said", "hint"),
    [
        ({"exit_code": 2}, "exit code 2. No service was touched.", "Read its last log lines, mend it, and run again."),
        ({"exit_code": 137}, "exit code 137", "The process was killed"),
        (
            {"exit_code": None, "stopCode": "TaskFailedToStart", "stoppedReason": "CannotPull: not found"},
            "CannotPull: not found. No service",
            "push it again",
        ),
        ({"stopCode": "UserInitiated", "stoppedReason": "enough"}, "failed: enough.", "Look at it in ECS"),
    ],
    ids=["exit code", "killed", "no start", "stopped by somebody"],
)
def test_a_failure_says_why_and_what_to_do(given: dict[str, Any], said: str, hint: str) -> None:
    error = runs.error("ECS task release of bond", SUBJECT, runs.Look(True, task(**given)), {})
    assert said in error.msg
    assert hint in error.hint


@pytest.mark.parametrize(("container", "code"), [("release", 3), ("", 3), ("other", None)])
def test_the_first_container_is_judged_where_none_is_named(container: str, code: int | None) -> None:
    assert runs.exit_code_of(task(exit_code=3), container) == code


def test_a_start_is_the_same_in_a_dry_run_and_a_real_one() -> None:
    unknown = Unknown("ARN of task definition bond-release", "playbooks/release.yml")
    coming = runs.Subject("c", unknown, "release", NETWORK, "offramp-1", before=BEFORE)
    (dry,), (real,) = (runs.starting(each, runs.Look(True), "ECS task x") for each in (coming, SUBJECT))
    assert (dry.verb, dry.target) == (real.verb, real.target)
    assert real.after == {"task definition": "bond-release:7"}
    assert runs.starting(SUBJECT, runs.Look(False), "x") == runs.starting(SUBJECT, runs.Look(True, task()), "x") == []
