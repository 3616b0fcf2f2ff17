"""Application Auto Scaling's dialect for ECS services: scalable targets, their scheduled actions and policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.ecs import Call, name_of
from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import spoken
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown

Json = dict[str, Any]

_NAMESPACE = "ecs"
_DIMENSION = "ecs:service:DesiredCount"
_SUSPENDED = {
    "scale_in": "DynamicScalingInSuspended",
    "scale_out": "DynamicScalingOutSuspended",
    "schedule": "ScheduledScalingSuspended",
}


@dataclass(frozen=True)
class Target:
    """A scalable target: what it is known by, fewest and most tasks, and what of its scaling is suspended."""

    id: str
    minimum: int
    maximum: int
    suspended: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Action:
    """A scheduled action: when it acts, and the bounds that it sets then (None: left as they are)."""

    when: str
    minimum: Optional[int] = None
    maximum: Optional[int] = None
    timezone: str = "UTC"

    def readable(self) -> Json:
        """For people."""
        told = {"when": self.when, "timezone": self.timezone, "minimum": self.minimum, "maximum": self.maximum}
        return {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True)
class Scaled:
    """All that Application Auto Scaling knows of a service; ``policies`` are name -> metric of those that track one."""

    target: Optional[Target] = None
    actions: Mapping[str, Action] = field(default_factory=dict)
    policies: Mapping[str, str] = field(default_factory=dict)


class Scaling:
    """Application Auto Scaling in one region, through the door."""

    def __init__(self, region: str, door: Door) -> None:
        self._client = session.client("application-autoscaling", region=region, door=door)

    def make(self, change: Change) -> None:
        """Make the call that a change holds as its payload."""
        call: Call = change.payload
        with spoken(change.target):
            getattr(self._client, call.operation)(**call.arguments)

    def look(self, resource: str) -> Scaled:
        """Three reads of a service; one where it is no scalable target, since without one there is nothing else."""
        target = self.target(resource)
        if target is None:
            return Scaled()
        with spoken(f"scalable target {resource}"):
            actions = self._all("describe_scheduled_actions", "ScheduledActions", resource)
            policies = self._all("describe_scaling_policies", "ScalingPolicies", resource)
        return Scaled(
            target,
            {each["ScheduledActionName"]: _action(each) for each in actions},
            {each["PolicyName"]: _metric(each) for each in policies if _metric(each)},
        )

    def target(self, resource: str) -> Optional[Target]:
        """The scalable target of a service, by one read; None where it is none."""
        with spoken(f"scalable target {resource}"):
            rows = self._client.describe_scalable_targets(
                ServiceNamespace=_NAMESPACE, ResourceIds=[resource], ScalableDimension=_DIMENSION
            )["ScalableTargets"]
        return _target(rows[0]) if rows else None

    def _all(self, operation: str, key: str, resource: str) -> list[Json]:
        pages = self._client.get_paginator(operation).paginate(**_address(resource))
        return [each for page in pages for each in page[key]]


def _target(told: Mapping[str, Any]) -> Target:
    suspended = told.get("SuspendedState", {})
    return Target(
        told["ScalableTargetARN"].rpartition("/")[2],
        told["MinCapacity"],
        told["MaxCapacity"],
        frozenset(ours for ours, theirs in _SUSPENDED.items() if suspended.get(theirs)),
    )


def _action(told: Mapping[str, Any]) -> Action:
    bounds = told.get("ScalableTargetAction", {})
    return Action(told["Schedule"], bounds.get("MinCapacity"), bounds.get("MaxCapacity"), told.get("Timezone") or "UTC")


def _metric(told: Mapping[str, Any]) -> str:
    tracking = told.get("TargetTrackingScalingPolicyConfiguration", {})
    return str(tracking.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType", ""))


def resource_of(cluster: str, service: str) -> str:
    """A service in Application Auto Scaling's terms; ``cluster`` is a name or an ARN, and may be unknown."""
    return f"service/{cluster if is_unknown(cluster) else name_of(cluster)}/{service}"


def register(resource: str, fewest: int, most: int) -> Call:
    """Make the scalable target, or set its bounds."""
    return Call("register_scalable_target", {**_address(resource), "MinCapacity": fewest, "MaxCapacity": most})


def suspend(resource: str, what: frozenset[str]) -> Call:
    """Suspend these of the target's three kinds of scaling and resume the others; its bounds stay."""
    state = {theirs: ours in what for ours, theirs in _SUSPENDED.items()}
    return Call("register_scalable_target", {**_address(resource), "SuspendedState": state})


def deregister(resource: str) -> Call:
    """Remove the scalable target and with it its policies and scheduled actions."""
    return Call("deregister_scalable_target", _address(resource))


def put_action(resource: str, name: str, action: Action) -> Call:
    """Make or change a scheduled action."""
    bounds = {"MinCapacity": action.minimum, "MaxCapacity": action.maximum}
    arguments = {
        **_address(resource),
        "ScheduledActionName": name,
        "Schedule": action.when,
        "Timezone": action.timezone,
        "ScalableTargetAction": {key: value for key, value in bounds.items() if value is not None},
    }
    return Call("put_scheduled_action", arguments)


def delete_action(resource: str, name: str) -> Call:
    """Remove a scheduled action."""
    return Call("delete_scheduled_action", {**_address(resource), "ScheduledActionName": name})


def _address(resource: str) -> Json:
    return {"ServiceNamespace": _NAMESPACE, "ResourceId": resource, "ScalableDimension": _DIMENSION}
