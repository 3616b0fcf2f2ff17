"""AWS::ElasticLoadBalancingV2::*"""

from __future__ import annotations

from typing import Any

from rehearsal.aws.cloudformation.resource import Attributes, Context, Made, Properties, ResourceType

LONGEST_NAME = 32
_ELB = "elbv2"


def _full_name(arn: str, prefix: str) -> str:
    """What CloudWatch calls it: "app/name/id" of a load balancer, "targetgroup/name/id" of a target group."""
    tail = arn.rpartition(":")[2]
    return tail.removeprefix(prefix)


def _attributes_of(context: Context, arn: str, kind: str, attributes: list[Properties] | None) -> None:
    if attributes:
        context.call(_ELB, f"Modify{kind}Attributes", {f"{kind}Arn": arn, "Attributes": attributes})


def _retag(context: Context, arn: str, old: Properties, new: Properties) -> None:
    gone = {tag["Key"] for tag in old.get("Tags", [])} - {tag["Key"] for tag in new.get("Tags", [])}
    if gone:
        context.call(_ELB, "RemoveTags", {"ResourceArns": [arn], "TagKeys": sorted(gone)})
    if new.get("Tags"):
        context.call(_ELB, "AddTags", {"ResourceArns": [arn], "Tags": new["Tags"]})


def _balancer(found: dict[str, Any]) -> Attributes:
    return {
        "LoadBalancerArn": found["LoadBalancerArn"],
        "DNSName": found["DNSName"],
        "CanonicalHostedZoneID": found["CanonicalHostedZoneId"],
        "LoadBalancerName": found["LoadBalancerName"],
        "LoadBalancerFullName": _full_name(found["LoadBalancerArn"], "loadbalancer/"),
        "SecurityGroups": found.get("SecurityGroups", []),
    }


def _create_balancer(context: Context, properties: Properties) -> Made:
    named = {"Name": properties.get("Name") or context.name(LONGEST_NAME)}
    made = context.call(_ELB, "CreateLoadBalancer", properties | named)["LoadBalancers"][0]
    arn = made["LoadBalancerArn"]
    _attributes_of(context, arn, "LoadBalancer", properties.get("LoadBalancerAttributes"))
    return Made(arn, _balancer(made))


def _update_balancer(context: Context, arn: str, old: Properties, new: Properties) -> Attributes:
    if new.get("SecurityGroups") and new.get("SecurityGroups") != old.get("SecurityGroups"):
        asked = {"LoadBalancerArn": arn, "SecurityGroups": new["SecurityGroups"]}
        context.call(_ELB, "SetSecurityGroups", asked)
    if new.get("Subnets") and new.get("Subnets") != old.get("Subnets"):
        context.call(_ELB, "SetSubnets", {"LoadBalancerArn": arn, "Subnets": new["Subnets"]})
    _attributes_of(context, arn, "LoadBalancer", new.get("LoadBalancerAttributes"))
    _retag(context, arn, old, new)
    return _balancer(context.call(_ELB, "DescribeLoadBalancers", {"LoadBalancerArns": [arn]})["LoadBalancers"][0])


def _delete_balancer(context: Context, arn: str, _: Properties) -> None:
    context.remove(_ELB, "DeleteLoadBalancer", LoadBalancerArn=arn)


def _group(found: dict[str, Any]) -> Attributes:
    return {
        "TargetGroupArn": found["TargetGroupArn"],
        "TargetGroupName": found["TargetGroupName"],
        "TargetGroupFullName": _full_name(found["TargetGroupArn"], ""),
        "LoadBalancerArns": found.get("LoadBalancerArns", []),
    }


def _create_group(context: Context, properties: Properties) -> Made:
    named = {"Name": properties.get("Name") or context.name(LONGEST_NAME)}
    made = context.call(_ELB, "CreateTargetGroup", properties | named)["TargetGroups"][0]
    arn = made["TargetGroupArn"]
    _attributes_of(context, arn, "TargetGroup", properties.get("TargetGroupAttributes"))
    if properties.get("Targets"):
        context.call(_ELB, "RegisterTargets", {"TargetGroupArn": arn, "Targets": properties["Targets"]})
    return Made(arn, _group(made))


def _update_group(context: Context, arn: str, old: Properties, new: Properties) -> Attributes:
    context.call(_ELB, "ModifyTargetGroup", new | {"TargetGroupArn": arn})
    _attributes_of(context, arn, "TargetGroup", new.get("TargetGroupAttributes"))
    _retag(context, arn, old, new)
    return _group(context.call(_ELB, "DescribeTargetGroups", {"TargetGroupArns": [arn]})["TargetGroups"][0])


def _create_listener(context: Context, properties: Properties) -> Made:
    arn = context.call(_ELB, "CreateListener", properties)["Listeners"][0]["ListenerArn"]
    return Made(arn, {"ListenerArn": arn})


def _update_listener(context: Context, arn: str, old: Properties, new: Properties) -> Attributes:
    context.call(_ELB, "ModifyListener", new | {"ListenerArn": arn})
    _retag(context, arn, old, new)
    return {"ListenerArn": arn}


def _create_rule(context: Context, properties: Properties) -> Made:
    arn = context.call(_ELB, "CreateRule", properties)["Rules"][0]["RuleArn"]
    return Made(arn, {"RuleArn": arn, "IsDefault": False})


def _update_rule(context: Context, arn: str, old: Properties, new: Properties) -> Attributes:
    if new.get("Priority") != old.get("Priority"):
        moved = [{"RuleArn": arn, "Priority": new["Priority"]}]
        context.call(_ELB, "SetRulePriorities", {"RulePriorities": moved})
    context.call(_ELB, "ModifyRule", new | {"RuleArn": arn})
    return {"RuleArn": arn, "IsDefault": False}


TYPES = (
    ResourceType(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        _create_balancer,
        _delete_balancer,
        _update_balancer,
        ("Name", "Scheme", "Type"),
        tagged=True,
    ),
    ResourceType(
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        _create_group,
        lambda context, arn, _: context.remove(_ELB, "DeleteTargetGroup", TargetGroupArn=arn),
        _update_group,
        ("Name", "Port", "Protocol", "ProtocolVersion", "TargetType", "VpcId", "IpAddressType"),
        tagged=True,
    ),
    ResourceType(
        "AWS::ElasticLoadBalancingV2::Listener",
        _create_listener,
        lambda context, arn, _: context.remove(_ELB, "DeleteListener", ListenerArn=arn),
        _update_listener,
        ("LoadBalancerArn",),
        tagged=True,
    ),
    ResourceType(
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        _create_rule,
        lambda context, arn, _: context.remove(_ELB, "DeleteRule", RuleArn=arn),
        _update_rule,
        ("ListenerArn",),
    ),
)
