"""moto's EC2, read where the refusals of other services need it."""

from __future__ import annotations

from typing import Any

from rehearsal.aws.adapters import server
from rehearsal.aws.adapters.moto_server import backend
from rehearsal.aws.adapters.reach import reach


def subnet(subnet_id: str) -> Any:
    """A subnet of the current account and region (``vpc_id``, ``availability_zone``), or None."""
    return next((zone[subnet_id] for zone in list(_ec2().subnets.values()) if subnet_id in zone), None)


def has_security_group(group_id: str) -> bool:
    """Whether there is such a security group."""
    return _ec2().get_security_group_from_id(group_id) is not None


def reaches_internet(vpc_id: str) -> bool:
    """Whether an internet gateway is attached to the VPC."""
    return any(gateway.vpc is not None and gateway.vpc.id == vpc_id for gateway in _ec2().internet_gateways.values())


def has_vpc(vpc_id: str) -> bool:
    """Whether there is such a VPC."""
    return vpc_id in _ec2().vpcs


def _ec2() -> Any:
    return backend("ec2", server.current_account(), server.current_region())


reach("moto.ec2.models.subnets", "SubnetBackend")
