"""Drift detection for the types that the rehearsal makes itself: what is set in a template, as it is now.

A reader gets a resource's physical id and its template's properties, and gives the current ones in the template's
shape, or None where the resource is gone. It runs on the event loop, so it reads the emulator's state directly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rehearsal.aws.adapters import moto_balancers, moto_data, moto_network, moto_scaling, server, stacks
from rehearsal.aws.adapters.reach import Patches
from rehearsal.aws.cloudformation.resource import Properties

_TRACKING = "TargetTrackingScalingPolicyConfiguration"
Reader = Callable[[str, Properties], Properties | None]

_HEALTH = {
    "HealthCheckPath": "path",
    "HealthCheckIntervalSeconds": "interval",
    "HealthCheckTimeoutSeconds": "timeout",
    "HealthyThresholdCount": "healthy_threshold",
    "UnhealthyThresholdCount": "unhealthy_threshold",
}


def install(patches: Patches) -> None:
    """Register the readers."""
    for name, (reader, covered) in _READERS.items():
        stacks.read_drift_by(patches, name, reader, frozenset(covered))


def _account() -> str:
    return server.current_account()


def _balancer(arn: str, properties: Properties) -> Properties | None:
    found = next((each for each in moto_balancers.balancers(_account()) if each.arn == arn), None)
    if found is None:
        return None
    current: Properties = {"LoadBalancerAttributes": _attributes(properties, "LoadBalancer", found.attributes)}
    if "SecurityGroups" in properties:
        current["SecurityGroups"] = found.security_groups
    return current


def _group(arn: str, properties: Properties) -> Properties | None:
    found = next((each for each in moto_balancers.groups(_account()) if each.arn == arn), None)
    if found is None:
        return None
    return {
        **{name: found.health[key] for name, key in _HEALTH.items()},
        "Matcher": {"HttpCode": found.health["matcher"]},
        "TargetGroupAttributes": _attributes(properties, "TargetGroup", found.attributes),
    }


def _attributes(properties: Properties, kind: str, current: dict[str, str]) -> list[Properties]:
    """The attributes that the template sets, with their current values, in its order."""
    declared = properties.get(f"{kind}Attributes", [])
    return [{"Key": each["Key"], "Value": current.get(each["Key"], "")} for each in declared]


def _listener(arn: str, properties: Properties) -> Properties | None:
    listeners = [each for balancer in moto_balancers.balancers(_account()) for each in balancer.listeners]
    found = next((each for each in listeners if each.arn == arn), None)
    if found is None:
        return None
    return {
        "Port": found.port,
        "Protocol": found.protocol,
        "Certificates": [{"CertificateArn": found.certificate}] if found.certificate else [],
        "DefaultActions": _as_declared(found.actions, properties.get("DefaultActions")),
    }


def _as_declared(current: Any, declared: Any) -> Any:
    """``current`` without what the template does not mention: defaults that the service filled in are no drift."""
    if isinstance(current, dict) and isinstance(declared, dict):
        return {name: _as_declared(current[name], value) for name, value in declared.items() if name in current}
    if isinstance(current, list) and isinstance(declared, list) and len(current) == len(declared):
        return [_as_declared(*pair) for pair in zip(current, declared, strict=True)]
    return current


def _scaling_policy(arn: str, properties: Properties) -> Properties | None:
    policies = moto_scaling.policies(_account(), server.current_region())
    found = next((each for each in policies if each["PolicyARN"] == arn), None)
    if found is None:
        return None
    declared = properties[_TRACKING]
    current = _as_declared(found[_TRACKING], declared)
    return {_TRACKING: {name: _spelled(value, declared.get(name)) for name, value in current.items()}}


def _spelled(current: Any, declared: Any) -> Any:
    """A number or boolean as the template spells it, where a parameter gave it as text."""
    if not isinstance(declared, str) or isinstance(current, str):
        return current
    return str(current).lower() if isinstance(current, bool) else f"{current:g}"


def _vpc(vpc_id: str, _: Properties) -> Properties | None:
    return moto_network.vpc_settings(vpc_id)


def _flow_log(log_id: str, _: Properties) -> Properties | None:
    return moto_network.flow_log(log_id)


def _memorydb_cluster(name: str, properties: Properties) -> Properties | None:
    found = moto_data.cluster(name)
    return (
        None if found is None else {key: _typed(found[key], value) for key, value in properties.items() if key in found}
    )


def _typed(current: Any, declared: Any) -> Any:
    """``current`` in the type that the template wrote: "1" of a parameter and 1 are the same."""
    return str(current) if isinstance(declared, str) and isinstance(current, int) else current


def _security_group(group_id: str, properties: Properties) -> Properties | None:
    rules = moto_network.rules_of(group_id)
    if rules is None:
        return None
    return {
        f"SecurityGroup{way}": [rule for rule in rules[way.lower()] if rule not in _attached(group_id, way)]
        for way in ("Ingress", "Egress")
        if f"SecurityGroup{way}" in properties
    }


def _attached(group_id: str, way: str) -> list[Properties]:
    """The rules of a group that are resources of their own: CloudFormation does not count them as drift."""
    rules = [each for each in stacks.properties_of_all(f"AWS::EC2::SecurityGroup{way}") if each["GroupId"] == group_id]
    return [
        {name: int(value) if name.endswith("Port") else value for name, value in rule.items() if name != "GroupId"}
        for rule in rules
    ]


_READERS: dict[str, tuple[Reader, tuple[str, ...]]] = {
    "AWS::ApplicationAutoScaling::ScalingPolicy": (_scaling_policy, (_TRACKING,)),
    "AWS::EC2::FlowLog": (
        _flow_log,
        ("ResourceId", "TrafficType", "LogGroupName", "DeliverLogsPermissionArn"),
    ),
    "AWS::EC2::SecurityGroup": (_security_group, ("SecurityGroupIngress", "SecurityGroupEgress")),
    "AWS::MemoryDB::Cluster": (_memorydb_cluster, moto_data.OF_CLUSTERS),
    "AWS::EC2::VPC": (_vpc, ("CidrBlock", "EnableDnsHostnames", "EnableDnsSupport")),
    "AWS::ElasticLoadBalancingV2::Listener": (_listener, ("Port", "Protocol", "Certificates", "DefaultActions")),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": (_balancer, ("LoadBalancerAttributes", "SecurityGroups")),
    "AWS::ElasticLoadBalancingV2::TargetGroup": (_group, (*_HEALTH, "Matcher", "TargetGroupAttributes")),
}
