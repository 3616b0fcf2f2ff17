#!/usr/bin/python
"""A person's approval of a step at which a ramp waits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare import session
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.approval import approved_in, with_approval
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.balancing import Balancing
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.parts import POOLS, share_of
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Missing
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import spec

DOCUMENTATION = """
module: cloudflare_ramp_approval
short_description: A person's approval of a step of a ramp
version_added: 0.1.0
author: The Offramp founders (@offramp)
description:
  - Writes into the load balancer's description that the traffic ramp may go on from a step, and moves nothing.
  - A run that waits at that step reads it and goes on; a later run does not wait there.
  - The approval goes when traffic goes back to the old platform.
options:
  step:
    description: The step in percent from which the ramp may go on; lower ones are approved with it.
    type: int
    required: true
extends_documentation_fragment:
  - offramp.ecs.cloudflare
  - offramp.ecs.pools
"""

EXAMPLES = """
- name: Let the ramp go on from a quarter
  offramp.ecs.cloudflare_ramp_approval:
    zone: bond.example
    hostname: api.bond.example
    old: bond-server-heroku
    new: bond-server-aws
    step: 25
"""

RETURN = """
approval:
  description: The highest share that is approved, and the share that the new pool has.
  returned: success
  type: dict
  sample: {hostname: api.bond.example, approved: 25, share: 25}
"""

SPEC = spec(POOLS, options={"step": {"type": "int", "required": True}})


@dataclass(frozen=True)
class Want:
    """The step to approve, and the description to approve it in."""

    zone: str
    hostname: str
    old: str
    new: str
    step: int
    description: str = ""


@dataclass(frozen=True)
class Have:
    """What the load balancer says; ``exists`` where there is one."""

    hostname: str
    exists: bool
    share: int
    description: str
    approved: int


def connect(_params: runner.Params, door: Door) -> Balancing:
    """The client."""
    return Balancing(session.client(door))


def wanted(params: runner.Params) -> Want:
    """The approval from the arguments."""
    if not 0 < params["step"] < 100:
        raise BadInput(
            f"A ramp does not wait at {params['step']} %.", target=params["hostname"], hint="Approve a step of 1 to 99."
        )
    return Want(**{name: params[name] for name in SPEC["argument_spec"]})


def observe(api: Balancing, want: Want) -> Have:
    """Read the load balancer."""
    ground = api.ground(want.zone, want.hostname, [want.old, want.new])
    said = str(ground.balancer.raw.get("description") or "") if ground.balancer else ""
    share = share_of(ground, want.old, want.new)
    return Have(want.hostname, ground.balancer is not None, share, said, approved_in(said))


def plan(have: Have, want: Want) -> list[Change]:
    """One change of the description, unless it says so."""
    if not have.exists:
        raise Missing(
            f"There is no Cloudflare load balancer {want.hostname}, so no ramp waits.",
            target=f"Cloudflare load balancer {want.hostname}",
            hint="Run playbooks/shift.yml first.",
        )
    if have.approved == want.step:
        return []
    before, after = ({"approved": f"to {share} %" if share else "nothing"} for share in (have.approved, want.step))
    return [Change("update", f"ramp of {want.hostname}", before, after, replace(want, description=have.description))]


def approve(api: Balancing, change: Change) -> None:
    """Set the description alone."""
    want: Want = change.payload
    api.patch("load balancer", want.hostname, {"description": with_approval(want.description, want.step)})


def report(have: Have) -> dict[str, Any]:
    """What playbooks may use."""
    return {"hostname": have.hostname, "approved": have.approved, "share": have.share}


def headline(have: Have) -> list[str]:
    """What is approved now, and who goes on."""
    return [
        f"Ramp of {have.hostname}: approved to {have.approved} %, at {have.share} % now; a run that waits goes on by "
        "itself, else run playbooks/shift.yml"
    ]


MODULE = runner.Module[Balancing, Want, Have](
    name="cloudflare_ramp_approval",
    noun="approval",
    spec=SPEC,
    connect=connect,
    want=wanted,
    observe=observe,
    plan=plan,
    apply={"update": approve},
    report=report,
    foresee=lambda have, want: replace(have, approved=want.step),
    headline=headline,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
