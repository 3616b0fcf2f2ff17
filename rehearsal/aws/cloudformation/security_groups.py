"""AWS::EC2::SecurityGroup and its rules, inside it or as resources of their own."""

from __future__ import annotations

from typing import Any

from rehearsal.aws.cloudformation.resource import Attributes, Context, Made, Properties, ResourceType

_PEERS = {
    "CidrIp": ("IpRanges", "CidrIp"),
    "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "SourceSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    "DestinationSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    "SourcePrefixListId": ("PrefixListIds", "PrefixListId"),
    "DestinationPrefixListId": ("PrefixListIds", "PrefixListId"),
}
_EVERYWHERE = [{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}]


def _permission(rule: Properties) -> dict[str, Any]:
    """A rule of a template as EC2's IpPermission."""
    permission: dict[str, Any] = {"IpProtocol": str(rule["IpProtocol"])}
    if permission["IpProtocol"] != "-1":
        permission |= {"FromPort": int(rule.get("FromPort", -1)), "ToPort": int(rule.get("ToPort", -1))}
    said = {"Description": rule["Description"]} if "Description" in rule else {}
    for name, (ranges, key) in _PEERS.items():
        if name in rule:
            permission[ranges] = [{key: rule[name], **said}]
    return permission


def _grant(context: Context, direction: str, group: str, rules: list[Properties]) -> Any:
    asked = {"GroupId": group, "IpPermissions": [_permission(rule) for rule in rules]}
    return context.call("ec2", f"AuthorizeSecurityGroup{direction}", asked) if rules else None


def _revoke(context: Context, direction: str, group: str, rules: list[Properties]) -> None:
    if rules:
        permissions = [_permission(rule) for rule in rules]
        context.remove("ec2", f"RevokeSecurityGroup{direction}", GroupId=group, IpPermissions=permissions)


def _create_group(context: Context, properties: Properties) -> Made:
    tags = properties.get("Tags")
    asked = {
        "GroupName": properties.get("GroupName") or context.name(255),
        "Description": properties["GroupDescription"],
        **({"VpcId": properties["VpcId"]} if "VpcId" in properties else {}),
        **({"TagSpecifications": [{"ResourceType": "security-group", "Tags": tags}]} if tags else {}),
    }
    group = context.call("ec2", "CreateSecurityGroup", asked)["GroupId"]
    _grant(context, "Ingress", group, properties.get("SecurityGroupIngress", []))
    if properties.get("SecurityGroupEgress"):  # then EC2's own rule "everything, everywhere" goes
        _revoke(context, "Egress", group, _EVERYWHERE)
        _grant(context, "Egress", group, properties["SecurityGroupEgress"])
    return Made(group, {"GroupId": group, "Id": group, "VpcId": properties.get("VpcId", "")})


def _update_group(context: Context, group: str, old: Properties, new: Properties) -> Attributes:
    for direction in ("Ingress", "Egress"):
        default = _EVERYWHERE if direction == "Egress" else []
        before = old.get(f"SecurityGroup{direction}") or default
        after = new.get(f"SecurityGroup{direction}") or default
        _revoke(context, direction, group, [rule for rule in before if rule not in after])
        _grant(context, direction, group, [rule for rule in after if rule not in before])
    if new.get("Tags"):
        context.call("ec2", "CreateTags", {"Resources": [group], "Tags": new["Tags"]})
    return {"GroupId": group, "Id": group, "VpcId": new.get("VpcId", "")}


def _rule_type(direction: str) -> ResourceType:
    def create(context: Context, properties: Properties) -> Made:
        granted = _grant(context, direction, properties["GroupId"], [properties])
        rule = granted["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        return Made(rule, {"Id": rule})

    def delete(context: Context, _: str, properties: Properties) -> None:
        _revoke(context, direction, properties["GroupId"], [properties])

    return ResourceType(f"AWS::EC2::SecurityGroup{direction}", create, delete)


TYPES = (
    ResourceType(
        "AWS::EC2::SecurityGroup",
        _create_group,
        lambda context, group, _: context.remove("ec2", "DeleteSecurityGroup", GroupId=group),
        _update_group,
        ("GroupName", "GroupDescription", "VpcId"),
        tagged=True,
    ),
    _rule_type("Ingress"),
    _rule_type("Egress"),
)
