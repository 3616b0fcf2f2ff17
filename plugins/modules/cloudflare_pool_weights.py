#!/usr/bin/python
"""How the traffic of a load balancer is split between the old and the new platform."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare import session
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.balancing import Balancing
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.parts import POOLS, share_of, steering, weights_of
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Missing, Refused
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown

DOCUMENTATION = """
module: cloudflare_pool_weights
short_description: The weights of a Cloudflare load balancer's two pools
version_added: 0.1.0
author: The Offramp founders (@offramp)
description:
  - Sets both weights by one write, with the marker of who did it, and reads them back.
  - Never enables anything, and never gives more to a pool that is disabled, so a ramp cannot undo a rollback.
options:
  share:
    description: Percentage of the traffic that the new pool shall get. Without it, the present one is only reported.
    type: int
  close_new:
    description:
      - Disable the new pool before its weight is taken away; new visitors leave it at once.
      - Without a load balancer there is no way back, which is said before anything is closed.
    type: bool
    default: false
  foreseen:
    description:
      - C(load_balancer.new_pool), as M(offramp.ecs.cloudflare_load_balancer) told it before.
      - Where it is not known before a real run, which is to open the pool, a dry run goes on over a closed one.
    type: str
    default: ""
  marker:
    description: Who sets the weights, for people who look at the load balancer's description.
    type: str
    default: offramp
extends_documentation_fragment:
  - offramp.ecs.cloudflare
  - offramp.ecs.pools
"""

EXAMPLES = """
- name: Send a tenth of the traffic to the new platform
  offramp.ecs.cloudflare_pool_weights:
    zone: bond.example
    hostname: api.bond.example
    old: bond-server-heroku
    new: bond-server-aws
    share: 10
"""

RETURN = """
weights:
  description: The share of the new pool in percent, as it is in force, and the load balancer's description.
  returned: always
  type: dict
  sample: {hostname: api.bond.example, share: 10, new_pool_enabled: true, description: "offramp: 10 % on bond-aws"}
"""

SPEC = spec(
    POOLS,
    options={
        "share": {"type": "int"},
        "close_new": {"type": "bool", "default": False},
        "foreseen": {"type": "str", "default": ""},
        "marker": {"type": "str", "default": "offramp"},
    },
)


@dataclass(frozen=True)
class Want:
    """The wanted share, None to leave it; ``opening`` where a dry run foresees that the new pool will be open."""

    zone: str
    hostname: str
    old: str
    new: str
    share: Optional[int]
    close_new: bool
    marker: str
    opening: bool = False


@dataclass(frozen=True)
class Have:
    """The weights as they are; without a load balancer there are none, and all traffic is the old platform's."""

    hostname: str
    weights: dict[str, float]
    share: int
    enabled: bool
    description: str


def connect(_params: runner.Params, door: Door) -> Balancing:
    """The client."""
    return Balancing(session.client(door))


def wanted(params: runner.Params) -> Want:
    """The wanted weights from the arguments."""
    share = params["share"]
    if share is not None and not 0 <= share <= 100:
        raise BadInput(f"A share of {share} % is none.", target=params["hostname"], hint="Give 0 to 100.")
    named = {name: params[name] for name in SPEC["argument_spec"] if name != "foreseen"}
    return Want(**named, opening=is_unknown(params["foreseen"]))


def observe(api: Balancing, want: Want) -> Have:
    """Read the load balancer and its pools."""
    ground = api.ground(want.zone, want.hostname, [want.old, want.new])
    pool, balancer = ground.pools.get(want.new), ground.balancer
    return Have(
        hostname=want.hostname,
        weights=weights_of(balancer, ground.pools),
        share=share_of(ground, want.old, want.new),
        enabled=bool(pool and pool.owned["enabled"]),
        description=str(balancer.raw.get("description") or "") if balancer else "",
    )


def plan(have: Have, want: Want) -> list[Change]:
    """First close the pool where asked for, then move the weights."""
    changes = []
    _refuse_nowhere(have, want)
    if want.close_new and have.enabled:
        changes.append(Change("stop", f"Cloudflare pool {want.new}", {"enabled": True}, {"enabled": False}, want))
    if want.share is None or have.weights == _weights(want, want.share):
        return changes
    _refuse_closed(have, want, want.share)
    before = {want.old: f"{100 - have.share} %", want.new: f"{have.share} %"}
    after = {want.old: f"{100 - want.share} %", want.new: f"{want.share} %"}
    return [*changes, Change("shift", f"traffic of {want.hostname}", before, after, want)]


def close_new(api: Balancing, change: Change) -> None:
    """Disable the new pool."""
    api.patch("pool", change.payload.new, {"enabled": False})


def move(api: Balancing, change: Change) -> None:
    """Set the whole steering and our marker by one request."""
    want: Want = change.payload
    weights = {api.pool_id(name): weight for name, weight in _weights(want, want.share or 0).items()}
    description = f"{want.marker}: {want.share} % on {want.new}"
    body = {"random_steering": steering(weights), "description": description}
    api.patch("load balancer", want.hostname, body)


def report(have: Have) -> dict[str, Any]:
    """What playbooks may use."""
    return {
        "hostname": have.hostname,
        "share": have.share,
        "new_pool_enabled": have.enabled,
        "description": have.description,
    }


def foresee(have: Have, want: Want) -> Have:
    """The weights after the plan."""
    share = have.share if want.share is None else want.share
    return replace(have, share=share, enabled=have.enabled and not want.close_new)


def _weights(want: Want, share: int) -> dict[str, float]:
    return {want.old: round((100 - share) / 100, 2), want.new: round(share / 100, 2)}


def _refuse_nowhere(have: Have, want: Want) -> None:
    if want.close_new and want.new not in have.weights:
        raise Missing(
            f"No Cloudflare load balancer divides the traffic of {want.hostname} between {want.old} and {want.new}.",
            target=f"Cloudflare load balancer {want.hostname}",
            hint="Run playbooks/shift.yml first; until then all traffic goes where the DNS record points.",
        )


def _refuse_closed(have: Have, want: Want, share: int) -> None:
    if have.weights and share > have.share and not have.enabled and not want.opening:
        raise Refused(
            f"Pool {want.new} is disabled, so {want.hostname} cannot give it {share} % of the traffic.",
            target=f"Cloudflare pool {want.new}",
            hint="Somebody rolled back. Run playbooks/shift.yml from its start when that was meant to end.",
        )


MODULE = runner.Module[Balancing, Want, Have](
    name="cloudflare_pool_weights",
    noun="weights",
    spec=SPEC,
    connect=connect,
    want=wanted,
    observe=observe,
    plan=plan,
    apply={"stop": close_new, "shift": move},
    report=report,
    foresee=foresee,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
