#!/usr/bin/python
"""A network that exists already: which it is, and whether it can carry an app."""

from __future__ import annotations

DOCUMENTATION = """
module: aws_network_info
short_description: Find and check a VPC and its subnets
description:
  - Finds a VPC and its subnets by their ids or by their tags, reads their routes, and refuses a network that cannot
    carry an app, before anything is made in it. Nothing of it is ever changed.
  - Public subnets need two availability zones, a route to an internet gateway and free addresses for a load balancer.
    Private ones need two availability zones, free addresses for tasks, and a way out other than an internet gateway, or
    else endpoints for ECR, S3, Secrets Manager and CloudWatch Logs.
  - Where nothing is given nothing is asked, and the ids are empty.
options:
  vpc:
    description: Id of the VPC; empty to find it by its tags.
    type: str
    default: ""
  vpc_tags:
    description: Tags that exactly one VPC of the region has.
    type: dict
    default: {}
  public_subnets:
    description: Ids of the subnets of load balancers; empty to find them by their tags.
    type: list
    elements: str
    default: []
  public_subnet_tags:
    description: Tags of the subnets of load balancers in that VPC.
    type: dict
    default: {}
  private_subnets:
    description: Ids of the subnets of tasks; empty to find them by their tags.
    type: list
    elements: str
    default: []
  private_subnet_tags:
    description: Tags of the subnets of tasks in that VPC.
    type: dict
    default: {}
  check:
    description: Whether to refuse what cannot carry an app; without it the ids alone are found.
    type: bool
    default: true
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

- name: Find the network
  offramp.ecs.aws_network_info:
    region: eu-west-1
    vpc_tags: {Name: main}
    public_subnet_tags: {tier: public}
    private_subnet_tags: {tier: private}
"""

RETURN = """
network:
  description: The network.
  returned: success
  type: dict
  contains:
    vpc: {description: Id of the VPC., type: str}
    public_subnets: {description: Ids of the subnets of load balancers., type: list}
    private_subnets: {description: Ids of the subnets of tasks., type: list}
    zones: {description: Availability zones that the subnets are in; empty where they were not checked., type: list}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.networks import Networks, Side, faults
from ansible_collections.offramp.ecs.plugins.module_utils.aws.tagged import Tags, tags_of
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module

SPEC = spec.spec(
    spec.AWS,
    options={
        "vpc": {"type": "str", "default": ""},
        "vpc_tags": {"type": "dict", "default": {}},
        "public_subnets": {"type": "list", "elements": "str", "default": []},
        "public_subnet_tags": {"type": "dict", "default": {}},
        "private_subnets": {"type": "list", "elements": "str", "default": []},
        "private_subnet_tags": {"type": "dict", "default": {}},
        "check": {"type": "bool", "default": True},
    },
)


@dataclass(frozen=True)
class Want:
    """Which network is to be looked at."""

    vpc: str
    vpc_tags: Tags
    public: Side
    private: Side
    check: bool


@dataclass(frozen=True)
class Have:
    """The network by its ids, with the zones that were seen."""

    vpc: str = ""
    public: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()


def connect(params: Mapping[str, Any], door: Door) -> Networks:
    """EC2 in the wanted region."""
    return Networks(session.client("ec2", region=params["region"], door=door))


def want_of(params: Mapping[str, Any]) -> Want:
    """The network to look at; one that is given in part cannot be meant."""
    vpc, vpc_tags = params["vpc"], tags_of(params["vpc_tags"])
    public, private = (Side(tuple(params[f"{one}_subnets"]), tags_of(params[f"{one}_subnet_tags"])) for one in _SIDES)
    want = Want(vpc, vpc_tags, public, private, params["check"])
    given = [bool(side.ids or side.tags) for side in (public, private)]
    if want.check and any([vpc, vpc_tags, *given]) and not ((vpc or vpc_tags) and all(given)):
        raise BadInput(
            "A network is given in part: the VPC, its public and its private subnets are needed, each by ids or tags.",
            target="network",
            hint="Give all three, or none of them to have a network made.",
        )
    return want


def observe(api: Networks, want: Want) -> Have:
    """The ids, found and checked as far as that is wanted."""
    sides = (want.public, want.private)
    by_tags = any(side.tags and not side.ids for side in sides)
    vpc = want.vpc or (api.vpc_with(want.vpc_tags) if want.vpc_tags and (want.check or by_tags) else "")
    public, private = (side.ids or (api.subnets_with(side.tags, vpc) if side.tags and vpc else ()) for side in sides)
    if not (want.check and vpc):
        return Have(vpc, public, private)
    seen = api.read(vpc, public, private)
    wrong = faults(seen)
    if wrong:
        raise BadInput(
            f"VPC {vpc} cannot carry an app: {wrong[0]}.",
            target=f"VPC {vpc}",
            hint="Correct the ids or tags in the inventory, or the network.",
            details={"faults": wrong},
        )
    return Have(vpc, public, private, tuple(sorted({one.zone for one in (*seen.public, *seen.private)})))


def report(have: Have) -> dict[str, Any]:
    """What playbooks use."""
    sides = {"public_subnets": list(have.public), "private_subnets": list(have.private)}
    return {"vpc": have.vpc, **sides, "zones": list(have.zones)}


_SIDES = ("public", "private")

MODULE = Module(
    name="aws_network_info", noun="network", spec=SPEC, connect=connect, want=want_of, observe=observe, report=report
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
