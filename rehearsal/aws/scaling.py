"""Application Auto Scaling's API: what AWS refuses and moto accepts, and the activities of our own scaler."""

from __future__ import annotations

import time
from collections.abc import Callable

from rehearsal.aws.adapters import moto_scaling, server
from rehearsal.aws.adapters.reach import Patches
from rehearsal.aws.errors import RefusedError
from rehearsal.aws.request import AwsRequest
from rehearsal.aws.scaler.scaler import Scaler
from rehearsal.aws.scaler.schedule import is_due
from rehearsal.aws.service import Parameters, Service

_SUBJECT = ("ServiceNamespace", "ResourceId", "ScalableDimension")
ServiceExists = Callable[[str, str, str, str], bool]
"""(account, region, cluster, service) -> whether that ECS service is there."""


def service(patches: Patches, service_exists: ServiceExists, scaler: Scaler) -> Service:
    """The service with its refusals."""
    moto_scaling.leave_ecs_alone(patches)
    moto_scaling.name_roles_of_targets(patches)
    moto_scaling.keep_arns_of_policies(patches)
    scaling = Service(moto_scaling.SERVICE)

    @scaling.refuses("RegisterScalableTarget")
    def service_is_there(parameters: Parameters) -> None:
        kind, _, name = parameters["ResourceId"].partition("/")
        if kind != "service":
            return
        cluster, _, service_name = name.partition("/")
        if not service_exists(*_here(), cluster, service_name):
            raise _invalid(f"ECS service doesn't exist: {parameters['ResourceId']}")

    scaling.refuses("RegisterScalableTarget")(_bounds_are_two)
    scaling.refuses("DeregisterScalableTarget", "PutScalingPolicy", "PutScheduledAction")(_target_exists)
    scaling.refuses("DeleteScalingPolicy")(_policy_exists)
    scaling.refuses("DeleteScheduledAction")(_action_exists)
    scaling.refuses("PutScalingPolicy")(_metric_is_free)
    scaling.refuses("PutScheduledAction")(_schedule_is_one)
    scaling.own["DescribeScalingPolicies"] = _named
    scaling.own["DescribeScalingActivities"] = lambda asked: {"ScalingActivities": scaler.activities(_here()[1], asked)}
    scaling.consequences.append(_forget_what_hung_on)
    return scaling


def _here() -> tuple[str, str]:
    return server.current_account(), server.current_region()


def _invalid(message: str) -> RefusedError:
    return RefusedError("ValidationException", message)


def _subject(parameters: Parameters) -> str:
    return (
        f"for service namespace: {parameters['ServiceNamespace']}, resource ID: {parameters['ResourceId']}, "
        f"scalable dimension: {parameters['ScalableDimension']}"
    )


def _bounds_are_two(parameters: Parameters) -> None:
    fewest, most = parameters.get("MinCapacity"), parameters.get("MaxCapacity")
    if None in (fewest, most) and not moto_scaling.is_target(*_here(), parameters):
        raise _invalid("To use RegisterScalableTarget, MinCapacity and MaxCapacity are required for a new target")
    if fewest is not None and most is not None and fewest > most:
        raise _invalid("Maximum capacity cannot be less than minimum capacity")


def _target_exists(parameters: Parameters) -> None:
    if not moto_scaling.is_target(*_here(), parameters):
        raise RefusedError("ObjectNotFoundException", f"No scalable target found {_subject(parameters)}")


def _policy_exists(parameters: Parameters) -> None:
    if parameters["PolicyName"] not in {each["PolicyName"] for each in _policies(parameters)}:
        raise RefusedError("ObjectNotFoundException", f"No scaling policy found {_subject(parameters)}")


def _action_exists(parameters: Parameters) -> None:
    name, about = parameters["ScheduledActionName"], _about(parameters)
    found = [each["ScheduledActionName"] for each in moto_scaling.actions(*_here()) if about.items() <= each.items()]
    if name not in found:
        raise RefusedError("ObjectNotFoundException", f"No scheduled action found {_subject(parameters)}")


def _metric_is_free(parameters: Parameters) -> None:
    wanted = _metric(parameters)
    others = [each for each in _policies(parameters) if each["PolicyName"] != parameters["PolicyName"]]
    if wanted and wanted in map(_metric, others):
        raise _invalid("Only one TargetTrackingScaling policy for a given metric specification is allowed.")


def _metric(policy: Parameters) -> Parameters | None:
    tracking = policy.get("TargetTrackingScalingPolicyConfiguration") or {}
    found: Parameters | None = tracking.get("PredefinedMetricSpecification")
    return found


def _schedule_is_one(parameters: Parameters) -> None:
    now = time.time()
    try:
        is_due(parameters.get("Schedule", ""), parameters.get("Timezone", "UTC"), now, now, now)
    except (ValueError, KeyError) as error:
        raise _invalid(str(error)) from error


def _about(parameters: Parameters) -> Parameters:
    return {key: parameters[key] for key in _SUBJECT if key in parameters}


def _policies(parameters: Parameters) -> list[Parameters]:
    return [each for each in moto_scaling.policies(*_here()) if _about(parameters).items() <= each.items()]


def _named(parameters: Parameters) -> Parameters | None:
    """Policies by their names, which moto does not read: it would answer with the target's first ones."""
    names = parameters.get("PolicyNames")
    if not names:
        return None
    return {"ScalingPolicies": [each for each in _policies(parameters) if each["PolicyName"] in names]}


def _forget_what_hung_on(request: AwsRequest) -> None:
    if request.operation == "DeregisterScalableTarget":
        moto_scaling.forget_what_hung_on(*_here(), request.parameters)
