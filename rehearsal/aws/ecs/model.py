"""What the ECS stand-in remembers. Members named as in the API hold what a request gave, in the API's own shape."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
Tags = dict[str, str]

LastStatus = Literal[
    "PROVISIONING",
    "PENDING",
    "ACTIVATING",
    "RUNNING",
    "DEACTIVATING",
    "STOPPING",
    "DEPROVISIONING",
    "STOPPED",
]
StopCode = Literal["TaskFailedToStart", "EssentialContainerExited", "UserInitiated", "ServiceSchedulerInitiated"]
Health = Literal["HEALTHY", "UNHEALTHY", "UNKNOWN"]
RolloutState = Literal["IN_PROGRESS", "COMPLETED", "FAILED"]

STARTING: tuple[LastStatus, ...] = ("PROVISIONING", "PENDING", "ACTIVATING")
RUNNING: tuple[LastStatus, ...] = ("RUNNING", "DEACTIVATING", "STOPPING")
"""A task that is on its way out still counts as running until its processes are gone."""


@dataclass
class Cluster:
    """A cluster."""

    name: str
    arn: str
    settings: list[Json]
    capacity_providers: list[str]
    default_strategy: list[Json]
    extra: Json = field(default_factory=dict)
    """configuration and serviceConnectDefaults, where given."""
    status: Literal["ACTIVE", "INACTIVE"] = "ACTIVE"


@dataclass
class TaskDefinition:
    """One revision; ``content`` is what the API shows of it beside what stands here."""

    family: str
    revision: int
    arn: str
    content: Json
    status: Literal["ACTIVE", "INACTIVE", "DELETE_IN_PROGRESS"] = "ACTIVE"
    registered_at: float = field(default_factory=time.time)
    deregistered_at: float | None = None
    delete_requested_at: float | None = None

    def container(self, name: str) -> Json | None:
        """The definition of a container."""
        return next((each for each in self.content["containerDefinitions"] if each["name"] == name), None)


@dataclass
class Container:
    """One container of a task."""

    name: str
    arn: str
    image: str
    essential: bool
    digest: str | None = None
    last_status: Literal["PENDING", "RUNNING", "STOPPED"] = "PENDING"
    exit_code: int | None = None
    reason: str | None = None
    health: Health = "UNKNOWN"


@dataclass
class Interface:
    """A task's elastic network interface."""

    id: str
    attachment: str
    subnet: str
    zone: str
    ip: str


@dataclass
class Task:
    """One task. ``deployment`` is the number of the deployment that started it, for tasks of a service."""

    id: str
    arn: str
    cluster: str
    task_definition: TaskDefinition
    containers: list[Container]
    settings: Json
    """launchType, platformVersion, networkConfiguration, overrides, ... as the API shows or takes them."""
    group: str
    started_by: str | None
    service: str | None = None
    deployment: str | None = None
    interface: Interface | None = None
    desired_status: Literal["RUNNING", "STOPPED"] = "RUNNING"
    last_status: LastStatus = "PROVISIONING"
    stop_code: StopCode | None = None
    stopped_reason: str | None = None
    times: dict[str, float] = field(default_factory=dict)
    """createdAt, startedAt, stoppingAt, ... in seconds since the epoch."""
    version: int = 1
    healthy: bool = False
    """It passes all its health checks now."""
    was_healthy: bool = False
    """It passed them all at some time."""
    failing: str | None = None
    """Why the scheduler wants it gone (health checks), while it still runs."""
    accounted: bool = False
    """The scheduler has taken its end into account."""

    @property
    def alive(self) -> bool:
        """It runs or is about to, and nobody wants it to stop."""
        return self.desired_status == "RUNNING" and self.last_status in (*STARTING, "RUNNING")

    @property
    def health(self) -> Health:
        """The worst of the essential containers' health (UNKNOWN where none has a check)."""
        found = {each.health for each in self.containers if each.essential}
        if "UNHEALTHY" in found:
            return "UNHEALTHY"
        return "HEALTHY" if found and found == {"HEALTHY"} else "UNKNOWN"


@dataclass(frozen=True)
class RunToken:
    """What a client token of RunTask stands for."""

    request: Json
    tasks: list[str]
    """The ids of the tasks that it started."""
    used_at: float = field(default_factory=time.time)


@dataclass
class Deployment:
    """A service revision in force: ``ecs-svc/<number>``."""

    number: str
    task_definition: TaskDefinition
    revision: Json
    """The settings that make a revision (network, load balancers, platform), frozen."""
    desired: int
    reason: str
    status: Literal["PRIMARY", "ACTIVE"] = "PRIMARY"
    rollout: RolloutState = "IN_PROGRESS"
    created_at: float = field(default_factory=time.time)
    updated_at: float = field(default_factory=time.time)
    failed_tasks: int = 0
    digests: dict[str, str] = field(default_factory=dict)
    """The image digest that each container runs, once the first task has found it."""
    failures_in_a_row: int = 0
    good_since: float | None = None
    """Since when it has all its tasks and nothing else runs, while alarms are still watched."""
    not_before: float = 0.0
    """No task is started before this moment, after failures in a row."""

    @property
    def id(self) -> str:
        """As the API shows it."""
        return f"ecs-svc/{self.number}"


@dataclass
class ServiceDeployment:
    """The record of one roll-out, for ListServiceDeployments and its kin."""

    id: str
    target: str
    sources: list[str]
    configuration: Json
    threshold: int
    status: str = "IN_PROGRESS"
    status_reason: str | None = None
    breaker: Literal["MONITORING", "MONITORING_COMPLETE", "TRIGGERED", "DISABLED"] = "MONITORING"
    failure_count: int = 0
    alarms: Literal["UNSEEN", "MONITORING", "MONITORING_COMPLETE", "TRIGGERED", "DISABLED"] = "DISABLED"
    """UNSEEN until the scheduler has looked whether one is in ALARM already."""
    triggered: list[str] = field(default_factory=list)
    times: dict[str, float] = field(default_factory=dict)
    back_to: str | None = None
    """The number of the revision that it rolls back to, or rolled back to."""

    @property
    def going_on(self) -> bool:
        """It has not come to an end yet."""
        return self.status in ("PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")


@dataclass
class Service:
    """A service; ``settings`` are its current ones in the API's shape, ``deployments`` newest PRIMARY first."""

    name: str
    arn: str
    cluster: str
    settings: Json
    desired: int
    request: Json
    """What created it, to tell an idempotent repetition from a clash."""
    deployments: list[Deployment] = field(default_factory=list)
    history: list[ServiceDeployment] = field(default_factory=list)
    revisions: dict[str, Deployment] = field(default_factory=dict)
    events: list[Json] = field(default_factory=list)
    status: Literal["ACTIVE", "DRAINING", "INACTIVE"] = "ACTIVE"
    created_at: float = field(default_factory=time.time)
    steady: bool = False

    @property
    def primary(self) -> Deployment:
        """The deployment that the service is moving to, or stands at."""
        return self.deployments[0]

    @property
    def load_balancers(self) -> list[Json]:
        """The target groups its tasks are registered in."""
        found: list[Json] = self.settings.get("loadBalancers", [])
        return found
