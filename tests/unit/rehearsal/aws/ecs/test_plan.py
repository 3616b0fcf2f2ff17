"""The scheduler's decisions, as data."""

import time

import pytest

from rehearsal.aws.ecs.model import Container, Deployment, LastStatus, Service, Task, TaskDefinition
from rehearsal.aws.ecs.plan import plan

DEFINITION = TaskDefinition("web", 1, "arn:web:1", {"containerDefinitions": []})
NEW, OLD = "2", "1"


def service(desired: int, most: int = 200, least: int = 100, rollout: str = "IN_PROGRESS") -> Service:
    limits = {"maximumPercent": most, "minimumHealthyPercent": least}
    found = Service("web", "arn:web", "bond", {"deploymentConfiguration": limits}, desired, {})
    new = Deployment(NEW, DEFINITION, {}, desired, "")
    new.rollout = rollout  # type: ignore[assignment]
    found.deployments = [new, Deployment(OLD, DEFINITION, {}, 0, "", status="ACTIVE", rollout="COMPLETED")]
    return found


def task(deployment: str, healthy: bool = True, failing: bool = False, status: LastStatus = "RUNNING") -> Task:
    made = Task("id", "arn", "bond", DEFINITION, [Container("web", "arn", "image", True)], {}, "service:web", None)
    made.deployment, made.healthy, made.last_status = deployment, healthy, status
    made.failing = "unhealthy" if failing else None
    made.times["createdAt"] = time.time()
    return made


def starting() -> Task:
    return task(NEW, healthy=False, status="PENDING")


@pytest.mark.parametrize(
    ("desired", "most", "least", "new", "old", "start", "stop"),
    [
        (2, 200, 100, 0, 0, 2, 0),
        (2, 200, 100, 0, 2, 2, 0),
        (2, 150, 100, 0, 2, 1, 0),
        (2, 150, 50, 0, 2, 1, 1),
        (4, 100, 75, 0, 4, 0, 1),
        (3, 100, 50, 0, 3, 0, 1),
        (2, 200, 100, 1, 2, 1, 1),
        (2, 200, 100, 2, 2, 0, 2),
        (1, 200, 100, 1, 0, 0, 0),
        (0, 200, 100, 2, 1, 0, 3),
    ],
)
def test_steps_of_a_rolling_update_with_healthy_tasks(
    desired: int, most: int, least: int, new: int, old: int, start: int, stop: int
) -> None:
    tasks = [task(OLD) for _ in range(old)] + [task(NEW) for _ in range(new)]
    step = plan(service(desired, most, least), tasks, time.time())
    assert (step.start, len(step.stop)) == (start, stop)


def test_old_tasks_stay_until_new_ones_are_healthy() -> None:
    old = [task(OLD), task(OLD)]
    assert plan(service(2), [*old, starting(), starting()], time.time()).stop == []
    assert len(plan(service(2), [*old, task(NEW), starting()], time.time()).stop) == 1


def test_failing_new_task_goes_at_once_in_a_rollout_but_a_steady_service_replaces_it_first() -> None:
    bad, good = task(NEW, healthy=False, failing=True), task(NEW)
    assert plan(service(2), [bad, good], time.time()).stop == [bad]
    steady = service(2, rollout="COMPLETED")
    first = plan(steady, [bad, good], time.time())
    assert (first.start, first.stop) == (1, [])
    assert plan(steady, [bad, good, starting()], time.time()).stop == []
    assert plan(steady, [bad, good, task(NEW)], time.time()).stop == [bad]


def test_failing_task_goes_where_there_is_no_room_for_its_replacement() -> None:
    bad, good = task(NEW, healthy=False, failing=True), task(NEW)
    assert plan(service(2, most=100, least=50, rollout="COMPLETED"), [bad, good], time.time()).stop == [bad]


def test_failed_deployment_starts_nothing_and_leaves_the_old_tasks() -> None:
    old = [task(OLD), task(OLD)]
    step = plan(service(2, rollout="FAILED"), [*old, task(NEW)], time.time())
    assert (step.start, step.stop) == (0, [])


def test_pause_after_failures_is_kept() -> None:
    paused = service(1)
    paused.primary.not_before = time.time() + 60
    assert plan(paused, [], time.time()).start == 0
    assert plan(paused, [], time.time() + 61).start == 1


def test_too_many_tasks_lose_the_unhealthy_and_then_the_newest() -> None:
    first, second, third = task(NEW), task(NEW), starting()
    second.times["createdAt"] += 1
    assert plan(service(1), [first, second, third], time.time()).stop == [second, third]


def test_old_task_that_is_not_healthy_yet_goes_at_once() -> None:
    young = task(OLD, healthy=False)
    assert plan(service(1), [young, starting()], time.time()).stop == [young]
