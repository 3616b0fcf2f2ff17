"""Application Auto Scaling's dialect for ECS services: scalable targets, and policies that track a target value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.ecs import Call
from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import spoken
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door

Json = dict[str, Any]

_NAMESPACE = "ecs"
_DIMENSION = "ecs:service:DesiredCount"
_COOLDOWN = 300


class Scaling:
    """Application Auto Scaling in one region, through the door."""

    def __init__(self, region: str, door: Door) -> None:
        self._client = session.client("application-autoscaling", region=region, door=door)

    def make(self, change: Change) -> None:
        """Make the call that a change holds as its payload."""
        call: Call = change.payload
        with spoken(change.target):
            getattr(self._client, call.operation)(**call.arguments)

    def bounds(self, resource: str) -> Optional[tuple[int, int]]:
        """(fewest, most) tasks of a scalable target; None where it is none."""
        with spoken(f"scalable target {resource}"):
            answer = self._client.describe_scalable_targets(
                ServiceNamespace=_NAMESPACE, ResourceIds=[resource], ScalableDimension=_DIMENSION
            )
        found = [(each["MinCapacity"], each["MaxCapacity"]) for each in answer["ScalableTargets"]]
        return found[0] if found else None

    def policies(self, resource: str) -> dict[str, Json]:
        """The target-tracking policies of a scalable target by name, normalised."""
        with spoken(f"scaling policies of {resource}"):
            answer = self._client.describe_scaling_policies(
                ServiceNamespace=_NAMESPACE, ResourceId=resource, ScalableDimension=_DIMENSION
            )
        return {
            each["PolicyName"]: normalised(each.get("TargetTrackingScalingPolicyConfiguration", {}))
            for each in answer["ScalingPolicies"]
        }


def resource_of(cluster: str, service: str) -> str:
    """A service in Application Auto Scaling's terms; ``cluster`` is a name or an ARN."""
    return f"service/{cluster.rpartition('/')[2]}/{service}"


def tracking(metric: str, value: float, label: str = "") -> Json:
    """A target-tracking configuration for a metric that AWS defines; ``label`` names the target group it is of."""
    specification = {"PredefinedMetricType": metric, **({"ResourceLabel": label} if label else {})}
    return normalised({"PredefinedMetricSpecification": specification, "TargetValue": value})


def normalised(configuration: Mapping[str, Any]) -> Json:
    """One form for what we want and for what AWS describes."""
    return {
        "DisableScaleIn": False,
        "ScaleInCooldown": _COOLDOWN,
        "ScaleOutCooldown": _COOLDOWN,
        **configuration,
        "TargetValue": float(configuration.get("TargetValue", 0)),
    }


def register(resource: str, fewest: int, most: int) -> Call:
    """Make or change the scalable target."""
    return Call("register_scalable_target", {**_address(resource), "MinCapacity": fewest, "MaxCapacity": most})


def deregister(resource: str) -> Call:
    """Remove the scalable target and with it its policies."""
    return Call("deregister_scalable_target", _address(resource))


def put_policy(resource: str, name: str, configuration: Mapping[str, Any]) -> Call:
    """Make or change a policy."""
    arguments = {
        **_address(resource),
        "PolicyName": name,
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": dict(configuration),
    }
    return Call("put_scaling_policy", arguments)


def delete_policy(resource: str, name: str) -> Call:
    """Remove a policy."""
    return Call("delete_scaling_policy", {**_address(resource), "PolicyName": name})


def _address(resource: str) -> Json:
    return {"ServiceNamespace": _NAMESPACE, "ResourceId": resource, "ScalableDimension": _DIMENSION}
