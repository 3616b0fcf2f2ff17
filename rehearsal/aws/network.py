"""EC2: what AWS refuses and moto accepts."""

from __future__ import annotations

from typing import Any

from rehearsal.aws.adapters import moto_network, server
from rehearsal.aws.adapters.moto_server import backend
from rehearsal.aws.errors import RefusedError
from rehearsal.aws.service import Parameters, Service


def service() -> Service:
    """The service with its refusals."""
    ec2 = Service("ec2")
    ec2.refuses("CreateSecurityGroup")(_vpc_exists)
    ec2.refuses("DeleteSecurityGroup")(_nobody_uses_it)
    return ec2


def _vpc_exists(parameters: Parameters) -> None:
    vpc = parameters.get("VpcId")
    if vpc and not moto_network.has_vpc(vpc):
        raise RefusedError("InvalidVpcID.NotFound", f"The vpc ID '{vpc}' does not exist")


def _nobody_uses_it(parameters: Parameters) -> None:
    group = parameters.get("GroupId")
    elb: Any = backend("elbv2", server.current_account(), server.current_region())
    if any(group in (balancer.security_groups or []) for balancer in list(elb.load_balancers.values())):
        raise RefusedError("DependencyViolation", f"resource {group} has a dependent object")
