"""Rollouts: one look at how far ECS is with a task definition, and what it says where it fails.

A rollout is judged by its own deployment: the one whose task definition is the wanted one. Whether ECS rolled it back
or somebody else's release took its place is told by the record of the service's current service deployment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import ecs, session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import spoken
from ansible_collections.offramp.ecs.plugins.module_utils.aws.reasons import Failure, of_task
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door

State = Literal["absent", "idle", "going", "completed", "failed", "rolling_back", "rolled_back", "superseded"]
"""``idle``: the service keeps no task, so nothing is proven. ``failed``: ECS gave up and did not go back."""


_STARTED = re.compile(r"has started (\d+) tasks")
_UNHEALTHY = re.compile(r"is unhealthy in \(target-group \S+\) due to \(reason (.*)\)")


@dataclass(frozen=True)
class Subject:
    """What is watched."""

    cluster: str
    service: str
    task_definition: str
    target_group_arn: str = ""


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
        given_up: why we ordered the way back; "" where we did not.
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
    given_up: str = ""


class Rollouts:
    """Looks at rollouts, and remembers what was seen of a failure: it is gone from the API when ECS has gone back."""

    def __init__(self, region: str, door: Door) -> None:
        self.ecs = ecs.Ecs(region, door)
        self._balancers = session.client("elbv2", region=region, door=door)
        self._deployment = ""
        self._begun = 0.0
        self._given_up = ""
        self._completed: Optional[str] = None
        self._seen: dict[str, Failure] = {}

    def make(self, change: Change) -> None:
        """Make the call that a change holds. Every change of a rollout is a way back, and says why."""
        self._note_why(change)
        self.ecs.make(change)

    def stop(self, change: Change) -> None:
        """Stop the rollout, unless ECS has ended it meanwhile."""
        self._note_why(change)
        self.ecs.stop_rollout(change)

    def look(self, subject: Subject) -> Look:
        """One look: a single read where all is well, a few more while tasks start or fail."""
        service, moment = self.ecs.now(subject.cluster, subject.service)
        if service is None:
            return Look("absent")
        look = self._judged(subject, service)
        ours = _deployment_of(service, subject.task_definition)
        if ours:
            self._note_begin(ours, service, moment)
            look = replace(look, age=max(0.0, moment - self._begun))
        if look.state == "going":
            look = self._with_tasks(subject, look)
        lost = ours.get("failedTasks") or started_since(service, self._begun) > look.desired
        if look.state in ("failed", "rolling_back", "rolled_back") or (look.state == "going" and lost):
            self._note_stopped(subject, unhealthy_since(service, self._begun))
        failures = tuple(self._seen.values())
        return replace(look, deployment=self._deployment, failures=failures, given_up=self._given_up)

    def _note_why(self, change: Change) -> None:
        self._given_up = self._given_up or str(change.after["because"])

    def _note_begin(self, ours: Mapping[str, Any], service: Mapping[str, Any], moment: float) -> None:
        """When our deployment began. One that ECS went back to begins anew, by our first look at it."""
        if ours["id"] == self._deployment:
            return
        self._deployment = ours["id"]
        newest = max(each["createdAt"] for each in service["deployments"])
        self._begun = ours["createdAt"].timestamp() if ours["createdAt"] == newest else moment

    def _judged(self, subject: Subject, service: Mapping[str, Any]) -> Look:
        """What the service's description alone tells, and the record of its current deployment where ours is not it."""
        primary = ecs.primary(service)
        others = [each for each in service["deployments"] if each["taskDefinition"] != subject.task_definition]
        look = Look(
            state="going",
            record=service.get("currentServiceDeployment", ""),
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
            return replace(look, state="failed")
        if rollout == "COMPLETED":
            return replace(look, state="completed" if look.desired else "idle")
        return replace(look, state="rolling_back") if self._given_up else look

    def _lost(self, subject: Subject, look: Look, primary: Mapping[str, Any]) -> Look:
        """Another task definition is in force: it went back (by ECS or by our order), or somebody else released."""
        look = replace(look, healthy=0, starting=0)
        standing = primary.get("rolloutState") != "IN_PROGRESS"
        if self._given_up:
            return replace(look, state="rolled_back" if standing else "rolling_back")
        record = self.ecs.service_deployment(look.record) if look.record else {}
        target = record.get("targetServiceRevision", {}).get("arn", "")
        ours = bool(target) and self.ecs.revisions([target]).get(target) == subject.task_definition
        if not ours or not record["status"].startswith("ROLLBACK"):
            return replace(look, state="superseded")
        over = standing and record["status"] != "ROLLBACK_IN_PROGRESS"
        return replace(look, state="rolled_back" if over else "rolling_back", said=record.get("statusReason", ""))

    def _earlier(self, subject: Subject, primary: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> str:
        """What can be gone back to: what still runs beside ours, or, where ECS has stopped that already (it does so
        before it has done with a deployment), what the last completed roll-out ran; "" in a first release."""
        running = next((each["taskDefinition"] for each in others if each["runningCount"]), "")
        if running or primary.get("rolloutState") == "COMPLETED":
            return str(running)
        if self._completed is None:
            self._completed = (
                self.ecs.previous_definition(subject.cluster, subject.service, subject.task_definition) or ""
            )
        return self._completed

    def _with_tasks(self, subject: Subject, look: Look) -> Look:
        """How many of our running tasks the load balancer finds healthy, and what it says of the others."""
        if not subject.target_group_arn or not look.healthy:
            return look
        running = [
            task
            for task in self.ecs.tasks(subject.cluster, subject.service, "RUNNING")
            if task.get("startedBy") == self._deployment and task["lastStatus"] == "RUNNING"
        ]
        health = self._target_health(subject.target_group_arn)
        healthy = 0
        for task in running:
            name, said = ecs.name_of(task["taskArn"]), health.get(address_of(task), {})
            if said.get("State") == "healthy":
                healthy += 1
                self._seen.pop(name, None)
            elif said.get("State") == "unhealthy":
                self._seen[name] = Failure(name, said.get("Description") or said.get("Reason", ""), over=False)
        return replace(look, healthy=healthy)

    def _target_health(self, target_group: str) -> dict[str, Mapping[str, str]]:
        """What the load balancer says, by address."""
        with spoken(f"target group {ecs.name_of(target_group)}"):
            answer = self._balancers.describe_target_health(TargetGroupArn=target_group)
        return {each["Target"]["Id"]: each["TargetHealth"] for each in answer["TargetHealthDescriptions"]}

    def _note_stopped(self, subject: Subject, unhealthy: str) -> None:
        """Keep why tasks of ours ended; ``unhealthy`` is what the load balancer had against them."""
        for task in self.ecs.tasks(subject.cluster, subject.service, "STOPPED"):
            mine = task["taskDefinitionArn"] == subject.task_definition
            if mine and self._deployment in ("", task.get("startedBy")):
                failure = of_task(task)
                if failure is not None:
                    checked = "ELB health checks" in failure.reason
                    self._seen[failure.task] = replace(failure, detail=unhealthy) if checked else failure


def started_since(service: Mapping[str, Any], moment: float) -> int:
    """How many tasks a service has started since then, by its events. ECS counts a failed task no more once one of its
    deployment was healthy; more starts than tasks are wanted tell of failures all the same."""
    return sum(
        int(found[1])
        for event in service.get("events", [])
        if event["createdAt"].timestamp() >= moment and (found := _STARTED.search(event["message"]))
    )


def unhealthy_since(service: Mapping[str, Any], moment: float) -> str:
    """What the load balancer last had against a task since then, by the service's events; "" where it had nothing."""
    return next(
        (
            found[1]
            for event in service.get("events", [])
            if event["createdAt"].timestamp() >= moment and (found := _UNHEALTHY.search(event["message"]))
        ),
        "",
    )


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
