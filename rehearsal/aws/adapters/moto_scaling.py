"""moto's Application Auto Scaling, read as plain values, and what it leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.aws.adapters import server
from rehearsal.aws.adapters.moto_server import backend, regions_in_use
from rehearsal.aws.adapters.reach import Patches, reach

SERVICE = "application-autoscaling"
ECS = "ecs"
DIMENSION = "ecs:service:DesiredCount"
_MODELS = "moto.applicationautoscaling.models"
_RESPONSES = "moto.applicationautoscaling.responses"


@dataclass(frozen=True)
class TargetState:
    """The scalable target of an ECS service."""

    id: str
    resource: str
    minimum: int
    maximum: int
    suspended: Mapping[str, bool]


def regions(account: str) -> list[str]:
    """The regions in which anything ever scaled."""
    return regions_in_use(SERVICE, account)


def targets(account: str, region: str) -> list[TargetState]:
    """The scalable targets of all ECS services."""
    found = backend(SERVICE, account, region).targets.get(DIMENSION, {})
    return [
        TargetState(each.arn, each.resource_id, each.min_capacity, each.max_capacity, dict(each.suspended_state or {}))
        for each in list(found.values())
    ]


def is_target(account: str, region: str, about: Mapping[str, Any]) -> bool:
    """Whether what a request is about is a scalable target."""
    return about["ResourceId"] in backend(SERVICE, account, region).targets.get(about["ScalableDimension"], {})


def set_bounds(account: str, region: str, resource: str, minimum: int | None, maximum: int | None) -> None:
    """Set bounds of an ECS service's target, as a scheduled action does; None leaves one as it is."""
    backend(SERVICE, account, region).targets[DIMENSION][resource].update(minimum, maximum, None)


def policies(account: str, region: str) -> list[dict[str, Any]]:
    """All scaling policies, as the API tells them."""
    told = reach(_RESPONSES, "_build_policy")
    return [told(policy) for policy in list(backend(SERVICE, account, region).policies.values())]


def actions(account: str, region: str) -> list[dict[str, Any]]:
    """All scheduled actions, as the API tells them."""
    told = reach(_RESPONSES, "_build_scheduled_action")
    return [told(action) for action in list(backend(SERVICE, account, region).scheduled_actions)]


def forget_what_hung_on(account: str, region: str, about: Mapping[str, Any]) -> None:
    """Remove the policies and scheduled actions of a target that is gone, as AWS does."""
    model = backend(SERVICE, account, region)

    def of_others(each: Any) -> bool:
        return (each.resource_id, each.scalable_dimension) != (about["ResourceId"], about["ScalableDimension"])

    model.policies = {key: each for key, each in model.policies.items() if of_others(each)}
    model.scheduled_actions = [each for each in model.scheduled_actions if of_others(each)]


def leave_ecs_alone(patches: Patches) -> None:
    """Let moto's Application Auto Scaling not look for services in moto's ECS, which nobody uses here."""
    patches.member(reach(_MODELS, "ApplicationAutoscalingBackend"), "_ecs_service_exists_for_target", lambda *_: True)


def name_roles_of_targets(patches: Patches) -> None:
    """Let every scalable target have a role and say what of it is suspended, which moto leaves empty.

    The API's model demands the role: the service-linked one (of ECS; others are not rehearsed). See
    https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-service-linked-roles.html.
    """

    def register(self: Any, namespace: str, *given: Any, **named: Any) -> Any:
        target = before(self, namespace, *given, **named)
        account = server.current_account()
        linked = f"{namespace}.application-autoscaling.amazonaws.com/{_LINKED_ROLE}"
        target.role_arn = target.role_arn or f"arn:aws:iam::{account}:role/aws-service-role/{linked}"
        target.suspended_state = {**_NOT_SUSPENDED, **(target.suspended_state or {})}
        return target

    model = reach(_MODELS, "ApplicationAutoscalingBackend")
    before = patches.member(model, "register_scalable_target", register)


def keep_arns_of_policies(patches: Patches) -> None:
    """Let a policy that is put again have the ARN that it had, by which CloudFormation knows it."""

    def put(self: Any, *given: Any, **named: Any) -> Any:
        known = {key: policy.policy_arn for key, policy in self.policies.items()}
        policy = before(self, *given, **named)
        key = next(key for key, each in self.policies.items() if each is policy)
        policy.policy_arn = known.get(key, policy.policy_arn)
        return policy

    before = patches.member(reach(_MODELS, "ApplicationAutoscalingBackend"), "put_scaling_policy", put)


_LINKED_ROLE = "AWSServiceRoleForApplicationAutoScaling_ECSService"
_NOT_SUSPENDED = {
    "DynamicScalingInSuspended": False,
    "DynamicScalingOutSuspended": False,
    "ScheduledScalingSuspended": False,
}
reach(_RESPONSES, "_build_policy")
reach(_RESPONSES, "_build_scheduled_action")
