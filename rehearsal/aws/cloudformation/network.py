"""AWS::EC2::*: what a network template holds."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.aws.cloudformation.resource import (
    Attributes,
    Context,
    Made,
    Properties,
    ProvisionError,
    ResourceType,
)


def _tagged(kind: str, properties: Properties) -> dict[str, Any]:
    """The tags as EC2 takes them at creation; CloudFormation's own ones are put there as by CloudFormation."""
    tags = properties.get("Tags")
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": tags}]} if tags else {}


def _retag(context: Context, physical_id: str, old: Properties, new: Properties) -> None:
    gone = {tag["Key"] for tag in old.get("Tags", [])} - {tag["Key"] for tag in new.get("Tags", [])}
    if gone:
        context.call("ec2", "DeleteTags", {"Resources": [physical_id], "Tags": [{"Key": key} for key in sorted(gone)]})
    if new.get("Tags"):
        context.call("ec2", "CreateTags", {"Resources": [physical_id], "Tags": new["Tags"]})


def _vpc_flags(context: Context, vpc: str, properties: Properties) -> None:
    for flag in ("EnableDnsSupport", "EnableDnsHostnames"):
        if flag in properties:
            context.call("ec2", "ModifyVpcAttribute", {"VpcId": vpc, flag: {"Value": properties[flag]}})


def _create_vpc(context: Context, properties: Properties) -> Made:
    made = context.call("ec2", "CreateVpc", properties | _tagged("vpc", properties))["Vpc"]
    _vpc_flags(context, made["VpcId"], properties)
    return Made(made["VpcId"], _vpc_attributes(context, made["VpcId"]))


def _vpc_attributes(context: Context, vpc: str) -> Attributes:
    mine = [{"Name": "vpc-id", "Values": [vpc]}]
    groups = context.call("ec2", "DescribeSecurityGroups", {"Filters": mine})["SecurityGroups"]
    acls = context.call("ec2", "DescribeNetworkAcls", {"Filters": mine})["NetworkAcls"]
    found = context.call("ec2", "DescribeVpcs", {"VpcIds": [vpc]})["Vpcs"][0]
    return {
        "VpcId": vpc,
        "CidrBlock": found["CidrBlock"],
        "CidrBlockAssociations": [entry["AssociationId"] for entry in found.get("CidrBlockAssociationSet", [])],
        "DefaultSecurityGroup": next(group["GroupId"] for group in groups if group["GroupName"] == "default"),
        "DefaultNetworkAcl": next(acl["NetworkAclId"] for acl in acls if acl["IsDefault"]),
    }


def _update_vpc(context: Context, vpc: str, old: Properties, new: Properties) -> Attributes:
    _vpc_flags(context, vpc, new)
    _retag(context, vpc, old, new)
    return _vpc_attributes(context, vpc)


def _create_subnet(context: Context, properties: Properties) -> Made:
    made = context.call("ec2", "CreateSubnet", properties | _tagged("subnet", properties))["Subnet"]
    _subnet_flags(context, made["SubnetId"], properties)
    return Made(made["SubnetId"], {name: made[name] for name in ("SubnetId", "AvailabilityZone", "VpcId", "CidrBlock")})


def _subnet_flags(context: Context, subnet: str, properties: Properties) -> None:
    if "MapPublicIpOnLaunch" in properties:
        flag = {"Value": properties["MapPublicIpOnLaunch"]}
        context.call("ec2", "ModifySubnetAttribute", {"SubnetId": subnet, "MapPublicIpOnLaunch": flag})


def _update_subnet(context: Context, subnet: str, old: Properties, new: Properties) -> Attributes:
    _subnet_flags(context, subnet, new)
    _retag(context, subnet, old, new)
    found = context.call("ec2", "DescribeSubnets", {"SubnetIds": [subnet]})["Subnets"][0]
    return {name: found[name] for name in ("SubnetId", "AvailabilityZone", "VpcId", "CidrBlock")}


def _create_gateway(context: Context, properties: Properties) -> Made:
    made = context.call("ec2", "CreateInternetGateway", _tagged("internet-gateway", properties))["InternetGateway"]
    return Made(made["InternetGatewayId"], {"InternetGatewayId": made["InternetGatewayId"]})


def _attach_gateway(context: Context, properties: Properties) -> Made:
    context.call("ec2", "AttachInternetGateway", properties)
    return Made(f"IGW|{properties['VpcId']}", {"AttachmentType": "IGW"})


def _create_address(context: Context, properties: Properties) -> Made:
    made = context.call("ec2", "AllocateAddress", {"Domain": "vpc"} | _tagged("elastic-ip", properties))
    return Made(made["PublicIp"], {"AllocationId": made["AllocationId"], "PublicIp": made["PublicIp"]})


def _release_address(context: Context, public_ip: str, _: Properties) -> None:
    found = context.call("ec2", "DescribeAddresses", {})["Addresses"]
    for address in found:
        if address["PublicIp"] == public_ip:
            context.remove("ec2", "ReleaseAddress", AllocationId=address["AllocationId"])


def _create_nat(context: Context, properties: Properties) -> Made:
    made = context.call("ec2", "CreateNatGateway", properties | _tagged("natgateway", properties))["NatGateway"]
    return Made(made["NatGatewayId"], {"NatGatewayId": made["NatGatewayId"]})


def _create_route_table(context: Context, properties: Properties) -> Made:
    made = context.call("ec2", "CreateRouteTable", properties | _tagged("route-table", properties))["RouteTable"]
    return Made(made["RouteTableId"], {"RouteTableId": made["RouteTableId"]})


def _destination(properties: Properties) -> dict[str, Any]:
    names = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
    return {name: properties[name] for name in names if name in properties}


def _create_route(context: Context, properties: Properties) -> Made:
    context.call("ec2", "CreateRoute", properties)
    target = next(iter(_destination(properties).values()))
    return Made(f"{properties['RouteTableId']}|{target}", {"CidrBlock": target})


def _update_route(context: Context, _: str, __: Properties, new: Properties) -> Attributes:
    context.call("ec2", "ReplaceRoute", new)
    return {"CidrBlock": next(iter(_destination(new).values()))}


def _delete_route(context: Context, _: str, properties: Properties) -> None:
    context.remove("ec2", "DeleteRoute", RouteTableId=properties["RouteTableId"], **_destination(properties))


def _associate(context: Context, properties: Properties) -> Made:
    made = context.call("ec2", "AssociateRouteTable", properties)["AssociationId"]
    return Made(made, {"Id": made})


def _create_endpoint(context: Context, properties: Properties) -> Made:
    asked = {"VpcEndpointType": "Gateway", **properties, **_tagged("vpc-endpoint", properties)}
    if "PolicyDocument" in properties:
        asked["PolicyDocument"] = json.dumps(properties["PolicyDocument"])
    made = context.call("ec2", "CreateVpcEndpoint", asked)["VpcEndpoint"]
    entries = [f"{entry['HostedZoneId']}:{entry['DnsName']}" for entry in made.get("DnsEntries", [])]
    return Made(made["VpcEndpointId"], {"Id": made["VpcEndpointId"], "DnsEntries": entries})


def _update_endpoint(context: Context, endpoint: str, old: Properties, new: Properties) -> Attributes:
    if {**old, "Tags": []} != {**new, "Tags": []}:
        asked: dict[str, Any] = {"VpcEndpointId": endpoint}
        for name in ("RouteTableIds", "SubnetIds", "SecurityGroupIds"):
            before, after = set(old.get(name, [])), set(new.get(name, []))
            asked |= {f"Add{name}": sorted(after - before), f"Remove{name}": sorted(before - after)}
        if "PolicyDocument" in new:
            asked["PolicyDocument"] = json.dumps(new["PolicyDocument"])
        context.call("ec2", "ModifyVpcEndpoint", {name: value for name, value in asked.items() if value})
    _retag(context, endpoint, old, new)
    return {"Id": endpoint}


def _create_prefix_list(context: Context, properties: Properties) -> Made:
    asked = properties | _tagged("prefix-list", properties)
    made = context.call("ec2", "CreateManagedPrefixList", asked)["PrefixList"]
    return Made(made["PrefixListId"], {"PrefixListId": made["PrefixListId"], "Arn": made["PrefixListArn"]})


def _update_prefix_list(context: Context, prefix_list: str, old: Properties, new: Properties) -> Attributes:
    before, after = ({entry["Cidr"]: entry for entry in side.get("Entries", [])} for side in (old, new))
    found = context.call("ec2", "DescribeManagedPrefixLists", {"PrefixListIds": [prefix_list]})["PrefixLists"][0]
    change = {
        "PrefixListId": prefix_list,
        "CurrentVersion": found["Version"],
        "AddEntries": [entry for cidr, entry in after.items() if before.get(cidr) != entry],
        "RemoveEntries": [{"Cidr": cidr} for cidr in before if cidr not in after],
    }
    context.call("ec2", "ModifyManagedPrefixList", change)
    return {"PrefixListId": prefix_list, "Arn": found["PrefixListArn"]}


def _create_flow_log(context: Context, properties: Properties) -> Made:
    asked = {**properties, "ResourceIds": [properties["ResourceId"]], **_tagged("vpc-flow-log", properties)}
    made = context.call("ec2", "CreateFlowLogs", asked)
    if made.get("Unsuccessful"):
        raise ProvisionError(made["Unsuccessful"][0]["Error"]["Message"])
    return Made(made["FlowLogIds"][0], {"Id": made["FlowLogIds"][0]})


def _retagging(context: Context, physical_id: str, old: Properties, new: Properties) -> Attributes:
    _retag(context, physical_id, old, new)
    return {}


TYPES = (
    ResourceType(
        "AWS::EC2::VPC",
        _create_vpc,
        lambda context, vpc, _: context.remove("ec2", "DeleteVpc", VpcId=vpc),
        _update_vpc,
        ("CidrBlock", "Ipv4IpamPoolId", "Ipv4NetmaskLength"),
        tagged=True,
    ),
    ResourceType(
        "AWS::EC2::Subnet",
        _create_subnet,
        lambda context, subnet, _: context.remove("ec2", "DeleteSubnet", SubnetId=subnet),
        _update_subnet,
        ("CidrBlock", "VpcId", "AvailabilityZone"),
        tagged=True,
    ),
    ResourceType(
        "AWS::EC2::InternetGateway",
        _create_gateway,
        lambda context, gateway, _: context.remove("ec2", "DeleteInternetGateway", InternetGatewayId=gateway),
        _retagging,
        tagged=True,
    ),
    ResourceType(
        "AWS::EC2::VPCGatewayAttachment",
        _attach_gateway,
        lambda context, _, properties: context.remove("ec2", "DetachInternetGateway", **properties),
    ),
    ResourceType("AWS::EC2::EIP", _create_address, _release_address, _retagging, ("Domain",), tagged=True),
    ResourceType(
        "AWS::EC2::NatGateway",
        _create_nat,
        lambda context, gateway, _: context.remove("ec2", "DeleteNatGateway", NatGatewayId=gateway),
        _retagging,
        ("SubnetId", "AllocationId", "ConnectivityType"),
        tagged=True,
    ),
    ResourceType(
        "AWS::EC2::RouteTable",
        _create_route_table,
        lambda context, table, _: context.remove("ec2", "DeleteRouteTable", RouteTableId=table),
        _retagging,
        ("VpcId",),
        tagged=True,
    ),
    ResourceType(
        "AWS::EC2::Route",
        _create_route,
        _delete_route,
        _update_route,
        ("RouteTableId", "DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"),
    ),
    ResourceType(
        "AWS::EC2::SubnetRouteTableAssociation",
        _associate,
        lambda context, association, _: context.remove("ec2", "DisassociateRouteTable", AssociationId=association),
    ),
    ResourceType(
        "AWS::EC2::VPCEndpoint",
        _create_endpoint,
        lambda context, endpoint, _: context.remove("ec2", "DeleteVpcEndpoints", VpcEndpointIds=[endpoint]),
        _update_endpoint,
        ("VpcId", "ServiceName", "VpcEndpointType"),
        tagged=True,
    ),
    ResourceType(
        "AWS::EC2::FlowLog",
        _create_flow_log,
        lambda context, log, _: context.remove("ec2", "DeleteFlowLogs", FlowLogIds=[log]),
        _retagging,
        (
            "ResourceId",
            "ResourceType",
            "TrafficType",
            "LogDestination",
            "LogDestinationType",
            "LogGroupName",
            "DeliverLogsPermissionArn",
            "LogFormat",
            "MaxAggregationInterval",
        ),
        tagged=True,
    ),
    ResourceType(
        "AWS::EC2::PrefixList",
        _create_prefix_list,
        lambda context, prefix_list, _: context.remove("ec2", "DeleteManagedPrefixList", PrefixListId=prefix_list),
        _update_prefix_list,
        ("AddressFamily",),
        tagged=True,
    ),
)
