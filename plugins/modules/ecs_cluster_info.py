#!/usr/bin/python
"""An ECS cluster that exists already: which it is, and whether it can run an app."""

from __future__ import annotations

DOCUMENTATION = """
module: ecs_cluster_info
short_description: Find and check an ECS cluster
description:
  - Finds a cluster by its name, its ARN or its tags, and refuses one that is not active, or whose capacity providers
    are not those of Fargate. Nothing of it is ever changed.
  - Where nothing is given nothing is asked, and O(made) is told.
options:
  name:
    description: Name or ARN of the cluster; empty to find it by its tags.
    type: str
    default: ""
  tags:
    description: Tags that exactly one cluster of the region has.
    type: dict
    default: {}
  made:
    description: Name of the cluster that is made where none is given.
    type: str
    default: ""
  check:
    description: Whether to refuse what cannot run an app; without it the name alone is found.
    type: bool
    default: true
extends_documentation_fragment:
  - offramp.ecs.aws
version_added: 0.1.0
author: The Offramp founders (@offramp)
"""

EXAMPLES = """
- name: Find the cluster
  offramp.ecs.ecs_cluster_info:
    region: eu-west-1
    tags: {Name: main}
"""

RETURN = """
cluster:
  description: The cluster.
  returned: success
  type: dict
  contains:
    name: {description: Its name., type: str}
    capacity_providers: {description: Its capacity providers; empty where it was not checked., type: list}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import fault, session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.tagged import tags_of, the_one, told
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module

SPEC = spec.spec(
    spec.AWS,
    options={
        "name": {"type": "str", "default": ""},
        "tags": {"type": "dict", "default": {}},
        "made": {"type": "str", "default": ""},
        "check": {"type": "bool", "default": True},
    },
)
_AT_ONCE = 100
"""Clusters that DescribeClusters takes at once."""


@dataclass(frozen=True)
class Want:
    """Which cluster, by its name, else by its tags."""

    name: str
    tags: Mapping[str, str]
    made: str
    check: bool
    region: str


@dataclass(frozen=True)
class Cluster:
    """A cluster as ECS tells it."""

    name: str = ""
    status: str = ""
    providers: tuple[str, ...] = ()


def connect(params: Mapping[str, Any], door: Door) -> Any:
    """ECS in the wanted region."""
    return session.client("ecs", region=params["region"], door=door)


def want_of(params: Mapping[str, Any]) -> Want:
    """The wanted cluster; an ARN must be of the region."""
    name, region = params["name"], params["region"]
    parts = name.split(":")
    if len(parts) > 1 and parts[3:4] != [region]:
        raise BadInput(
            f"The cluster {name} is of {''.join(parts[3:4]) or 'no region'}, not of {region}.",
            target=f"cluster {name}",
            hint="Correct the cluster or the region.",
        )
    return Want(name.rpartition("/")[2], tags_of(params["tags"]), params["made"], params["check"], region)


def observe(api: Any, want: Want) -> Cluster:
    """The cluster, checked as far as that is wanted."""
    if not (want.name or want.tags):
        return Cluster(want.made)
    if want.name and not want.check:
        return Cluster(want.name)
    have = _named(api, want) if want.name else _tagged(api, want)
    wrong = fault_of(have)
    if want.check and wrong:
        raise BadInput(
            f"The ECS cluster {have.name} {wrong}.",
            target=f"cluster {have.name}",
            hint="Correct the cluster in the inventory, or the cluster: it is never changed by us.",
        )
    return have


def fault_of(have: Cluster) -> str:
    """What is wrong with a cluster, as the end of a sentence; "" when nothing is. Pure."""
    if have.status != "ACTIVE":
        return f"is not active, but {have.status or 'missing'}"
    if "FARGATE" not in have.providers:
        return f"has the capacity providers {', '.join(have.providers) or '(none)'}, and FARGATE is not among them"
    return ""


def report(have: Cluster) -> dict[str, Any]:
    """What playbooks use."""
    return {"name": have.name, "capacity_providers": list(have.providers)}


def _named(api: Any, want: Want) -> Cluster:
    with fault.spoken(f"cluster {want.name}"):
        found = api.describe_clusters(clusters=[want.name])["clusters"]
    return _cluster(found[0]) if found else Cluster(want.name)


def _tagged(api: Any, want: Want) -> Cluster:
    with fault.spoken(f"clusters with the tags {told(want.tags)}"):
        arns = [arn for page in api.get_paginator("list_clusters").paginate() for arn in page["clusterArns"]]
        parts = [arns[start : start + _AT_ONCE] for start in range(0, len(arns), _AT_ONCE)]
        rows = [row for part in parts for row in api.describe_clusters(clusters=part, include=["TAGS"])["clusters"]]
    found = {row["clusterName"]: row for row in rows if want.tags.items() <= _tags(row).items()}
    return _cluster(found[the_one(found, want.tags, kind=f"ECS clusters of {want.region}", one="cluster", by="name")])


def _tags(row: Mapping[str, Any]) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in row.get("tags", [])}


def _cluster(row: Mapping[str, Any]) -> Cluster:
    return Cluster(row["clusterName"], row["status"], tuple(row.get("capacityProviders", [])))


MODULE = Module(
    name="ecs_cluster_info", noun="cluster", spec=SPEC, connect=connect, want=want_of, observe=observe, report=report
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
