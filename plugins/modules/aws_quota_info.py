#!/usr/bin/python
"""Whether an account has room for what a stack is to make."""

from __future__ import annotations

DOCUMENTATION = """
module: aws_quota_info
short_description: Compare what is to be made with the account's quotas
description:
  - Counts what the region holds, adds what a stack is to make, and refuses what would exceed the quota that applies,
    before anything is made. Where the stack exists already its things are there and nothing is added.
  - What the credentials may not read is told as not checked, and does not fail.
options:
  stack:
    description: Name of the stack that makes it all; where it exists only O(rules) is looked at.
    type: str
    required: true
  vpcs:
    description: VPCs that it makes.
    type: int
    default: 0
  addresses:
    description: Elastic IP addresses that it makes, one for each NAT gateway.
    type: int
    default: 0
  load_balancers:
    description: Application load balancers that it makes.
    type: int
    default: 0
  rules:
    description:
      - Inbound rules that its fullest security group has. A rule that names a prefix list counts as many as the list
        may have entries.
    type: int
    default: 0
extends_documentation_fragment:
  - offramp.ecs.aws
version_added: 0.1.0
author: The Offramp founders (@offramp)
"""

EXAMPLES = """
- name: Check that a network fits into the account
  offramp.ecs.aws_quota_info:
    region: eu-west-1
    stack: offramp-production-network
    vpcs: 1
    addresses: 2
"""

RETURN = """
quotas:
  description: What was compared.
  returned: success
  type: dict
  contains:
    checked: {description: "For each thing what is there, what is added, and the quota.", type: dict}
    not_checked: {description: Things whose usage or quota could not be read., type: list}
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from botocore.exceptions import ClientError

from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import code_of, spoken
from ansible_collections.offramp.ecs.plugins.module_utils.aws.stacks import NOTHING, REMAINS, Stacks
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Denied
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module

_KINDS = ("vpcs", "addresses", "load_balancers", "rules")
SPEC = spec.spec(
    spec.AWS,
    options={"stack": {"type": "str", "required": True}, **{kind: {"type": "int", "default": 0} for kind in _KINDS}},
)
_QUOTAS = {
    "vpcs": ("VPCs", "vpc", "L-F678F1CE"),
    "addresses": ("elastic IP addresses", "ec2", "L-0263D0A3"),
    "load_balancers": ("application load balancers", "elasticloadbalancing", "L-53DA6B97"),
    "rules": ("inbound rules of a security group", "vpc", "L-0EA8095F"),
}
"""What it is in words, and the service and code of its quota."""


@dataclass(frozen=True)
class Want:
    """What a stack makes, by kind."""

    stack: str
    region: str
    makes: Mapping[str, int]


@dataclass(frozen=True)
class Room:
    """How much of one kind is there, how much comes, and the quota."""

    kind: str
    used: int
    added: int
    quota: float


@dataclass(frozen=True)
class Have:
    """What could be compared, and the kinds that could not."""

    rooms: tuple[Room, ...]
    unread: tuple[str, ...] = ()


class Api:
    """What counts things, and what knows quotas."""

    def __init__(self, params: Mapping[str, Any], door: Door) -> None:
        def client(service: str) -> Any:
            return session.client(service, region=params["region"], door=door)

        self.stacks = Stacks(client("cloudformation"))
        self._client = client

    def used(self, kind: str) -> int:
        """How many there are; of the rules of a group that does not exist yet none."""
        counts: dict[str, Callable[[], int]] = {
            "vpcs": lambda: self._count("ec2", "describe_vpcs", "Vpcs"),
            "addresses": lambda: len(self._client("ec2").describe_addresses()["Addresses"]),
            "load_balancers": lambda: self._count("elbv2", "describe_load_balancers", "LoadBalancers", "application"),
            "rules": lambda: 0,
        }
        return counts[kind]()

    def quota(self, kind: str) -> float:
        """The quota that applies: the account's own, else AWS's default."""
        _, service, code = _QUOTAS[kind]
        quotas, asked = self._client("service-quotas"), {"ServiceCode": service, "QuotaCode": code}
        try:
            return float(quotas.get_service_quota(**asked)["Quota"]["Value"])
        except ClientError as error:
            if code_of(error) != "NoSuchResourceException":
                raise
        return float(quotas.get_aws_default_service_quota(**asked)["Quota"]["Value"])

    def _count(self, service: str, operation: str, key: str, kind: str = "") -> int:
        pages = self._client(service).get_paginator(operation).paginate()
        return sum(1 for page in pages for row in page[key] if kind in ("", row.get("Type")))


def want_of(params: Mapping[str, Any]) -> Want:
    """What is to be made of each kind, where anything is."""
    return Want(params["stack"], params["region"], {kind: params[kind] for kind in _KINDS if params[kind]})


def observe(api: Api, want: Want) -> Have:
    """Count and compare; what the credentials may not read is left out, and told."""
    there = api.stacks.describe(want.stack).status not in NOTHING | REMAINS
    kinds = {kind: number for kind, number in want.makes.items() if kind == "rules" or not there}
    rooms, unread = [], []
    for kind, number in kinds.items():
        room = _room(api, kind, number)
        if room is None:
            unread.append(kind)
        else:
            rooms.append(room)
    wrong = faults(rooms)
    if wrong:
        raise BadInput(
            f"The account has no room in {want.region} for what stack {want.stack} needs: {'; '.join(wrong)}.",
            target=f"quotas of {want.region}",
            hint="Ask for more in the console under Service Quotas, or remove what nobody uses.",
            details={"faults": wrong},
        )
    return Have(tuple(rooms), tuple(unread))


def faults(rooms: list[Room]) -> list[str]:
    """What would exceed its quota, each a clause; pure."""
    return [
        f"{room.used + room.added} {_QUOTAS[room.kind][0]} ({room.used} there and {room.added} to come) where the "
        f"quota {_QUOTAS[room.kind][2]} is {room.quota:g}"
        for room in rooms
        if room.used + room.added > room.quota
    ]


def _room(api: Api, kind: str, added: int) -> Optional[Room]:
    try:
        with spoken(f"quota of {_QUOTAS[kind][0]}"):
            return Room(kind, api.used(kind), added, api.quota(kind))
    except Denied:
        return None


def report(have: Have) -> dict[str, Any]:
    """What playbooks use."""
    checked = {room.kind: {"used": room.used, "added": room.added, "quota": room.quota} for room in have.rooms}
    return {"checked": checked, "not_checked": list(have.unread)}


def headline(have: Have) -> list[str]:
    """What was not checked."""
    names = [_QUOTAS[kind][0] for kind in have.unread]
    why = "the credentials lack servicequotas:GetServiceQuota, or may not list them"
    return [f"Quotas of {', '.join(names)} were not checked: {why}"] if names else []


MODULE = Module(
    name="aws_quota_info",
    noun="quotas",
    spec=SPEC,
    connect=Api,
    want=want_of,
    observe=observe,
    report=report,
    headline=headline,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
