"""Reasons of failed tasks, and what to do about them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws.reasons import Failure, commonest, hint, of_task


def task(reason: str, code: str, exit_code: int | None = None, detail: str = "") -> dict[str, Any]:
    container: dict[str, Any] = {"name": "web"}
    if exit_code is not None:
        container["exitCode"] = exit_code
    if detail:
        container["reason"] = detail
    return {
        "taskArn": "arn:aws:ecs:eu-west-1:1:task/c/0123",
        "stopCode": code,
        "stoppedReason": reason,
        "containers": [container],
    }


def test_a_task_that_was_stopped_by_plan_has_not_failed() -> None:
    stopped = task("Scaling activity initiated by (deployment ecs-svc/1)", "ServiceSchedulerInitiated", 0)
    assert of_task(stopped) is None


def test_a_crash_is_told_with_its_exit_code() -> None:
    failure = of_task(task("Essential container in task exited", "EssentialContainerExited", 1))
    assert failure == Failure("0123", "Essential container in task exited", "", 1)
    assert failure.in_words() == "Essential container in task exited, exit code 1"


def test_an_unhealthy_task_that_the_scheduler_stopped_has_failed() -> None:
    reason = "Task failed ELB health checks in (target-group arn:x)"
    assert of_task(task(reason, "ServiceSchedulerInitiated", 0)) is not None


def test_reasons_that_differ_by_ids_only_are_the_same() -> None:
    one = Failure("1", "CannotPullContainerError: pull from 10.0.1.5:443 RequestId ID: 8f2e")
    two = Failure("2", "CannotPullContainerError: pull from 10.0.2.9:443 RequestId ID: 77aa")
    other = Failure("3", "OutOfMemoryError")
    assert commonest([one, other, two]) == (one, 2)
    assert commonest([]) == (None, 0)


@pytest.mark.parametrize(
    ("failure", "word"),
    [
        (
            Failure(
                "1",
                "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval "
                "failed: unable to retrieve secret from asm: service call has been retried 1 time(s): retrieved "
                "secret from Secrets Manager did not contain json key API_KEY",
            ),
            "lacks a key",
        ),
        (
            Failure("1", "CannotPullContainerError: image Manifest does not contain descriptor matching platform"),
            "another processor",
        ),
        (Failure("1", "CannotPullContainerError: ... bond@sha256:1: not found"), "gone from the repository"),
        (
            Failure("1", "ResourceInitializationError: unable to pull secrets: dial tcp 1.2.3.4:443: i/o timeout"),
            "no route",
        ),
        (
            Failure("1", "ResourceInitializationError: unable to pull secrets: it was marked for deletion"),
            "restore-secret",
        ),
        (Failure("1", "Essential container in task exited", "OutOfMemoryError: container killed", 137), "more memory"),
        (Failure("1", "Essential container in task exited", "", 137), "exit code 137"),
        (Failure("1", "Essential container in task exited", "", 1), "last log lines"),
        (Failure("1", "Health checks failed with these codes: [404]"), "health"),
        (Failure("1", "Request timed out"), "0.0.0.0"),
        (Failure("1", "Task failed container health checks"), "health command"),
        (Failure("1", "something that nobody has seen"), ""),
    ],
)
def test_known_reasons_have_a_hint(failure: Failure, word: str) -> None:
    found = hint([failure])
    assert word in found
    assert bool(found) == bool(word)
