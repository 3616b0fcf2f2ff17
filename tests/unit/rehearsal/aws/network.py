"""A VPC with subnets in two zones, for tests that need one."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Network:
    vpc: str
    subnets: list[str]
    group: str


def make_network(ec2: Any, cidr: str = "10.7", internet: bool = True) -> Network:
    vpc = ec2.create_vpc(CidrBlock=f"{cidr}.0.0/16")["Vpc"]["VpcId"]
    subnets = [_subnet(ec2, vpc, f"{cidr}.{n}.0/24", f"eu-west-1{zone}") for n, zone in enumerate("ab")]
    if internet:
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    group = ec2.create_security_group(GroupName=f"in {cidr}", Description="web", VpcId=vpc)["GroupId"]
    return Network(vpc, subnets, group)


def _subnet(ec2: Any, vpc: str, cidr: str, zone: str) -> str:
    made = ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone)
    return str(made["Subnet"]["SubnetId"])
