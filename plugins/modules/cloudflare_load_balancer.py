#!/usr/bin/python
"""The load balancer over a hostname, with a pool for the old platform and one for the new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare import adoption, session
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.balancing import Balancing
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.foreign import refuse_closed, refuse_foreign
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.parts import (
    MONITOR,
    SIDE,
    Ground,
    Part,
    is_open,
    share_of,
    wanted_balancer,
    wanted_monitor,
    wanted_pool,
    with_address,
)
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.seen import new_run, seen_of
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.settle import Waiting
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import WAITING, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown

DOCUMENTATION = """
module: cloudflare_load_balancer
short_description: A Cloudflare load balancer over a hostname, between an old and a new platform
version_added: 0.1.0
author: The Offramp founders (@offramp)
description:
  - Makes and converges two monitors, two pools and one proxied load balancer with random steering.
  - A new load balancer sends all traffic to the old pool. The weights of one that exists are never touched.
  - Only the fields named here are converged; all others stay as they are.
  - A load balancer is only put over a hostname when Cloudflare holds the old pool for healthy, and speaks to origins by
    TLS. One over a DNS record that is not proxied needs a person's word (I(unproxied)).
  - Waits until Cloudflare holds the new pool for healthy.
  - A disabled new pool is enabled again only by a person's word (I(reopen)), since a rollback closes it on purpose, and
    only while no weight is on it, so that this never moves traffic.
options:
  zone:
    description: Name of the Cloudflare zone.
    type: str
    required: true
  hostname:
    description: Name that visitors use. A DNS record of that name stays, and is used again without the load balancer.
    type: str
    required: true
  old:
    description: The platform that serves now.
    type: dict
    required: true
    suboptions:
      pool:
        description: Name of its pool.
        type: str
        required: true
      address:
        description: Host name of its origin. Without it, a new pool gets what the hostname's DNS record points at.
        type: str
      host:
        description: Host header of its requests, a name that the origin serves and has a certificate for.
        type: str
        required: true
  new:
    description: The platform that shall serve.
    type: dict
    required: true
    suboptions:
      pool:
        description: Name of its pool.
        type: str
        required: true
      address:
        description: Host name of its origin.
        type: str
        required: true
      host:
        description: Host header of its requests, a name that the origin serves and has a certificate for.
        type: str
        required: true
  reopen:
    description: Whether a disabled new pool is enabled again. A disabled old pool always is.
    type: bool
    default: false
  unproxied:
    description: Whether a new load balancer may stand over a DNS record that is not proxied.
    type: bool
    default: false
  monitor:
    description: How Cloudflare looks whether a pool is healthy, always by HTTPS with the certificate checked.
    type: dict
    default: {}
    suboptions:
      path:
        description: Path of the request.
        type: str
        default: /health
      expected_codes:
        description: Statuses of a healthy answer, such as C(200) or C(2xx).
        type: str
        default: "200"
      interval:
        description: Seconds between two looks.
        type: int
        default: 60
      timeout:
        description: Seconds until a look has failed.
        type: int
        default: 5
      retries:
        description: How often a failed look is repeated at once.
        type: int
        default: 2
extends_documentation_fragment:
  - offramp.ecs.cloudflare
  - offramp.ecs.waiting
"""

EXAMPLES = """
- name: Put the balancer over the hostname
  offramp.ecs.cloudflare_load_balancer:
    zone: bond.example
    hostname: api.bond.example
    old: {pool: bond-server-heroku, address: mighty-fjord.herokudns.com, host: api.bond.example}
    new: {pool: bond-server-aws, address: bond-1.eu-west-1.elb.amazonaws.com, host: api.bond.example}
"""

RETURN = """
load_balancer:
  description: The load balancer as it is.
  returned: always
  type: dict
  contains:
    zone: {description: Name of the zone., type: str}
    hostname: {description: Name that visitors use., type: str}
    old: {description: Name of the old platform's pool., type: str}
    new: {description: Name of the new platform's pool., type: str}
    new_pool: {description: "open or closed; not known in a dry run that is to open it.", type: str}
    share: {description: Share of the new pool in percent., type: int}
    run: {description: "A name for this run, for I(after) of M(offramp.ecs.cloudflare_pool_weights).", type: str}
    addresses: {description: Pool to the address of its origin., type: dict}
    seen: {description: What Cloudflare says of the steering; foreseen nowhere., type: dict}
"""

SPEC = spec(
    WAITING,
    options={
        "zone": {"type": "str", "required": True},
        "hostname": {"type": "str", "required": True},
        "old": {"type": "dict", "required": True, "options": {**SIDE, "address": {"type": "str"}}},
        "new": {"type": "dict", "required": True, "options": SIDE},
        "unproxied": {"type": "bool", "default": False},
        "reopen": {"type": "bool", "default": False},
        "monitor": {"type": "dict", "default": {}, "apply_defaults": True, "options": MONITOR},
    },
)


@dataclass(frozen=True)
class Want:
    """Two monitors, two pools and a load balancer, in the order in which they must be made.

    ``reopen``: whether a person wants a disabled new pool to be opened; ``unproxied``: whether a new load balancer may
    stand over a record that is not proxied.
    """

    zone: str
    hostname: str
    old: str
    new: str
    parts: tuple[Part, ...]
    reopen: bool
    unproxied: bool


@dataclass(frozen=True)
class Have:
    """What is there.

    Attributes:
        records: the hostname's DNS records, read only while there is no old pool or no load balancer.
        ssl: how Cloudflare speaks to origins, read only while there is no load balancer.
        awaited: the pool that must be healthy before things go on: the old one before the load balancer is made, the
            new one once all is as wanted.
        unhealthy: why that is not healthy.
        opening: whether a dry run foresees that the new pool will be open.
    """

    ground: Ground
    want: Want
    records: tuple[Mapping[str, Any], ...] = ()
    ssl: str = ""
    awaited: str = ""
    unhealthy: Optional[str] = None
    opening: bool = False

    @property
    def share(self) -> int:
        """The new pool's share in percent."""
        return share_of(self.ground, self.want.old, self.want.new)

    @property
    def new_pool(self) -> str:
        """Whether the new pool can get traffic."""
        if self.opening:
            return Unknown(f"state of Cloudflare pool {self.want.new}", "playbooks/shift.yml")
        return "open" if is_open(self.ground, self.want.new) else "closed"


def connect(_params: runner.Params, door: Door) -> Balancing:
    """The client."""
    return Balancing(session.client(door))


def wanted(params: runner.Params) -> Want:
    """The wanted parts from the arguments."""
    old, new = params["old"], params["new"]
    if old["pool"] == new["pool"]:
        raise BadInput(f"Both sides name the pool {old['pool']}.", target=f"pool {old['pool']}", hint="Use two names.")
    parts = [
        *(wanted_monitor(side["pool"], side["host"], params["monitor"]) for side in (old, new)),
        *(wanted_pool(side["pool"], side["address"], side["host"]) for side in (old, new)),
        wanted_balancer(params["hostname"], old["pool"], new["pool"]),
    ]
    words = {name: params[name] for name in ("zone", "hostname", "reopen", "unproxied")}
    return Want(old=old["pool"], new=new["pool"], parts=tuple(parts), **words)


def observe(api: Balancing, want: Want) -> Have:
    """Read all; a pool's health only when nothing else is left to do before it must be healthy."""
    ground = api.ground(want.zone, want.hostname, [want.old, want.new])
    coming = ground.balancer is None
    records = tuple(api.records(want.hostname)) if coming or want.old not in ground.pools else ()
    have = Have(ground, want, records, ssl=api.ssl_mode() if coming else "")
    left = [part.kind for part, _ in _differing(have, want)]
    if left and not (coming and left == ["load balancer"]):
        return have
    awaited = want.old if left else want.new
    return replace(have, awaited=awaited, unhealthy=api.unhealthy(awaited))


def plan(have: Have, want: Want) -> list[Change]:
    """Make what is missing, converge what differs."""
    refuse_foreign(have.ground, want.hostname, want.old, want.new)
    if not want.reopen:
        refuse_closed(have.ground, want.new)
    if have.ground.balancer is None:
        adoption.refuse_adoption(want.hostname, have.records, have.ssl, unproxied=want.unproxied)
    return [
        Change(
            "update" if present else "create",
            part.target,
            before=present.owned if present else None,
            after=part.owned if present else {**part.owned, **part.at_first, **adoption.displaced(part, have.records)},
            payload=replace(part, raw=present.raw if present else {}),
        )
        for part, present in _differing(have, want)
    ]


def foresee(have: Have, want: Want) -> Have:
    """All parts are open after the plan."""
    return replace(have, opening=not is_open(have.ground, want.new))


def report(have: Have) -> dict[str, Any]:
    """What playbooks may use."""
    names = {name: getattr(have.want, name) for name in ("zone", "hostname", "old", "new")}
    pools = [_addressed(part, have) for part in have.want.parts if part.kind == "pool"]
    return {
        **names,
        "new_pool": have.new_pool,
        "share": have.share,
        "addresses": {part.name: part.owned["origins"][part.name]["address"] for part in pools},
        "run": new_run(),
        "seen": seen_of(have.ground, have.want.old, have.want.new),
    }


WAIT = Waiting[Have](
    settled=lambda have: have.unhealthy is None,
    failed=lambda _have: None,
    progress=lambda have: f"Cloudflare does not hold pool {have.awaited} for healthy ({have.unhealthy})",
)


def _differing(have: Have, want: Want) -> list[tuple[Part, Optional[Part]]]:
    pairs = [(_addressed(part, have), have.ground.find(part.kind, part.name)) for part in want.parts]
    return [(part, present) for part, present in pairs if present != part]


def _addressed(part: Part, have: Have) -> Part:
    return with_address(part, have.ground.find(part.kind, part.name), adoption.points_at(have.records))


MODULE = runner.Module[Balancing, Want, Have](
    name="cloudflare_load_balancer",
    noun="load_balancer",
    spec=SPEC,
    connect=connect,
    want=wanted,
    observe=observe,
    plan=plan,
    apply={
        "create": lambda api, change: api.create(change.payload),
        "update": lambda api, change: api.update(change.payload),
    },
    foresee=foresee,
    report=report,
    waiting=WAIT,
    in_turn=True,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
