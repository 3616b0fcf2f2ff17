"""EC2: what AWS refuses and moto accepts."""

from __future__ import annotations

from typing import Any

from rehearsal.aws.adapters import logs, moto_network, policies, server
from rehearsal.aws.adapters.moto_server import backend
from rehearsal.aws.adapters.reach import Patches
from rehearsal.aws.errors import RefusedError
from rehearsal.aws.service import Parameters, Service

_FLOW_LOGS = "vpc-flow-logs.amazonaws.com"


def service(patches: Patches) -> Service:
    """The service with its refusals."""
    moto_network.deliver_flow_logs_to(patches, logs.has_group)
    ec2 = Service("ec2")
    ec2.refuses("CreateFlowLogs")(_role_of_flow_logs)
    ec2.refuses("CreateSecurityGroup")(_vpc_exists)
    ec2.refuses("DeleteSecurityGroup")(_nobody_uses_it)
    ec2.refuses("DescribeSubnets")(_subnets_exist)
    ec2.refuses("DeleteSubnet")(_no_balancer_stands_on_it)
    ec2.refuses("CreateNatGateway")(_leads_somewhere)
    return ec2


def _vpc_exists(parameters: Parameters) -> None:
    vpc = parameters.get("VpcId")
    if vpc and not moto_network.has_vpc(vpc):
        raise RefusedError("InvalidVpcID.NotFound", f"The vpc ID '{vpc}' does not exist")


def _subnets_exist(parameters: Parameters) -> None:
    """moto names any of the subnets that were asked for as the one that is missing."""
    for subnet in parameters.get("SubnetId", []):
        if moto_network.subnet(subnet) is None:
            raise RefusedError("InvalidSubnetID.NotFound", f"The subnet ID '{subnet}' does not exist")


def _balancers() -> list[Any]:
    return list(backend("elbv2", server.current_account(), server.current_region()).load_balancers.values())


def _no_balancer_stands_on_it(parameters: Parameters) -> None:
    subnet = parameters["SubnetId"]
    if any(subnet in (each.id for each in balancer.subnets) for balancer in _balancers()):
        raise RefusedError("DependencyViolation", f"The subnet '{subnet}' has dependencies and cannot be deleted.")


def _leads_somewhere(parameters: Parameters) -> None:
    """AWS lets such a gateway fail a moment later; the stack that makes it fails either way."""
    subnet = moto_network.subnet(parameters["SubnetId"])
    public = parameters.get("ConnectivityType", "public") == "public"
    if public and subnet is not None and not moto_network.reaches_internet(subnet.vpc_id):
        raise RefusedError("Gateway.NotAttached", f"Network {subnet.vpc_id} has no Internet gateway attached")


def _role_of_flow_logs(parameters: Parameters) -> None:
    role = parameters.get("DeliverLogsPermissionArn")
    if role and _FLOW_LOGS not in policies.trust_of(role):
        raise RefusedError("InvalidParameter", f"Unable to assume given IAM role {role}")


def _nobody_uses_it(parameters: Parameters) -> None:
    group = parameters.get("GroupId")
    if any(group in (balancer.security_groups or []) for balancer in _balancers()):
        raise RefusedError("DependencyViolation", f"resource {group} has a dependent object")
