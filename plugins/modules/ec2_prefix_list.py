#!/usr/bin/python
"""A managed prefix list that holds exactly the wanted ranges."""

from __future__ import annotations

DOCUMENTATION = """
module: ec2_prefix_list
short_description: Keep a customer managed prefix list equal to wanted ranges
description:
  - Finds a prefix list by its name and makes it, changes its entries and lets it grow as needed. Security groups that
    name it follow at once.
  - A change names the version that it was planned on. Where somebody else changed the list meanwhile, it is looked at
    again.
  - A rule of a security group that names a prefix list counts as many rules as the list may have entries, whether it
    has them or not. The list is therefore made with little room, in steps of five entries.
options:
  name:
    description: Name of the list, unique in the region.
    type: str
    required: true
  cidrs:
    description: The ranges that it is to hold. An empty list is refused.
    type: list
    elements: str
    required: true
  family:
    description: Which addresses it is of.
    type: str
    choices: [ipv4, ipv6]
    default: ipv4
  tags:
    description: Tags of a list that is made, beside its name.
    type: dict
    default: {}
extends_documentation_fragment:
  - offramp.ecs.aws
  - offramp.ecs.waiting
version_added: 0.1.0
author: The Offramp founders (@offramp)
"""

EXAMPLES = """
- name: Keep the list of Cloudflare's ranges
  offramp.ecs.ec2_prefix_list:
    region: eu-west-1
    name: offramp-production-cloudflare
    cidrs: "{{ cloudflare.ip_ranges.ipv4 }}"
"""

RETURN = """
prefix_list:
  description: The list.
  returned: success
  type: dict
  contains:
    name: {description: Its name., type: str}
    id: {description: "Its id, known after apply in a dry run that is to make it.", type: str}
    size: {description: "Entries that it may have, and rules that each rule naming it counts.", type: int}
    cidrs: {description: Its ranges., type: list}
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws.prefix_lists import MOST, PrefixList, PrefixLists
from ansible_collections.offramp.ecs.plugins.module_utils.aws.tagged import tags_of
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, OfframpError, Verdict
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module
from ansible_collections.offramp.ecs.plugins.module_utils.engine.settle import Waiting
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown

SPEC = spec.spec(
    spec.AWS,
    spec.WAITING,
    options={
        "name": {"type": "str", "required": True},
        "cidrs": {"type": "list", "elements": "str", "required": True},
        "family": {"type": "str", "choices": ["ipv4", "ipv6"], "default": "ipv4"},
        "tags": {"type": "dict", "default": {}},
    },
)
_STEP = 5
_LONGEST_NAME = 255


@dataclass(frozen=True)
class Want:
    """The wanted list, its ranges sorted as text."""

    name: str
    family: str
    cidrs: tuple[str, ...]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Have:
    """The list as it is; ``due`` says what a dry run would change of one that is there."""

    list: PrefixList
    due: tuple[str, ...] = ()


def connect(params: Mapping[str, Any], door: Door) -> PrefixLists:
    """EC2 in the wanted region."""
    return PrefixLists(params["region"], door)


def want_of(params: Mapping[str, Any]) -> Want:
    """The wanted list; refuses what would admit nobody, and what cannot be an entry."""
    name, family = params["name"], params["family"]
    if not 0 < len(name) <= _LONGEST_NAME:
        raise _bad(name, f"its name has {len(name)} characters, and {_LONGEST_NAME} is the most", "Shorten the name.")
    cidrs = {_normal(cidr, name, family) for cidr in params["cidrs"]}
    if not cidrs:
        raise _bad(name, "it would admit nobody, since no range is given", "Give at least one range.")
    if len(cidrs) > MOST:
        raise _bad(name, f"it would have {len(cidrs)} ranges, and {MOST} is the most", "Join ranges.")
    tags = tags_of(params["tags"])
    return Want(name, family.replace("ip", "IP"), tuple(sorted(cidrs)), tags)


def size_for(entries: int) -> int:
    """Entries that a list for so many is made for: the next multiple of five, with room for one more at least."""
    return _STEP * (entries // _STEP + 1)


def observe(api: PrefixLists, want: Want) -> Have:
    """Two reads."""
    return Have(api.find(want.name))


def plan(have: Have, want: Want) -> list[Change]:
    """Make it; or let it grow, then change its entries."""
    there, target = have.list, f"EC2 prefix list {want.name}"
    size = max(there.size, size_for(len(want.cidrs)))
    if not there.id:
        after = {"ranges": list(want.cidrs), "max_entries": size}
        return [Change("create", target, after=after, payload=(there, size, want))]
    changes = []
    if len(want.cidrs) > there.size:
        sizes = {"max_entries": there.size}, {"max_entries": size}
        changes.append(Change("scale", target, *sizes, payload=(there, size, want)))
    if there.cidrs != want.cidrs:
        gone, new = (dict.fromkeys(ranges, "admitted") for ranges in differences(there, want))
        changes.append(Change("update", target, gone, new, payload=(there, size, want)))
    return changes


def differences(there: PrefixList, want: Want) -> tuple[list[str], list[str]]:
    """The ranges that a list has too many, and those that it lacks."""
    return (
        [cidr for cidr in there.cidrs if cidr not in want.cidrs],
        [cidr for cidr in want.cidrs if cidr not in there.cidrs],
    )


def foresee(have: Have, want: Want) -> Have:
    """The list as wanted."""
    there = have.list
    size = there.size if there.size >= len(want.cidrs) else size_for(len(want.cidrs))
    new_id = there.id or Unknown(f"id of prefix list {want.name}", "playbooks/provision.yml")
    due = (_due(there, want),) if there.id and there.cidrs != want.cidrs else ()
    return Have(replace(there, id=new_id, size=size, cidrs=want.cidrs), due)


def report(have: Have) -> dict[str, Any]:
    """What playbooks use."""
    there = have.list
    return {"name": there.name, "id": there.id, "size": there.size, "cidrs": list(there.cidrs)}


def _due(there: PrefixList, want: Want) -> str:
    gone, new = differences(there, want)
    parts = [f"lacks {', '.join(new)}"] * bool(new) + [f"still has {', '.join(gone)}"] * bool(gone)
    return f"EC2 prefix list {want.name} {' and '.join(parts)}: playbooks/provision.yml brings it up to date"


def _normal(cidr: str, name: str, family: str) -> str:
    kind = ipaddress.IPv4Network if family == "ipv4" else ipaddress.IPv6Network
    try:
        return str(kind(cidr))
    except ValueError as error:
        raise _bad(name, f"{cidr!r} is no range of {family}", "Correct it (10.0.0.0/8, say).") from error


def _bad(name: str, why: str, hint: str) -> BadInput:
    return BadInput(f"The prefix list {name[:50]} cannot be made: {why}.", target=f"prefix list {name[:50]}", hint=hint)


def _failed(have: Have) -> Optional[OfframpError]:
    there = have.list
    if there.state != "create-failed" and not (there.ours and there.state == "modify-failed"):
        return None
    return Verdict(
        f"EC2 could not change prefix list {there.name} ({there.state}): {there.problem or 'it gives no reason'}.",
        target=f"prefix list {there.name}",
        hint="Each rule that names the list counts as many rules as its entries: ask for a higher quota of rules per "
        "security group, or delete a list whose creation failed, then run again.",
    )


def _create(api: PrefixLists, change: Change) -> None:
    there, size, want = change.payload
    api.create(replace(there, size=size, cidrs=want.cidrs), want.family, want.tags)


WAIT = Waiting[Have](
    settled=lambda have: not have.list.state.endswith("-in-progress"),
    failed=_failed,
    progress=lambda have: f"{have.list.name} is at {have.list.state}",
)

MODULE = Module[PrefixLists, Want, Have](
    name="ec2_prefix_list",
    noun="prefix_list",
    spec=SPEC,
    connect=connect,
    want=want_of,
    observe=observe,
    plan=plan,
    apply={
        "create": _create,
        "scale": lambda api, change: api.resize(*change.payload[:2]),
        "update": lambda api, change: api.replace(change.payload[0], change.payload[2].cidrs),
    },
    foresee=foresee,
    report=report,
    headline=lambda have: list(have.due),
    waiting=WAIT,
    in_turn=True,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
