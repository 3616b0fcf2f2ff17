"""What a look at a rollout means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws import verdicts
from ansible_collections.offramp.ecs.plugins.module_utils.aws.reasons import Failure
from ansible_collections.offramp.ecs.plugins.module_utils.aws.rollouts import Look, Subject

ARN = "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:"
SUBJECT = Subject("cluster", "bond-web", f"{ARN}8")
LIMITS = verdicts.Limits(deadline=900, same_reason=3)
GOING = Look("going", "ecs-svc/2", "record", desired=2, age=30, serving=f"{ARN}8", previous=f"{ARN}7")
CRASHES = tuple(Failure(str(number), "Essential container in task exited", "", 1) for number in range(3))


def verbs(look: Look) -> list[tuple[str, str]]:
    return [(change.verb, change.payload.operation) for change in verdicts.way_back(look, SUBJECT, LIMITS)]


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (GOING, []),
        (replace(GOING, failures=CRASHES[:2]), []),
        (replace(GOING, failures=CRASHES), [("stop", "stop_service_deployment")]),
        (replace(GOING, failures=(*CRASHES[:2], Failure("9", "OutOfMemoryError"))), []),
        (replace(GOING, failures=tuple(replace(each, over=False) for each in CRASHES)), []),
        (replace(GOING, age=900), [("stop", "stop_service_deployment")]),
        (replace(GOING, age=900, previous=""), [("stop", "stop_service_deployment"), ("scale", "update_service")]),
        (replace(GOING, state="failed"), [("update", "update_service")]),
        (replace(GOING, state="failed", previous=""), [("scale", "update_service")]),
        (replace(GOING, state="failed", previous="", desired=0), []),
        (replace(GOING, state="completed", failures=CRASHES), []),
        (replace(GOING, state="rolling_back", age=2000), []),
        (replace(GOING, state="superseded", age=2000), []),
    ],
)
def test_the_way_back(look: Look, expected: list[tuple[str, str]]) -> None:
    assert verbs(look) == expected


def test_a_stop_is_a_rollback_by_ecs_where_there_is_something_to_go_back_to() -> None:
    back, abort = replace(GOING, age=900), replace(GOING, age=900, previous="")
    assert verdicts.way_back(back, SUBJECT, LIMITS)[0].payload.arguments["stopType"] == "ROLLBACK"
    assert verdicts.way_back(abort, SUBJECT, LIMITS)[0].payload.arguments["stopType"] == "ABORT"


@pytest.mark.parametrize(
    ("state", "bad"),
    [
        ("absent", True),
        ("idle", False),
        ("going", False),
        ("completed", False),
        ("failed", False),
        ("rolling_back", False),
        ("rolled_back", True),
        ("superseded", True),
    ],
)
def test_bad_ends(state: str, bad: bool) -> None:
    assert verdicts.is_bad_end(replace(GOING, state=state), SUBJECT, LIMITS) is bad  # type: ignore[arg-type]


def test_a_failure_says_what_why_what_serves_and_what_to_do() -> None:
    look = replace(GOING, state="rolled_back", failures=CRASHES, serving=f"{ARN}7", serving_tasks=2)
    error = verdicts.error(look, SUBJECT, {})
    assert error.msg == (
        "The release of web:8 on ECS service bond-web failed: 3 tasks: Essential container in task exited, exit code "
        "1. web:7 serves again, with 2 of 2 tasks."
    )
    assert "log lines" in error.hint
    assert error.kind == "verdict"


def test_a_first_release_has_nothing_to_go_back_to() -> None:
    look = replace(GOING, state="failed", previous="", desired=0, said="tasks failed to start.")
    assert "tasks failed to start. It was the first release" in verdicts.error(look, SUBJECT, {}).msg


def test_a_foreign_release_is_named() -> None:
    look = replace(GOING, state="superseded", serving=f"{ARN}9")
    assert (
        "Another release took the place of web:8: ECS service bond-web runs web:9."
        in verdicts.error(look, SUBJECT, {}).sentence()
    )


def test_progress_counts_what_has_failed_and_says_why() -> None:
    look = replace(GOING, healthy=1, starting=1, failures=CRASHES[:1])
    assert verdicts.progress(look, SUBJECT, LIMITS) == (
        "bond-web has 1 of 2 tasks healthy, 1 starting, 1 failed (Essential container in task exited, exit code 1); "
        "given up 900 s after its start"
    )


def test_what_keeps_tasks_away_is_told_where_none_has_failed() -> None:
    reason = "was unable to place a task. Reason: Capacity is unavailable at this time"
    stuck = replace(GOING, complaint=reason)
    assert f"0 starting (ECS {reason}); given up" in verdicts.progress(stuck, SUBJECT, LIMITS)
    late = replace(stuck, state="rolled_back", given_up="it was not done within 900 s", serving=f"{ARN}7")
    assert f"failed: it was not done within 900 s; ECS {reason}. web:7 serves" in verdicts.error(late, SUBJECT, {}).msg


def test_alarms_are_named_with_what_they_say() -> None:
    look = replace(
        GOING, state="rolled_back", serving=f"{ARN}7", said="rolled back by alarm.", alarms=("web-5xx (7 > 5)",)
    )
    assert "failed: alarm web-5xx (7 > 5) went off. web:7 serves again" in verdicts.error(look, SUBJECT, {}).msg


@pytest.mark.parametrize(("previous", "verb"), [(f"{ARN}7", "update"), ("", "scale")])
def test_a_rollout_without_a_record_is_undone_by_an_update(previous: str, verb: str) -> None:
    look = replace(GOING, record="", age=900, previous=previous)
    assert verbs(look) == [(verb, "update_service")]


@pytest.mark.parametrize(
    ("lapses", "steady", "expected"),
    [
        (CRASHES[:1], 5, []),
        (CRASHES[:2], 5, [("update", "update_service")]),
        (CRASHES[:2], 60, []),
        ((CRASHES[0], Failure("9", "OutOfMemoryError")), 5, []),
    ],
)
def test_a_completed_release_is_undone_where_its_tasks_end_while_it_is_watched(
    lapses: tuple[Failure, ...], steady: float, expected: list[tuple[str, str]]
) -> None:
    look = replace(GOING, state="completed", steady=steady, failures=lapses, lapses=lapses)
    watched = replace(LIMITS, steady=60)
    made = [(change.verb, change.payload.operation) for change in verdicts.way_back(look, SUBJECT, watched)]
    assert made == expected
    assert verdicts.is_steady(look, watched) is (steady >= 60)


def test_a_completed_release_without_an_earlier_one_fails_and_is_left_as_it_is() -> None:
    look = replace(GOING, state="completed", previous="", steady=5, failures=CRASHES, lapses=CRASHES)
    watched = replace(LIMITS, steady=60)
    assert verdicts.way_back(look, SUBJECT, watched) == []
    assert verdicts.is_bad_end(look, SUBJECT, watched)
    assert verdicts.error(look, SUBJECT, {}).msg.endswith(
        "There is no earlier release to go back to, so the service goes on with it."
    )
