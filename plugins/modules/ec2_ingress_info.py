#!/usr/bin/python
"""Who may reach the load balancers of a stage, in the terms of a security group."""

from __future__ import annotations

DOCUMENTATION = """
module: ec2_ingress_info
short_description: Find whom load balancers are to admit
description:
  - Turns C(cloudflare), the id of a prefix list or an IPv4 range into what a security group takes.
  - For C(cloudflare) that is the stage's prefix list, found by its name. Until it exists its id is unknown - a dry run
    goes on with it, a real run names the playbook that makes it.
options:
  admit:
    description: C(cloudflare), the id of a prefix list, or an IPv4 range.
    type: str
    required: true
  name:
    description: Name of the prefix list that holds Cloudflare's ranges.
    type: str
    required: true
extends_documentation_fragment:
  - offramp.ecs.aws
version_added: 0.1.0
author: The Offramp founders (@offramp)
"""

EXAMPLES = """
- name: Find whom to admit
  offramp.ecs.ec2_ingress_info:
    region: eu-west-1
    admit: cloudflare
    name: offramp-production-cloudflare
"""

RETURN = """
ingress:
  description: Who is admitted.
  returned: success
  type: dict
  contains:
    cidr: {description: "An IPv4 range; one that admits nobody where it is a prefix list.", type: str}
    prefix_list_id: {description: "The id of a prefix list, empty where it is a range.", type: str}
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws.prefix_lists import PrefixLists
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown

SPEC = spec.spec(
    spec.AWS, options={"admit": {"type": "str", "required": True}, "name": {"type": "str", "required": True}}
)
CLOUDFLARE = "cloudflare"
_NOBODY = "127.0.0.1/32"
_LIST_ID = re.compile(r"pl-[0-9a-f]{8,17}")


@dataclass(frozen=True)
class Want:
    """Whom to admit: a range, a prefix list by its id, or by its name."""

    cidr: str = ""
    list_id: str = ""
    name: str = ""


@dataclass(frozen=True)
class Ingress:
    """Who is admitted."""

    cidr: str = _NOBODY
    prefix_list_id: str = ""


def connect(params: Mapping[str, Any], door: Door) -> PrefixLists:
    """EC2 in the wanted region."""
    return PrefixLists(params["region"], door)


def want_of(params: Mapping[str, Any]) -> Want:
    """Whom to admit, in one of its three forms."""
    admit = params["admit"]
    if admit == CLOUDFLARE:
        return Want(name=params["name"])
    if _LIST_ID.fullmatch(admit):
        return Want(list_id=admit)
    try:
        return Want(cidr=str(ipaddress.IPv4Network(admit)))
    except ValueError as error:
        raise BadInput(
            f"{admit!r} is neither 'cloudflare' nor the id of a prefix list nor an IPv4 range.",
            target="provision_ingress",
            hint="Correct it; 0.0.0.0/0 admits everybody.",
        ) from error


def observe(api: PrefixLists, want: Want) -> Ingress:
    """At most one look at the prefix list."""
    if want.cidr:
        return Ingress(cidr=want.cidr)
    if want.list_id:
        api.exists(want.list_id)
        return Ingress(prefix_list_id=want.list_id)
    unknown = Unknown(f"id of prefix list {want.name}", "playbooks/provision.yml")
    return Ingress(prefix_list_id=api.find(want.name).id or unknown)


def report(have: Ingress) -> dict[str, Any]:
    """What playbooks use."""
    return {"cidr": have.cidr, "prefix_list_id": have.prefix_list_id}


MODULE = Module(
    name="ec2_ingress_info", noun="ingress", spec=SPEC, connect=connect, want=want_of, observe=observe, report=report
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
