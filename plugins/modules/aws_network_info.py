#!/usr/bin/python
"""Whether a network that exists already can carry an app."""

from __future__ import annotations

DOCUMENTATION = """
module: aws_network_info
short_description: Check a VPC and its subnets
description:
  - Reads a VPC's subnets and routes, and refuses a network that cannot carry an app, before anything is made in it.
  - Public subnets need two availability zones, a route to an internet gateway and free addresses for a load balancer.
    Private ones need two availability zones, a way out other than an internet gateway, and free addresses for tasks.
options:
  vpc:
    description: Id of the VPC.
    type: str
    required: true
  public_subnets:
    description: Ids of the subnets of load balancers.
    type: list
    elements: str
    required: true
  private_subnets:
    description: Ids of the subnets of tasks.
    type: list
    elements: str
    required: true
extends_documentation_fragment:
  - offramp.ecs.aws
version_added: 0.1.0
author: The Offramp founders (@offramp)
"""

EXAMPLES = """
- name: Check the network
  offramp.ecs.aws_network_info:
    region: eu-west-1
    vpc: vpc-0a1b2c3d4e5f60718
    public_subnets: [subnet-0a1b2c3d4e5f60711, subnet-0a1b2c3d4e5f60712]
    private_subnets: [subnet-0a1b2c3d4e5f60713, subnet-0a1b2c3d4e5f60714]
"""

RETURN = """
network:
  description: The network.
  returned: success
  type: dict
  contains:
    vpc: {description: Id of the VPC., type: str}
    zones: {description: Its availability zones that the subnets are in., type: list}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import fault, session
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module

SPEC = spec.spec(
    spec.AWS,
    options={
        "vpc": {"type": "str", "required": True},
        "public_subnets": {"type": "list", "elements": "str", "required": True},
        "private_subnets": {"type": "list", "elements": "str", "required": True},
    },
)
_FREE = {"public": 8, "private": 16}
"""Addresses that must be free: a load balancer wants eight of each subnet, a rollout doubles the tasks for a while."""


@dataclass(frozen=True)
class Want:
    """Which network is to be looked at."""

    vpc: str
    public: tuple[str, ...]
    private: tuple[str, ...]


@dataclass(frozen=True)
class Subnet:
    """One subnet; ``way_out`` is the id of what its default route leads to, "" where there is no such route."""

    id: str
    vpc: str
    zone: str
    free: int
    way_out: str


@dataclass(frozen=True)
class Network:
    """The subnets of a network by their side."""

    vpc: str
    public: tuple[Subnet, ...]
    private: tuple[Subnet, ...]


def connect(params: Mapping[str, Any], door: Door) -> Any:
    """EC2 in the wanted region."""
    return session.client("ec2", region=params["region"], door=door)


def want_of(params: Mapping[str, Any]) -> Want:
    """The network to look at."""
    return Want(params["vpc"], tuple(params["public_subnets"]), tuple(params["private_subnets"]))


def observe(api: Any, want: Want) -> Network:
    """The network, in two reads, checked."""
    asked = [*want.public, *want.private]
    with fault.spoken(f"VPC {want.vpc} with its subnets"):
        found = api.describe_subnets(SubnetIds=asked)["Subnets"] if asked else []
        tables = api.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [want.vpc]}])["RouteTables"]
    subnets = {one["SubnetId"]: _subnet(one, tables) for one in found}
    have = Network(want.vpc, *(tuple(subnets[one] for one in side) for side in (want.public, want.private)))
    wrong = faults(have)
    if wrong:
        raise BadInput(
            f"VPC {want.vpc} cannot carry an app: {wrong[0]}.",
            target=f"VPC {want.vpc}",
            hint="Correct the ids in the inventory, or the network.",
            details={"faults": wrong},
        )
    return have


def faults(have: Network) -> list[str]:
    """All that is wrong with a network, each as half a sentence; pure."""
    wrong = []
    for side, subnets in (("public", have.public), ("private", have.private)):
        if len({one.zone for one in subnets}) < 2:
            wrong.append(f"its {side} subnets must be in two availability zones at least, and are in {_zones(subnets)}")
        for one in subnets:
            wrong += [f"subnet {one.id} {what}" for what in _faults_of(one, side, have.vpc)]
    return wrong


def report(have: Network) -> dict[str, Any]:
    """What playbooks use."""
    return {"vpc": have.vpc, "zones": sorted({one.zone for one in (*have.public, *have.private)})}


def _faults_of(subnet: Subnet, side: str, vpc: str) -> list[str]:
    wrong = []
    if subnet.vpc != vpc:
        return [f"is in {subnet.vpc}"]
    if side == "public" and not subnet.way_out.startswith("igw-"):
        wrong.append("is given as public, but has no route to an internet gateway")
    if side == "private" and subnet.way_out.startswith("igw-"):
        wrong.append("is given as private, but its default route leads to an internet gateway")
    if side == "private" and not subnet.way_out:
        wrong.append("has no default route, so that its tasks could not reach a registry or a database")
    if subnet.free < _FREE[side]:
        wrong.append(f"has {subnet.free} free addresses and needs {_FREE[side]}")
    return wrong


def _zones(subnets: tuple[Subnet, ...]) -> str:
    return ", ".join(sorted({one.zone for one in subnets})) or "none"


def _subnet(found: Mapping[str, Any], tables: list[dict[str, Any]]) -> Subnet:
    own = [table for table in tables if _is_of(table, lambda one: one.get("SubnetId") == found["SubnetId"])]
    main = [table for table in tables if _is_of(table, lambda one: bool(one.get("Main")))]
    routes = [route for table in (own or main)[:1] for route in table["Routes"]]
    default: dict[str, Any] = next((route for route in routes if route.get("DestinationCidrBlock") == "0.0.0.0/0"), {})
    targets = [value for key, value in default.items() if key.endswith("Id") and key != "DestinationPrefixListId"]
    return Subnet(
        id=found["SubnetId"],
        vpc=found["VpcId"],
        zone=found["AvailabilityZone"],
        free=found["AvailableIpAddressCount"],
        way_out=str(targets[0]) if targets else "",
    )


def _is_of(table: Mapping[str, Any], matches: Any) -> bool:
    return any(matches(one) for one in table.get("Associations", []))


MODULE = Module(
    name="aws_network_info", noun="network", spec=SPEC, connect=connect, want=want_of, observe=observe, report=report
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
