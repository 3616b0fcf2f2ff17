"""moto's EC2, read where the refusals of other services need it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rehearsal.aws.adapters import server
from rehearsal.aws.adapters.moto_server import backend
from rehearsal.aws.adapters.reach import Patches, reach


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


def vpc_settings(vpc_id: str) -> dict[str, Any] | None:
    """A VPC's range and DNS flags as a template writes them."""
    found = _ec2().vpcs.get(vpc_id)
    if found is None:
        return None
    return {
        "CidrBlock": found.cidr_block,
        "EnableDnsSupport": str(found.enable_dns_support).lower() == "true",
        "EnableDnsHostnames": str(found.enable_dns_hostnames).lower() == "true",
    }


def rules_of(group_id: str) -> dict[str, list[dict[str, Any]]] | None:
    """A security group's rules ("ingress", "egress") as a template writes them, one peer each."""
    found = _ec2().get_security_group_from_id(group_id)
    if found is None:
        return None
    return {
        "ingress": [_rule(rule, "Source") for rule in found.ingress_rules],
        "egress": [_rule(rule, "Destination") for rule in found.egress_rules],
    }


def flow_log(log_id: str) -> dict[str, Any] | None:
    """What a flow log tells of and where to, as a template writes it."""
    found = _ec2().flow_logs.get(log_id)
    if found is None:
        return None
    return {
        "ResourceId": found.resource_id,
        "TrafficType": found.traffic_type,
        "LogGroupName": found.log_group_name,
        "DeliverLogsPermissionArn": found.deliver_logs_permission_arn,
    }


def deliver_flow_logs_to(patches: Patches, group_exists: Callable[[str], bool]) -> None:
    """Let flow logs be delivered to the log groups that there are here, and not to those of moto, which nobody uses."""

    def create(self: Any, *given: Any, **named: Any) -> Any:
        made, unsuccessful = before(self, *given, **named)
        for log in made:
            if log.log_group_name:
                there = group_exists(log.log_group_name)
                log.deliver_logs_status = "SUCCESS" if there else "FAILED"
                log.deliver_logs_error_message = None if there else "Access error"
        return made, unsuccessful

    before = patches.member(reach("moto.ec2.models.flow_logs", "FlowLogsBackend"), "create_flow_logs", create)


def _rule(rule: Any, side: str) -> dict[str, Any]:
    told: dict[str, Any] = {"IpProtocol": rule.ip_protocol}
    if rule.ip_protocol != "-1":
        told |= {"FromPort": int(rule.from_port), "ToPort": int(rule.to_port)}
    told |= {name: rule.ip_range[name] for name in ("CidrIp", "CidrIpv6", "Description") if rule.ip_range.get(name)}
    told |= {"Description": rule.source_group["Description"]} if rule.source_group.get("Description") else {}
    if rule.source_group.get("GroupId"):
        told[f"{side}SecurityGroupId"] = rule.source_group["GroupId"]
    if rule.prefix_list_id:
        told[f"{side}PrefixListId"] = rule.prefix_list_id
    return told


def _ec2() -> Any:
    return backend("ec2", server.current_account(), server.current_region())


reach("moto.ec2.models.subnets", "SubnetBackend")
