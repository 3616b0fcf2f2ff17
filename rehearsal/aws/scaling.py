"""Application Auto Scaling: a target must exist, in the ECS that runs here, and policies are found by name."""

from __future__ import annotations

from collections.abc import Callable

from rehearsal.aws.adapters import moto_server, server
from rehearsal.aws.adapters.reach import Patches
from rehearsal.aws.errors import RefusedError
from rehearsal.aws.service import Parameters, Service

_SUBJECT = ("ServiceNamespace", "ResourceId", "ScalableDimension")
ServiceExists = Callable[[str, str, str, str], bool]
"""(account, region, cluster, service) -> whether that ECS service is there."""


def service(patches: Patches, service_exists: ServiceExists) -> Service:
    """The service with its refusals."""
    moto_server.leave_ecs_alone(patches)
    moto_server.name_roles_of_targets(patches)
    scaling = Service("application-autoscaling")

    @scaling.refuses("RegisterScalableTarget")
    def target_exists(parameters: Parameters) -> None:
        kind, _, name = parameters["ResourceId"].partition("/")
        if kind != "service":
            return
        cluster, _, service_name = name.partition("/")
        if not service_exists(server.current_account(), server.current_region(), cluster, service_name):
            raise RefusedError("ValidationException", f"ECS service doesn't exist: {parameters['ResourceId']}")

    scaling.own["DescribeScalingPolicies"] = _named
    return scaling


def _named(parameters: Parameters) -> Parameters | None:
    """Policies by their names, which moto does not read: it would answer with the target's first ones."""
    names = parameters.get("PolicyNames")
    if not names:
        return None
    asked = {key: parameters[key] for key in _SUBJECT if key in parameters}
    policies = moto_server.scaling_policies(server.current_account(), server.current_region())
    found = [each for each in policies if each["PolicyName"] in names and asked.items() <= each.items()]
    return {"ScalingPolicies": found}
