"""Looks at a rollout, from what ECS answers in each of its states."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws import locks
from ansible_collections.offramp.ecs.plugins.module_utils.aws.ecs import Call
from ansible_collections.offramp.ecs.plugins.module_utils.aws.rollouts import Look, Rollouts, Subject
from ansible_collections.offramp.ecs.plugins.module_utils.engine import settle
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Deadline

ARN = "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:"
SUBJECT = Subject("cluster", "bond-web", f"{ARN}8", "arn:tg")
BEGUN = 1_000_000.0


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(BEGUN + seconds, UTC)


def deployment(revision: int, rollout: str = "IN_PROGRESS", *, status: str = "PRIMARY", **more: Any) -> dict[str, Any]:
    return {
        "id": f"ecs-svc/{revision}",
        "status": status,
        "taskDefinition": f"{ARN}{revision}",
        "rolloutState": rollout,
        "rolloutStateReason": f"about {revision}",
        "runningCount": 2,
        "pendingCount": 0,
        "failedTasks": 0,
        "createdAt": at(revision - 8),
        **more,
    }


def service(*deployments: dict[str, Any], desired: int = 2, events: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "desiredCount": desired,
        "deployments": list(deployments),
        "currentServiceDeployment": "arn:record",
        "events": [{"createdAt": at(1), "message": message} for message in events],
    }


def task(number: int, *, by: int = 8, stopped: str = "") -> dict[str, Any]:
    return {
        "taskArn": f"arn:aws:ecs:eu-west-1:1:task/c/{number}",
        "taskDefinitionArn": f"{ARN}{by}",
        "startedBy": f"ecs-svc/{by}",
        "lastStatus": "STOPPED" if stopped else "RUNNING",
        "stopCode": "EssentialContainerExited",
        "stoppedReason": stopped,
        "containers": [{"exitCode": 1}] if stopped else [],
        "attachments": [{"details": [{"name": "privateIPv4Address", "value": f"10.0.0.{number}"}]}],
    }


class FakeEcs:
    """Answers as told, and counts the questions."""

    def __init__(self, *services: dict[str, Any] | None) -> None:
        self.services = list(services)
        self.record: dict[str, Any] = {}
        self.target_definition = ""
        self.completed: str | None = None
        self.by_status: dict[str, list[dict[str, Any]]] = {"RUNNING": [], "STOPPED": []}
        self.asked: list[str] = []
        self.made: list[Change] = []
        self.moment = BEGUN + 30

    def now(self, _cluster: str, _name: str) -> tuple[dict[str, Any] | None, float]:
        self.asked.append("service")
        return (self.services.pop(0) if len(self.services) > 1 else self.services[0]), self.moment

    def tasks(self, _cluster: str, _service: str, status: str) -> list[dict[str, Any]]:
        self.asked.append(f"tasks {status}")
        return self.by_status[status]

    def service_deployment(self, _arn: str) -> dict[str, Any]:
        self.asked.append("record")
        return self.record

    def revisions(self, arns: Sequence[str]) -> dict[str, str]:
        return dict.fromkeys(arns, self.target_definition)

    def previous_definition(self, _cluster: str, _service: str, _present: str) -> str | None:
        self.asked.append("completed")
        return self.completed

    def make(self, change: Change) -> None:
        self.made.append(change)

    def stop_rollout(self, change: Change) -> None:
        self.made.append(change)


class FakeBalancers:
    """Target health by address."""

    def __init__(self, **states: str) -> None:
        self.asked = 0
        self._states = {name.replace("_", "."): state for name, state in states.items()}

    def describe_target_health(self, **_: Any) -> dict[str, Any]:
        self.asked += 1
        return {
            "TargetHealthDescriptions": [
                {"Target": {"Id": address}, "TargetHealth": {"State": state, "Description": f"it is {state}"}}
                for address, state in self._states.items()
            ]
        }


def rollouts(ecs: FakeEcs, balancers: FakeBalancers | None = None) -> Rollouts:
    made = Rollouts("eu-west-1", Door(shut=False, ordered_by="test"))
    made.ecs = ecs  # type: ignore[assignment]
    made._balancers = balancers or FakeBalancers()
    made._cloudwatch = FakeAlarms()
    return made


class FakeAlarms:
    """All of them have gone off."""

    def describe_alarms(self, AlarmNames: list[str]) -> dict[str, Any]:  # noqa: N803 - AWS's name
        return {"MetricAlarms": [{"AlarmName": name, "StateReason": "7 > 5"} for name in AlarmNames]}


def test_a_completed_rollout_costs_one_read() -> None:
    ecs = FakeEcs(service(deployment(8, "COMPLETED")))
    look = rollouts(ecs).look(SUBJECT)
    assert (look.state, look.healthy, look.desired, ecs.asked) == ("completed", 2, 2, ["service"])


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (None, "absent"),
        (service(deployment(8, "COMPLETED", runningCount=0), desired=0), "idle"),
        (service(deployment(8, "FAILED")), "failed"),
        (service(deployment(8), deployment(7, "COMPLETED", status="ACTIVE")), "going"),
    ],
)
def test_states_that_the_service_alone_tells(answer: dict[str, Any] | None, state: str) -> None:
    assert rollouts(FakeEcs(answer)).look(SUBJECT).state == state


@pytest.mark.parametrize(
    ("status", "target", "rollout", "state"),
    [
        ("ROLLBACK_IN_PROGRESS", f"{ARN}8", "IN_PROGRESS", "rolling_back"),
        ("ROLLBACK_SUCCESSFUL", f"{ARN}8", "COMPLETED", "rolled_back"),
        ("ROLLBACK_SUCCESSFUL", f"{ARN}9", "COMPLETED", "superseded"),
        ("SUCCESSFUL", f"{ARN}8", "COMPLETED", "superseded"),
        ("IN_PROGRESS", f"{ARN}9", "IN_PROGRESS", "superseded"),
    ],
)
def test_who_put_another_definition_in_force(status: str, target: str, rollout: str, state: str) -> None:
    ecs = FakeEcs(service(deployment(7, rollout)))
    ecs.record = {"status": status, "targetServiceRevision": {"arn": "arn:revision"}}
    ecs.target_definition = target
    look = rollouts(ecs).look(SUBJECT)
    assert (look.state, look.serving, look.serving_tasks) == (state, f"{ARN}7", 2)


def test_only_our_tasks_that_the_load_balancer_finds_healthy_count() -> None:
    ecs = FakeEcs(service(deployment(8), deployment(7, "COMPLETED", status="ACTIVE")))
    ecs.by_status["RUNNING"] = [task(1), task(2), task(3, by=7)]
    look = rollouts(ecs, FakeBalancers(**{"10_0_0_1": "healthy", "10_0_0_2": "unhealthy", "10_0_0_3": "healthy"})).look(
        SUBJECT
    )
    assert look.healthy == 1
    assert [(each.task, each.reason, each.over) for each in look.failures] == [("2", "it is unhealthy", False)]
    assert look.previous == f"{ARN}7"
    assert look.age == 30


@pytest.mark.parametrize("others", [[], [deployment(7, "COMPLETED", status="ACTIVE", runningCount=0)]])
@pytest.mark.parametrize(("completed", "previous"), [(f"{ARN}7", f"{ARN}7"), (None, "")])
def test_what_ecs_has_stopped_already_can_be_gone_back_to(
    others: list[dict[str, Any]], completed: str | None, previous: str
) -> None:
    ecs = FakeEcs(service(deployment(8), *others))
    ecs.completed = completed
    api = rollouts(ecs)
    assert [api.look(SUBJECT).previous for _ in range(3)] == [previous] * 3
    assert ecs.asked.count("completed") == 1, "it is looked up once"


def test_stopped_tasks_of_ours_are_looked_up_when_ecs_counts_failures() -> None:
    ecs = FakeEcs(service(deployment(8, failedTasks=1, runningCount=0)))
    ecs.by_status["STOPPED"] = [task(1, stopped="Essential container in task exited"), task(2, by=7, stopped="other")]
    look = rollouts(ecs).look(SUBJECT)
    assert [(each.task, each.exit_code) for each in look.failures] == [("1", 1)]


def test_more_starts_than_tasks_are_wanted_tell_of_failures_that_ecs_no_longer_counts() -> None:
    starts = [
        "(service bond-web) has started 2 tasks: (task a) (task b).",
        "(service bond-web) has started 1 tasks: (task c).",
    ]
    ecs = FakeEcs(service(deployment(8, runningCount=0), events=starts))
    ecs.by_status["STOPPED"] = [task(1, stopped="Essential container in task exited")]
    assert len(rollouts(ecs).look(SUBJECT).failures) == 1


def test_the_load_balancers_reason_is_kept_with_the_task_that_ecs_stopped_for_it() -> None:
    events = ["(service bond-web) (port 8080) is unhealthy in (target-group arn:tg) due to (reason codes: [503])"]
    ecs = FakeEcs(service(deployment(8, failedTasks=1, runningCount=0), events=events))
    stopped = task(1, stopped="Task failed ELB health checks in (target-group arn:aws:x:targetgroup/bond/0a1b)")
    ecs.by_status["STOPPED"] = [{**stopped, "containers": [{"exitCode": 0}]}]
    (failure,) = rollouts(ecs).look(SUBJECT).failures
    assert failure.in_words() == "Task failed ELB health checks in (target group bond) (codes: [503])"


def test_what_was_seen_of_a_failure_is_still_known_after_the_way_back() -> None:
    bad = service(deployment(8, failedTasks=1, runningCount=0), deployment(7, "COMPLETED", status="ACTIVE"))
    ecs = FakeEcs(bad, service(deployment(7, "COMPLETED")))
    ecs.by_status["STOPPED"] = [task(1, stopped="Essential container in task exited")]
    api = rollouts(ecs)
    api.look(SUBJECT)
    api.stop(Change("stop", "rollout", None, {"because": "3 tasks ended"}, Call("stop_service_deployment")))
    ecs.by_status["STOPPED"] = []
    look = api.look(SUBJECT)
    assert (look.state, look.given_up, len(look.failures)) == ("rolled_back", "3 tasks ended", 1)
    assert len(ecs.made) == 1


def test_a_rollout_that_was_given_up_is_going_back_until_ecs_has_done_so() -> None:
    ecs = FakeEcs(service(deployment(8), deployment(7, "COMPLETED", status="ACTIVE")))
    api = rollouts(ecs)
    api.stop(Change("stop", "rollout", None, {"because": "late"}, Call("stop_service_deployment")))
    assert api.look(SUBJECT).state == "rolling_back"


def test_a_first_release_that_was_scaled_to_zero_has_failed_whatever_ecs_calls_it() -> None:
    api = rollouts(FakeEcs(service(deployment(8, "COMPLETED", runningCount=0), desired=0)))
    api.make(Change("scale", "service", None, {"because": "late"}, Call("update_service")))
    assert api.look(SUBJECT).state == "failed"


def test_a_deployment_that_ecs_went_back_to_is_as_old_as_our_first_look_at_it() -> None:
    newer = deployment(9, "FAILED", status="ACTIVE")
    assert rollouts(FakeEcs(service(deployment(8), newer))).look(SUBJECT).age == 0


def test_a_task_that_became_healthy_after_all_has_not_failed() -> None:
    ecs = FakeEcs(service(deployment(8), deployment(7, "COMPLETED", status="ACTIVE")))
    ecs.by_status["RUNNING"] = [task(1)]
    api = rollouts(ecs, FakeBalancers(**{"10_0_0_1": "unhealthy"}))
    assert len(api.look(SUBJECT).failures) == 1
    api._balancers = FakeBalancers(**{"10_0_0_1": "healthy"})
    assert api.look(SUBJECT).failures == ()


ROLLED_BACK = {"status": "ROLLBACK_IN_PROGRESS", "targetServiceRevision": {"arn": "arn:revision"}}


def test_while_ecs_goes_back_one_read_is_enough() -> None:
    ecs = FakeEcs(service(deployment(7)))
    ecs.record, ecs.target_definition = ROLLED_BACK, f"{ARN}8"
    api = rollouts(ecs)
    assert [api.look(SUBJECT).state for _ in range(3)] == ["rolling_back"] * 3
    assert ecs.asked.count("record") == 1
    ecs.services = [service(deployment(7, "COMPLETED"))]
    ecs.record = {**ROLLED_BACK, "status": "ROLLBACK_SUCCESSFUL"}
    assert api.look(SUBJECT).state == "rolled_back"


def test_alarms_for_which_ecs_went_back_are_named_with_what_they_say() -> None:
    ecs = FakeEcs(service(deployment(7, "COMPLETED")))
    ecs.record = {**ROLLED_BACK, "status": "ROLLBACK_SUCCESSFUL", "alarms": {"triggeredAlarmNames": ["web-5xx"]}}
    ecs.target_definition = f"{ARN}8"
    assert rollouts(ecs).look(SUBJECT).alarms == ("web-5xx (7 > 5)",)


@pytest.mark.parametrize(("serving", "state"), [(7, "rolled_back"), (9, "superseded")])
def test_without_a_record_an_older_deployment_is_what_ecs_went_back_to(serving: int, state: str) -> None:
    ecs = FakeEcs(service(deployment(8), deployment(7, "COMPLETED", status="ACTIVE")))
    api = rollouts(ecs)
    api.look(SUBJECT)
    ecs.services = [service(deployment(serving, "COMPLETED"))]
    assert api.look(SUBJECT).state == state
    nothing_seen = FakeEcs(service(deployment(7, "COMPLETED")))
    assert rollouts(nothing_seen).look(SUBJECT).state == "superseded"


def test_what_keeps_tasks_away_is_told() -> None:
    event = "(service bond-web) was unable to place a task. Reason: Capacity is unavailable at this time."
    more = "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
    look = rollouts(FakeEcs(service(deployment(8, runningCount=0), events=[f"{event} {more}"]))).look(SUBJECT)
    assert look.complaint == "was unable to place a task. Reason: Capacity is unavailable at this time"


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class FakeParameters:
    """A lock that nobody else wants; counts its calls by the minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self.moment, self.calls = clock, 0.0, list[int]()

    def read(self, _name: str, _version: int = 0) -> None:
        self._note()

    def create(self, _name: str, _text: str) -> bool:
        return self._note() == 1

    def replace(self, _name: str, _text: str) -> int:
        return self._note()

    def _note(self) -> int:
        self.moment = BEGUN + self._clock.now
        self.calls.append(int(self._clock.now // 60))
        return len(self.calls) - 1


def test_a_long_rollout_costs_at_most_six_calls_a_minute_after_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(settle, "time", clock)
    monkeypatch.setattr(locks, "time", clock)
    ecs, balancers = FakeEcs(service(deployment(8))), FakeBalancers(**{"10_0_0_1": "initial"})
    ecs.by_status["RUNNING"] = [task(1), task(2)]
    api = rollouts(ecs, balancers)
    parameters = FakeParameters(clock)
    run = locks.Run("anna@desk", "desk", "1 1")
    lock = locks.Lock(locks.Asked("test", "bond", "release v1", run, False, 120.0), parameters)  # type: ignore[arg-type]
    by_minute: Counter[int] = Counter()

    def look() -> Look:
        before = _weight(ecs.asked) + balancers.asked
        ecs.moment = BEGUN + clock.now
        seen = api.look(SUBJECT)
        by_minute[int(clock.now // 60)] += _weight(ecs.asked) + balancers.asked - before
        return seen

    waiting = settle.Waiting[Look](lambda _: False, lambda _: None, lambda _: "", settle.quick_at_first)
    with pytest.raises(Deadline):
        settle.settle(look, waiting, what="it", within=900, every=15, say=print, keep=lock.keep)
    by_minute.update(parameters.calls)
    assert max(by_minute[minute] for minute in range(1, 15)) <= 6
    assert by_minute[0] > 20


def _weight(asked: Sequence[str]) -> int:
    """Tasks are listed, then described."""
    return sum(2 if each.startswith("tasks") else 1 for each in asked)
