#!/usr/bin/python
"""A hostname given back to its DNS record, by deleting the load balancer over it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare import adoption, session
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.balancing import Balancing
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.parts import POOLS, Ground, share_of
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Refused
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import spec

DOCUMENTATION = """
module: cloudflare_balancer_removal
short_description: Give a hostname back to its DNS record
version_added: 0.1.0
author: The Offramp founders (@offramp)
description:
  - Deletes the load balancer over a hostname, so that the DNS record serves again that its place was taken from. Pools
    and monitors stay.
  - Refused while the new pool has traffic, and where there is not exactly one DNS record, which leads where the old
    pool's origin is.
options:
  share:
    description: What M(offramp.ecs.cloudflare_pool_weights) told of the new pool's share; read where it is not given.
    type: int
extends_documentation_fragment:
  - offramp.ecs.cloudflare
  - offramp.ecs.pools
"""

EXAMPLES = """
- name: Give the hostname back to its DNS record
  offramp.ecs.cloudflare_balancer_removal:
    zone: bond.example
    hostname: api.bond.example
    old: bond-server-heroku
    new: bond-server-aws
"""

RETURN = """
hostname:
  description: What serves the hostname now.
  returned: success
  type: dict
  sample: {name: api.bond.example, load_balancer: false, records: "CNAME mighty-fjord.herokudns.com"}
"""

SPEC = spec(POOLS, options={"share": {"type": "int"}})


@dataclass(frozen=True)
class Want:
    """Which hostname, and what was told of its traffic."""

    zone: str
    hostname: str
    old: str
    new: str
    share: Optional[int]


@dataclass(frozen=True)
class Have:
    """The load balancer and what is beneath it."""

    hostname: str
    ground: Ground
    records: tuple[dict[str, Any], ...]
    gone: bool


def connect(_params: runner.Params, door: Door) -> Balancing:
    """The client."""
    return Balancing(session.client(door))


def observe(api: Balancing, want: Want) -> Have:
    """Read the load balancer, its pools and the DNS records."""
    ground = api.ground(want.zone, want.hostname, [want.old, want.new])
    return Have(want.hostname, ground, tuple(api.records(want.hostname)), ground.balancer is None)


def plan(have: Have, want: Want) -> list[Change]:
    """Delete the load balancer where the record serves what the old pool serves."""
    balancer = have.ground.balancer
    if balancer is None:
        return []
    share = share_of(have.ground, want.old, want.new) if want.share is None else want.share
    if share:
        raise Refused(
            f"{want.hostname} still gives {share} % of its traffic to {want.new}.",
            target=balancer.target,
            hint="Run playbooks/rollback.yml first.",
        )
    pool, there = have.ground.pools.get(want.old), adoption.points_at(have.records)
    serves = pool.owned["origins"].get(want.old, {}).get("address") if pool else None
    if not there or there != serves:
        raise Refused(
            f"Without its load balancer {want.hostname} would lead to {adoption.told(have.records)}, and {want.old} is "
            f"{serves or 'nowhere'}.",
            target=f"DNS record {want.hostname}",
            hint=f"Let its one DNS record lead to {serves or 'Heroku'} first, then run again.",
        )
    return [Change("delete", balancer.target, balancer.owned, None, want.hostname)]


def report(have: Have) -> dict[str, Any]:
    """What playbooks may use."""
    return {"name": have.hostname, "load_balancer": not have.gone, "records": adoption.told(have.records)}


def headline(have: Have) -> list[str]:
    """What serves the hostname, in one sentence."""
    return [f"{have.hostname} is served by its DNS record: {adoption.told(have.records)}"] if have.gone else []


MODULE = runner.Module[Balancing, Want, Have](
    name="cloudflare_balancer_removal",
    noun="hostname",
    spec=SPEC,
    connect=connect,
    want=lambda params: Want(**{name: params[name] for name in SPEC["argument_spec"]}),
    observe=observe,
    plan=plan,
    apply={"delete": lambda api, change: api.delete("load balancer", change.payload)},
    foresee=lambda have, _want: replace(have, gone=True),
    report=report,
    headline=headline,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
