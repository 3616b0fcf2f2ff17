"""aws_network_info: what makes a network unfit, and that the rehearsal's own network is fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws.networks import Network, Subnet, admits_https, faults
from ansible_collections.offramp.ecs.plugins.modules import aws_network_info, aws_stack
from tests.unit.plugins.stack_world import TEMPLATES, StackWorld, stack_world


def subnet(number: int, zone: str, way_out: str, **other: Any) -> Subnet:
    return replace(Subnet(f"subnet-{number}", "vpc-1", zone, 100, way_out), **other)


PUBLIC = (subnet(1, "a", "igw-1"), subnet(2, "b", "igw-1"))
PRIVATE = (subnet(3, "a", "nat-1"), subnet(4, "b", "tgw-1"))
FIT = Network("vpc-1", PUBLIC, PRIVATE)


def test_a_fit_network_has_no_faults() -> None:
    assert faults(FIT) == []


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (
            replace(FIT, public=PUBLIC[:1]),
            "its public subnets must be in two availability zones at least, and are in a",
        ),
        (replace(FIT, private=()), "its private subnets must be in two availability zones at least, and are in none"),
        (replace(FIT, public=(PUBLIC[0], replace(PUBLIC[1], way_out="nat-1"))), "has no route to an internet gateway"),
        (
            replace(FIT, private=(PRIVATE[0], replace(PRIVATE[1], way_out="", unreached=("ECR", "Secrets Manager")))),
            "subnet-4 has no NAT gateway or other way out, and no endpoint for ECR, Secrets Manager",
        ),
        (replace(FIT, shut=("vpce-1",)), "endpoint vpce-1 has no security group that admits HTTPS"),
        (replace(FIT, private=(PRIVATE[0], replace(PRIVATE[1], way_out="igw-1"))), "leads to an internet gateway"),
        (replace(FIT, public=(PUBLIC[0], replace(PUBLIC[1], free=7))), "has 7 free addresses and needs 8"),
    ],
)
def test_each_fault_is_said(network: Network, said: str) -> None:
    (fault,) = faults(network)
    assert said in fault


def test_subnets_without_a_way_out_are_fit_where_endpoints_serve_them() -> None:
    assert faults(replace(FIT, private=tuple(replace(one, way_out="") for one in PRIVATE))) == []


def test_subnets_of_two_vpcs_are_said_first() -> None:
    mixed = faults(replace(FIT, public=(PUBLIC[0], replace(PUBLIC[1], vpc="vpc-2"))))
    assert mixed == [
        "the subnets given are of 2 VPCs (vpc-1, vpc-2), and must be of one",
        "subnet subnet-2 is in vpc-2",
    ]


@pytest.mark.parametrize(
    ("rule", "admits"),
    [
        ({"IpProtocol": "-1"}, True),
        ({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}, True),
        ({"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535}, True),
        ({"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}, False),
        ({"IpProtocol": "udp", "FromPort": 443, "ToPort": 443}, False),
    ],
)
def test_rules_that_admit_https(rule: dict[str, Any], admits: bool) -> None:
    assert admits_https(rule) is admits


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackWorld]:
    with stack_world(tmp_path_factory.mktemp("aws")) as made:
        yield made


@pytest.fixture(scope="module")
def outputs(world: StackWorld) -> dict[str, str]:
    path = str(TEMPLATES / "network.cfn.yaml")
    made = world.run(
        aws_stack, name="net", template=path, parameters={"Stage": "test"}, capabilities=["CAPABILITY_IAM"]
    )
    found: dict[str, str] = made["stack"]["outputs"]
    return found


def checked(world: StackWorld, vpc: str, public: list[str], private: list[str]) -> dict[str, Any]:
    return world.run(aws_network_info, vpc=vpc, public_subnets=public, private_subnets=private)


def test_our_own_template_makes_a_fit_network(world: StackWorld, outputs: dict[str, str]) -> None:
    public, private = (outputs[f"{side}SubnetIds"].split(",") for side in ("Public", "Private"))
    with world.watched() as seen:
        found = checked(world, outputs["VpcId"], public, private)
    assert len(found["network"]["zones"]) == 2
    assert seen == ["read DescribeSubnets", "read DescribeRouteTables"]


def test_public_and_private_mixed_up_is_said(world: StackWorld, outputs: dict[str, str]) -> None:
    public, private = (outputs[f"{side}SubnetIds"].split(",") for side in ("Public", "Private"))
    found = checked(world, outputs["VpcId"], private, public)
    assert found["kind"] == "bad_input"
    assert f"subnet {private[0]} is given as public" in found["msg"]
    assert len(found["faults"]) == 4


def test_a_subnet_that_is_not_there_is_said(world: StackWorld, outputs: dict[str, str]) -> None:
    private = outputs["PrivateSubnetIds"].split(",")
    found = checked(world, outputs["VpcId"], ["subnet-0123456789abcdef0"], private)
    assert found["kind"] == "missing"
    assert f"AWS has no VPC {outputs['VpcId']} with its subnets in eu-west-1 (" in found["msg"]
    assert "subnet-0123456789abcdef0" in found["msg"]


def test_a_network_is_found_by_its_tags(world: StackWorld, outputs: dict[str, str]) -> None:
    tags = {"vpc_tags": {"Name": "offramp-test"}}
    ec2 = world.client("ec2")
    for side in ("Public", "Private"):
        ids = outputs[f"{side}SubnetIds"].split(",")
        ec2.create_tags(Resources=ids, Tags=[{"Key": "tier", "Value": side.lower()}])
        tags[f"{side.lower()}_subnet_tags"] = {"tier": side.lower()}
    found = world.run(aws_network_info, **tags)
    assert not found["failed"], found
    assert found["network"]["vpc"] == outputs["VpcId"]
    assert found["network"]["public_subnets"] == sorted(outputs["PublicSubnetIds"].split(","))
    assert found["network"]["private_subnets"] == sorted(outputs["PrivateSubnetIds"].split(","))
    alone = world.run(aws_network_info, check=False, vpc_tags=tags["vpc_tags"], private_subnet_tags={"tier": "private"})
    assert alone["network"]["private_subnets"] == found["network"]["private_subnets"]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        (
            {"vpc_tags": {"Name": "nowhere"}, "public_subnets": ["s"], "private_subnets": ["s"]},
            "No VPCs of eu-west-1 have the tags",
        ),
        ({"vpc": "vpc-1"}, "A network is given in part"),
        ({"public_subnets": ["subnet-1"]}, "A network is given in part"),
    ],
)
def test_what_names_no_network_is_one_sentence(world: StackWorld, params: dict[str, Any], said: str) -> None:
    found = world.run(aws_network_info, **params)
    assert (found["kind"], said in found["msg"]) == ("bad_input", True), found


def test_nothing_given_asks_nobody(world: StackWorld) -> None:
    with world.watched() as seen:
        found = world.run(aws_network_info)
    assert found["network"] == {"vpc": "", "public_subnets": [], "private_subnets": [], "zones": []}
    assert seen == []


def test_a_closed_network_needs_endpoints_that_admit_https(world: StackWorld, outputs: dict[str, str]) -> None:
    ec2, vpc = world.client("ec2"), outputs["VpcId"]
    public, private = (outputs[f"{side}SubnetIds"].split(",") for side in ("Public", "Private"))
    tables = ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": private}])["RouteTables"]
    for table in tables:
        ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0")
    found = checked(world, vpc, public, private)
    assert f"subnet {private[0]} has no NAT gateway or other way out, and no endpoint for ECR, " in found["msg"]
    group = ec2.create_security_group(GroupName="endpoints", Description="endpoints", VpcId=vpc)["GroupId"]
    for name in ("ecr.api", "ecr.dkr", "secretsmanager", "logs"):
        ec2.create_vpc_endpoint(
            VpcId=vpc,
            VpcEndpointType="Interface",
            ServiceName=f"com.amazonaws.eu-west-1.{name}",
            SubnetIds=private,
            SecurityGroupIds=[group],
            PrivateDnsEnabled=True,
        )
    gateways = [
        one
        for one in ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["VpcEndpoints"]
        if one["VpcEndpointType"] == "Gateway"
    ]
    assert gateways, "our template makes the one of S3"
    found = checked(world, vpc, public, private)
    assert "has no security group that admits HTTPS (port 443)" in found["msg"], found
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    assert not checked(world, vpc, public, private)["failed"]
