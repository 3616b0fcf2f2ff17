"""Elastic Load Balancing: what AWS refuses and moto accepts, and the data plane that follows every change."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from rehearsal.aws.adapters import moto_certificates, moto_network, server
from rehearsal.aws.adapters.moto_balancers import tls_versions
from rehearsal.aws.adapters.moto_server import backend
from rehearsal.aws.elb.plane import BalancerPlane
from rehearsal.aws.errors import RefusedError
from rehearsal.aws.service import Parameters, Service

LONGEST_NAME = 32
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
_IDLE_TIMEOUT = "idle_timeout.timeout_seconds"
_HEALTH_LIMITS = {
    "HealthCheckIntervalSeconds": (5, 300),
    "HealthCheckTimeoutSeconds": (2, 120),
    "HealthyThresholdCount": (2, 10),
    "UnhealthyThresholdCount": (2, 10),
}
"""Of HTTP and HTTPS target groups, as in the API reference of CreateTargetGroup."""


def service(plane: BalancerPlane) -> Service:
    """The service with its refusals; every write that succeeded is in force when it is answered."""
    elb = Service("elasticloadbalancing")
    elb.refuses("CreateLoadBalancer")(_name_of_balancer)
    elb.refuses("CreateLoadBalancer", "SetSubnets")(_subnets)
    elb.refuses("CreateLoadBalancer", "SetSecurityGroups")(_security_groups)
    elb.refuses("ModifyLoadBalancerAttributes")(_attributes)
    elb.refuses("CreateTargetGroup", "ModifyTargetGroup")(_health_check)
    elb.refuses("DeleteLoadBalancer")(_deletion_protection)
    elb.refuses("CreateListener")(_port_is_free)
    elb.refuses("CreateListener", "ModifyListener")(_certificate)
    elb.refuses("CreateListener", "ModifyListener")(_tls_policy)
    elb.refuses("CreateListener", "ModifyListener", "CreateRule", "ModifyRule")(_target_groups_of_actions)
    elb.consequences.append(lambda _: plane.push())
    return elb


def _elb() -> Any:
    return backend("elbv2", server.current_account(), server.current_region())


def _invalid(message: str) -> RefusedError:
    return RefusedError("ValidationError", message)


def _name_of_balancer(parameters: Parameters) -> None:
    name = parameters["Name"]
    if len(name) > LONGEST_NAME:
        raise _invalid(f"The load balancer name '{name}' cannot be longer than '{LONGEST_NAME}' characters")
    if not _NAME.fullmatch(name):
        raise _invalid(
            f"The load balancer name '{name}' can only contain characters that are alphanumeric characters and "
            "hyphens(-), and cannot begin or end with a hyphen"
        )
    if name.startswith("internal-"):
        raise _invalid(f"The load balancer name '{name}' cannot begin with 'internal-'")
    if any(balancer.name == name for balancer in list(_elb().load_balancers.values())):
        raise RefusedError("DuplicateLoadBalancerName", f"A load balancer with name '{name}' already exists")


def _subnets(parameters: Parameters) -> None:
    mapped = [mapping["SubnetId"] for mapping in parameters.get("SubnetMappings", [])]
    wanted = [*parameters.get("Subnets", []), *mapped]
    found = [moto_network.subnet(each) for each in wanted]
    if None in found:
        raise RefusedError("SubnetNotFound", f"The subnet ID '{wanted[found.index(None)]}' does not exist")
    zones = [each.availability_zone for each in found]
    if len(set(zones)) < len(zones):
        raise RefusedError(
            "InvalidConfigurationRequest",
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        )
    if len(zones) < 2:
        raise _invalid("At least two subnets in two different Availability Zones must be specified")
    if len({each.vpc_id for each in found}) > 1:
        raise RefusedError("InvalidConfigurationRequest", "All subnets must belong to the same VPC")
    if parameters.get("Scheme") != "internal" and not moto_network.reaches_internet(found[0].vpc_id):
        raise RefusedError("InvalidSubnet", f"VPC {found[0].vpc_id} has no internet gateway")


def _security_groups(parameters: Parameters) -> None:
    for group in parameters.get("SecurityGroups", []):
        if not moto_network.has_security_group(group):
            raise RefusedError("InvalidSecurityGroup", f"The security group '{group}' does not exist")


def _attributes(parameters: Parameters) -> None:
    given = {each["Key"]: each["Value"] for each in parameters.get("Attributes", [])}
    idle = given.get(_IDLE_TIMEOUT)
    if idle is not None and not (idle.isdigit() and 1 <= int(idle) <= 4000):
        raise _invalid(f"'{_IDLE_TIMEOUT}' value '{idle}' must be between '1-4000' inclusive")


def _health_check(parameters: Parameters) -> None:
    for name, (least, most) in _HEALTH_LIMITS.items():
        if name in parameters and not least <= int(parameters[name]) <= most:
            raise _invalid(f"{name} '{parameters[name]}' must be between '{least}' and '{most}' inclusive")


def _deletion_protection(parameters: Parameters) -> None:
    arn = parameters["LoadBalancerArn"]
    balancer = _elb().load_balancers.get(arn)
    if balancer is not None and balancer.attrs.get("deletion_protection.enabled") == "true":
        raise RefusedError(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )


def _port_is_free(parameters: Parameters) -> None:
    balancer = _elb().load_balancers.get(parameters["LoadBalancerArn"])
    if balancer is not None and int(parameters["Port"]) in {int(each.port) for each in balancer.listeners.values()}:
        raise RefusedError("DuplicateListener", "A listener already exists on this port for this load balancer")


def _certificate(parameters: Parameters) -> None:
    certificates = [each["CertificateArn"] for each in parameters.get("Certificates", [])]
    if parameters.get("Protocol") == "HTTPS" and not certificates:
        raise _invalid("A certificate must be specified for HTTPS listeners")
    if parameters.get("Protocol") == "HTTP" and certificates:
        raise _invalid("A certificate cannot be specified for HTTP listeners")
    for arn in certificates:
        if moto_certificates.pem(server.current_account(), arn) is None:
            raise RefusedError("CertificateNotFound", f"Certificate '{arn}' not found")


def _tls_policy(parameters: Parameters) -> None:
    policy = parameters.get("SslPolicy")
    if policy is not None and not tls_versions(policy):
        raise RefusedError("SSLPolicyNotFound", f"SSL policy '{policy}' not found")


def _target_groups_of_actions(parameters: Parameters) -> None:
    known = _elb().target_groups
    for action in parameters.get("DefaultActions") or parameters.get("Actions") or []:
        for arn in _forwarded(action):
            if arn not in known:
                raise RefusedError("TargetGroupNotFound", f"Target group '{arn}' not found")


def _forwarded(action: Parameters) -> Iterable[str]:
    if "TargetGroupArn" in action:
        yield action["TargetGroupArn"]
    for group in action.get("ForwardConfig", {}).get("TargetGroups", []):
        yield group["TargetGroupArn"]
