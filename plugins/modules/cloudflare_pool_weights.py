#!/usr/bin/python
"""How the traffic of a load balancer is split between the old and the new platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare import session, way_back
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.approval import approved_in, with_approval
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.balancing import Balancing
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.parts import (
    POOLS,
    share_of,
    steering,
    weights_for,
)
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.seen import (
    AFTER,
    Seen,
    mark,
    new_run,
    refuse_changed,
    seen_of,
)
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Refused
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import PATIENCE, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown

DOCUMENTATION = """
module: cloudflare_pool_weights
short_description: The weights of a Cloudflare load balancer's two pools
version_added: 0.1.0
author: The Offramp founders (@offramp)
description:
  - Sets both weights by one write, with the marker of who did it and in which run, and reads them back.
  - Never enables the new pool, and never gives more to a pool that is disabled, so a ramp cannot undo a rollback.
  - A person's approval of a step (M(offramp.ecs.cloudflare_ramp_approval)) stays while the share rises, and goes when
    it falls.
  - Where other hands have changed the steering since the run looked last (I(after)), it fails with both states and
    moves nothing, in either direction.
options:
  share:
    description: Percentage of the traffic that the new pool shall get. Without it, the present one is only reported.
    type: int
  lower_only:
    description: Whether a share that is not higher than I(share) stays as it is.
    type: bool
    default: false
  close_new:
    description:
      - Disable the new pool before its weight is taken away; new visitors leave it at once.
      - The old pool is enabled before that, and the balancer steers by weights with the old pool as its fallback
        again, whatever other hands have made of it.
      - Where no load balancer sends anybody to the new pool there is no way back; that is said before anything is
        closed.
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
  after:
    description:
      - What the run was told last of the steering, by M(offramp.ecs.cloudflare_load_balancer) or by this module.
        Without it nothing is compared.
    type: dict
    default: {}
extends_documentation_fragment:
  - offramp.ecs.cloudflare
  - offramp.ecs.pools
  - offramp.ecs.patience
"""

EXAMPLES = """
- name: Send a tenth of the traffic to the new platform
  offramp.ecs.cloudflare_pool_weights:
    zone: bond.example
    hostname: api.bond.example
    old: bond-server-heroku
    new: bond-server-aws
    share: 10
    after: "{{ __shift_balancer.load_balancer }}"
"""

RETURN = """
weights:
  description:
    - The share of the new pool in percent, as it is in force, and the load balancer's description. C(run) and C(seen)
      are for the I(after) of the next task, and tell what Cloudflare says also in a dry run.
  returned: always
  type: dict
  sample:
    hostname: api.bond.example
    share: 10
    new_pool_enabled: true
    description: "offramp 5f02ac: 10 % on bond-aws"
    run: 5f02ac
    seen:
      weights: {bond-heroku: 0.9, bond-aws: 0.1}
      description: "offramp 5f02ac: 10 % on bond-aws"
      steering_policy: random
      session_affinity: none
      disabled: []
"""

SPEC = spec(
    POOLS,
    AFTER,
    PATIENCE,
    options={
        "share": {"type": "int"},
        "lower_only": {"type": "bool", "default": False},
        "close_new": {"type": "bool", "default": False},
        "foreseen": {"type": "str", "default": ""},
        "marker": {"type": "str", "default": "offramp"},
    },
)


@dataclass(frozen=True)
class Want:
    """The wanted share, None to leave it; with ``lower_only`` the most that it may be.

    Attributes:
        run: this run's name, in the marker of its writes.
        after: what the run was told last of the steering.
        opening: whether a dry run foresees that the new pool will be open.
        approved: the step that a person approved before, which stays in the description.
    """

    zone: str
    hostname: str
    old: str
    new: str
    share: Optional[int]
    close_new: bool
    marker: str
    run: str = ""
    after: Mapping[str, Any] = field(default_factory=dict)
    lower_only: bool = False
    opening: bool = False
    approved: int = 0


@dataclass(frozen=True)
class Have:
    """The steering as it is; without a load balancer there are no weights, and all traffic is the old platform's.

    Attributes:
        enabled: whether the new pool is.
        road: what the way back asks for.
        run: the run that looked.
    """

    hostname: str
    weights: Mapping[str, float]
    share: int
    enabled: bool
    description: str
    seen: Seen = field(default_factory=dict)
    road: way_back.Road = field(default_factory=way_back.Road)
    run: str = ""


def connect(_params: runner.Params, door: Door) -> Balancing:
    """The client."""
    return Balancing(session.client(door))


def wanted(params: runner.Params) -> Want:
    """The wanted weights from the arguments."""
    share, after = params["share"], params["after"]
    if share is not None and not 0 <= share <= 100:
        raise BadInput(f"A share of {share} % is none.", target=params["hostname"], hint="Give 0 to 100.")
    named = {name: params[name] for name in SPEC["argument_spec"] if name not in ("foreseen", *PATIENCE)}
    return Want(**named, run=after.get("run") or new_run(), opening=is_unknown(params["foreseen"]))


def observe(api: Balancing, want: Want) -> Have:
    """Read the load balancer and its pools."""
    ground = api.ground(want.zone, want.hostname, [want.old, want.new])
    seen, road = seen_of(ground, want.old, want.new), way_back.road_of(ground, want.old, want.new)
    return Have(
        hostname=want.hostname,
        weights=seen["weights"],
        share=share_of(ground, want.old, want.new),
        enabled=road.new_open,
        description=str(ground.balancer.raw.get("description") or "") if ground.balancer else "",
        seen=seen,
        road=road,
        run=want.run,
    )


def plan(have: Have, want: Want) -> list[Change]:
    """First the pools where a way back is asked for, then the weights."""
    refuse_changed(want.hostname, have.seen, want.after, want.old, want.new)
    changes = way_back.open_and_close(have.road, want.hostname, want.old, want.new) if want.close_new else []
    share = None if want.lower_only and have.share <= (want.share or 0) else want.share
    moves = share is not None and have.weights != weights_for(want.old, want.new, share)
    if share is None or not (moves or (want.close_new and have.road.astray)):
        return changes
    _refuse_closed(have, want, share)
    before = {want.old: f"{100 - have.share} %", want.new: f"{have.share} %"}
    after = {want.old: f"{100 - share} %", want.new: f"{share} %"}
    kept = replace(want, approved=approved_in(have.description) if share > have.share else 0)
    return [*changes, Change("shift", f"traffic of {want.hostname}", before, after, kept)]


def move(api: Balancing, change: Change) -> None:
    """Set the whole steering and our marker by one request; on the way back the old pool is the fallback, too."""
    want: Want = change.payload
    share = want.share or 0
    weights = {api.pool_id(name): weight for name, weight in weights_for(want.old, want.new, share).items()}
    description = with_approval(mark(want.marker, want.run, share, want.new), want.approved)
    body = {"random_steering": steering(weights), "description": description}
    if want.close_new:
        body |= way_back.routing(*weights)
    api.patch("load balancer", want.hostname, body)


def report(have: Have) -> dict[str, Any]:
    """What playbooks may use."""
    return {
        "hostname": have.hostname,
        "share": have.share,
        "new_pool_enabled": have.enabled,
        "description": have.description,
        "run": have.run,
        "seen": dict(have.seen),
    }


def foresee(have: Have, want: Want) -> Have:
    """The weights after the plan; what was seen stays, for the next step of a dry ramp to compare with."""
    share = have.share if want.share is None or (want.lower_only and have.share <= want.share) else want.share
    return replace(have, share=share, enabled=have.enabled and not want.close_new)


def _refuse_closed(have: Have, want: Want, share: int) -> None:
    if have.weights and share > have.share and not have.enabled and not want.opening:
        raise Refused(
            f"Pool {want.new} is disabled, so {want.hostname} cannot give it {share} % of the traffic.",
            target=f"Cloudflare pool {want.new}",
            hint="Somebody rolled back. Run playbooks/shift.yml -e shift_reopen=true when that was meant to end.",
        )


MODULE = runner.Module[Balancing, Want, Have](
    name="cloudflare_pool_weights",
    noun="weights",
    spec=SPEC,
    connect=connect,
    want=wanted,
    observe=observe,
    plan=plan,
    apply={
        **dict.fromkeys(("start", "stop"), lambda api, change: api.patch("pool", *change.payload)),
        "shift": move,
    },
    report=report,
    foresee=foresee,
    patience=lambda params: params["patience"],
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
