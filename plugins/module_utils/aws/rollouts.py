"""Rollouts: one look at how far ECS is with a task definition, and what it says where it fails.

A rollout is judged by its own deployment: the one whose task definition is the wanted one. Whether ECS rolled it back
or somebody else's release took its place is told by the record of the service's current service deployment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import ecs, session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import spoken
from ansible_collections.offramp.ecs.plugins.module_utils.aws.reasons import Failure, of_task
from ansible_collections.offramp.ecs.plugins.module_utils.aws.service_events import (
    complaint_since,
    started_since,
    unhealthy_since,
)
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door

State = Literal["absent", "idle", "going", "completed", "failed", "rolling_back", "rolled_back", "superseded"]
"""``idle``: the service keeps no task, so nothing is proven. ``failed``: ECS gave up and did not go back."""


_FIRST_S = 60.0
"""So long tasks and targets are looked at every time; afterwards when something changed, else once in as long."""


@dataclass(frozen=True)
class Subject:
    """What is watched."""

    cluster: str
    service: str
    task_definition: str
    target_group_arn: str = ""
    steady: float = 0.0
    """Seconds for which a completed rollout is still watched."""


@dataclass(frozen=True)
class Look:
    """A rollout at one moment.

    Attributes:
        state: see :data:`State`.
        deployment: id of the deployment of the wanted task definition ("ecs-svc/1"); "" when it is gone.
        record: ARN of the service's current service deployment.
        desired: tasks that the service keeps.
        healthy: tasks of ours that run and, behind a load balancer, are healthy there.
        starting: tasks of ours on their way.
        age: seconds since our deployment began, by AWS's clock.
        serving: ARN of the task definition that the service stands at or goes back to.
        serving_tasks: how many tasks of it run.
        previous: ARN of the task definition that can be gone back to; "" in a first release.
        failures: tasks of ours that ended badly, or that the load balancer finds unhealthy.
        said: ECS's own sentence about the end of the rollout.
        complaint: what ECS could not do meanwhile, by the service's events ("was unable to place a task...").
        alarms: what is said of each alarm for which ECS gave the rollout up ("web-5xx (Threshold crossed: ...)").
        given_up: why we ordered the way back; "" where we did not.
        steady: seconds since it was complete; since it began, where that was before the first look.
        lapses: those of the failures that came when it was complete.
    """

    state: State
    deployment: str = ""
    record: str = ""
    desired: int = 0
    healthy: int = 0
    starting: int = 0
    age: float = 0.0
    serving: str = ""
    serving_tasks: int = 0
    previous: str = ""
    failures: tuple[Failure, ...] = ()
    said: str = ""
    complaint: str = ""
    alarms: tuple[str, ...] = ()
    given_up: str = ""
    steady: float = 0.0
    lapses: tuple[Failure, ...] = ()


@dataclass
class _Seen:
    """What earlier looks saw: most of it is gone from the API when ECS has gone back, and reading it costs calls.

    Attributes:
        deployment: id of our deployment.
        begun: when it began, in seconds of the epoch.
        failures: by task.
        counts: the state and numbers of tasks at the last look.
        targets_at: when the targets' health was last looked at.
        addresses: of our running tasks -> their names.
        healthy: how many of them were healthy.
        back: ARN of the record by which ECS was going back from ours; "" while it was not.
        alarms: see :class:`Look`.
        under_way: whether it was seen under way.
        completed: when it was complete, in seconds of the epoch; 0 while it is not.
        start_up: the tasks that had failed by then.
    """

    deployment: str = ""
    begun: float = 0.0
    failures: dict[str, Failure] = field(default_factory=dict)
    counts: tuple[object, ...] = ()
    targets_at: float = 0.0
    addresses: dict[str, str] = field(default_factory=dict)
    healthy: int = 0
    back: str = ""
    alarms: tuple[str, ...] = ()
    under_way: bool = False
    completed: float = 0.0
    start_up: frozenset[str] = frozenset()


class Rollouts:
    """Looks at rollouts, and remembers what was seen."""

    def __init__(self, region: str, door: Door) -> None:
        self.ecs = ecs.Ecs(region, door)
        self._balancers = session.client("elbv2", region=region, door=door)
        self._cloudwatch = session.client("cloudwatch", region=region, door=door)
        self._given_up = ""
        self._completed: Optional[str] = None
        self._seen = _Seen()

    def make(self, change: Change) -> None:
        """Make the call that a change holds. Every change of a rollout is a way back, and says why."""
        self._note_why(change)
        self.ecs.make(change)

    def stop(self, change: Change) -> None:
        """Stop the rollout, unless ECS has ended it meanwhile."""
        self._note_why(change)
        self.ecs.stop_rollout(change)

    def look(self, subject: Subject) -> Look:
        """One look: a single read where all is well or nothing has changed, a few more while tasks start or fail."""
        service, moment = self.ecs.now(subject.cluster, subject.service)
        if service is None:
            return Look("absent")
        seen, ours = self._seen, _deployment_of(service, subject.task_definition)
        if ours:
            self._note_begin(ours, service, moment)
        look = replace(self._judged(subject, service), age=max(0.0, moment - seen.begun) if ours else 0.0)
        started = started_since(service, seen.begun)
        lost = ours.get("failedTasks") or started > look.desired
        counts = (look.state, look.healthy, look.starting, ours.get("failedTasks", 0), started)
        changed = counts != seen.counts or look.age < _FIRST_S
        seen.counts = counts
        if look.state == "going":
            seen.under_way = True
            look = self._with_health(subject, look, changed, moment)
        if look.state == "completed":
            look = replace(look, steady=self._steady_for(moment))
        watched = look.state == "going" or (look.state == "completed" and look.steady < subject.steady)
        if changed and (look.state in ("failed", "rolling_back", "rolled_back") or (watched and lost)):
            self._note_stopped(subject, unhealthy_since(service, seen.begun))
        if look.state == "completed" and watched:
            look = self._with_lapses(subject, look)
        return replace(
            look,
            deployment=seen.deployment,
            failures=tuple(seen.failures.values()),
            complaint=complaint_since(service, seen.begun),
            alarms=seen.alarms,
            given_up=self._given_up,
        )

    def _steady_for(self, moment: float) -> float:
        """Seconds for which it has been complete. Of one that was so at the first look only the begin is known."""
        seen = self._seen
        if not seen.completed:
            seen.completed = moment if seen.under_way else seen.begun
            seen.start_up = frozenset(seen.failures)
        return max(0.0, moment - seen.completed)

    def _with_lapses(self, subject: Subject, look: Look) -> Look:
        """What failed since it was complete, and then what can be gone back to."""
        failures = self._seen.failures.items()
        lapses = tuple(failure for task, failure in failures if failure.over and task not in self._seen.start_up)
        return replace(look, lapses=lapses, previous=self._last_completed(subject) if lapses else look.previous)

    def _note_why(self, change: Change) -> None:
        self._given_up = self._given_up or str(change.after["because"])

    def _note_begin(self, ours: Mapping[str, Any], service: Mapping[str, Any], moment: float) -> None:
        """When our deployment began. One that ECS went back to begins anew, by our first look at it."""
        if ours["id"] == self._seen.deployment:
            return
        self._seen.deployment = ours["id"]
        newest = max(each["createdAt"] for each in service["deployments"])
        self._seen.begun = ours["createdAt"].timestamp() if ours["createdAt"] == newest else moment

    def _judged(self, subject: Subject, service: Mapping[str, Any]) -> Look:
        """What the service's description alone tells, and the record of its current deployment where ours is not it."""
        primary = ecs.primary(service)
        others = [each for each in service["deployments"] if each["taskDefinition"] != subject.task_definition]
        look = Look(
            state="going",
            record=service.get("currentServiceDeployment") or "",
            desired=service["desiredCount"],
            healthy=primary.get("runningCount", 0),
            starting=primary.get("pendingCount", 0),
            serving=primary.get("taskDefinition", ""),
            serving_tasks=primary.get("runningCount", 0),
            previous=self._earlier(subject, primary, others),
            said=primary.get("rolloutStateReason", ""),
        )
        if primary.get("taskDefinition") != subject.task_definition:
            return self._lost(subject, look, primary)
        rollout = primary.get("rolloutState", "IN_PROGRESS")
        if rollout == "FAILED" or (self._given_up and not look.desired):
            self._note_alarms(self._record(look) if rollout == "FAILED" else {})
            return replace(look, state="failed")
        if rollout == "COMPLETED":
            return replace(look, state="completed" if look.desired else "idle")
        return replace(look, state="rolling_back") if self._given_up else look

    def _lost(self, subject: Subject, look: Look, primary: Mapping[str, Any]) -> Look:
        """Another task definition is in force: it went back (by ECS or by our order), or somebody else released."""
        look = replace(look, healthy=0, starting=0)
        standing = primary.get("rolloutState") != "IN_PROGRESS"
        if self._given_up or (look.record and look.record == self._seen.back and not standing):
            return replace(look, state="rolled_back" if standing else "rolling_back")
        record = self._record(look)
        if not record:
            return self._lost_without_record(look, primary, standing)
        target = record.get("targetServiceRevision", {}).get("arn", "")
        ours = bool(target) and self.ecs.revisions([target]).get(target) == subject.task_definition
        if not ours or not record["status"].startswith("ROLLBACK"):
            return replace(look, state="superseded")
        self._seen.back = look.record
        self._note_alarms(record)
        over = standing and record["status"] != "ROLLBACK_IN_PROGRESS"
        return replace(look, state="rolled_back" if over else "rolling_back", said=record.get("statusReason", ""))

    def _earlier(self, subject: Subject, primary: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> str:
        """What can be gone back to: what still runs beside ours, or, where ECS has stopped that already (it does so
        before it has done with a deployment), what the last completed roll-out ran; "" in a first release."""
        running = next((each["taskDefinition"] for each in others if each["runningCount"]), "")
        if running or primary.get("rolloutState") == "COMPLETED":
            return str(running)
        return self._last_completed(subject)

    def _last_completed(self, subject: Subject) -> str:
        """ARN of the task definition of the last other roll-out that came to its end, read once; "" without one."""
        if self._completed is None:
            found = self.ecs.previous_definition(subject.cluster, subject.service, subject.task_definition)
            self._completed = found or ""
        return self._completed

    def _lost_without_record(self, look: Look, primary: Mapping[str, Any], standing: bool) -> Look:
        """ECS goes back to a deployment that is older than ours; one of somebody else is newer."""
        if not self._seen.begun or primary["createdAt"].timestamp() >= self._seen.begun:
            return replace(look, state="superseded")
        return replace(look, state="rolled_back" if standing else "rolling_back")

    def _record(self, look: Look) -> Mapping[str, Any]:
        """The record of the service's current deployment; empty where ECS has none, or none any more."""
        return self.ecs.service_deployment(look.record) if look.record else {}

    def _note_alarms(self, record: Mapping[str, Any]) -> None:
        """Keep which alarms made ECS give up, and what they say of it."""
        names = record.get("alarms", {}).get("triggeredAlarmNames", [])
        if not names or self._seen.alarms:
            return
        with spoken(f"alarm {names[0]}"):
            answer = self._cloudwatch.describe_alarms(AlarmNames=names)
        why = {each["AlarmName"]: each.get("StateReason", "") for each in answer["MetricAlarms"]}
        self._seen.alarms = tuple(f"{name} ({why[name]})" if why.get(name) else name for name in sorted(names))

    def _with_health(self, subject: Subject, look: Look, changed: bool, moment: float) -> Look:
        """How many of our running tasks the load balancer finds healthy, and what it says of the others."""
        seen = self._seen
        if not subject.target_group_arn or not look.healthy:
            return look
        if changed:
            seen.addresses = {
                address_of(task): ecs.name_of(task["taskArn"])
                for task in self.ecs.tasks(subject.cluster, subject.service, "RUNNING")
                if task.get("startedBy") == seen.deployment and task["lastStatus"] == "RUNNING"
            }
        if changed or moment - seen.targets_at >= _FIRST_S:
            seen.targets_at = moment
            self._note_health(self._target_health(subject.target_group_arn))
        return replace(look, healthy=seen.healthy)

    def _note_health(self, health: Mapping[str, Mapping[str, str]]) -> None:
        """Count our healthy targets; one that is unhealthy counts as failed until it is healthy."""
        said_of = {name: health.get(address, {}) for address, name in self._seen.addresses.items()}
        for name, said in said_of.items():
            if said.get("State") == "healthy":
                self._seen.failures.pop(name, None)
            elif said.get("State") == "unhealthy":
                reason = said.get("Description") or said.get("Reason", "")
                self._seen.failures[name] = Failure(name, reason, over=False)
        self._seen.healthy = sum(said.get("State") == "healthy" for said in said_of.values())

    def _target_health(self, target_group: str) -> dict[str, Mapping[str, str]]:
        """What the load balancer says, by address."""
        with spoken(f"target group {ecs.name_of(target_group)}"):
            answer = self._balancers.describe_target_health(TargetGroupArn=target_group)
        return {each["Target"]["Id"]: each["TargetHealth"] for each in answer["TargetHealthDescriptions"]}

    def _note_stopped(self, subject: Subject, unhealthy: str) -> None:
        """Keep why tasks of ours ended; ``unhealthy`` is what the load balancer had against them."""
        for task in self.ecs.tasks(subject.cluster, subject.service, "STOPPED"):
            mine = task["taskDefinitionArn"] == subject.task_definition
            if mine and self._seen.deployment in ("", task.get("startedBy")):
                failure = of_task(task)
                if failure is not None:
                    checked = "ELB health checks" in failure.reason
                    self._seen.failures[failure.task] = replace(failure, detail=unhealthy) if checked else failure


def address_of(task: Mapping[str, Any]) -> str:
    """The task's private address, by which the load balancer knows it; "" before it has one."""
    details = [each for part in task.get("attachments", []) for each in part.get("details", [])]
    return next((each["value"] for each in details if each["name"] == "privateIPv4Address"), "")


def _deployment_of(service: Mapping[str, Any], task_definition: str) -> Mapping[str, Any]:
    """The newest deployment of a task definition; empty where none is left."""
    found: Optional[Mapping[str, Any]] = next(
        (each for each in service["deployments"] if each["taskDefinition"] == task_definition), None
    )
    return found or {}
