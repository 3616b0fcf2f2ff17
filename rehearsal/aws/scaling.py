"""Application Auto Scaling: a target must exist, in the ECS that runs here."""

from __future__ import annotations

from collections.abc import Callable

from rehearsal.aws.adapters import moto_server, server
from rehearsal.aws.adapters.reach import Patches
from rehearsal.aws.errors import RefusedError
from rehearsal.aws.service import Parameters, Service

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

    return scaling
