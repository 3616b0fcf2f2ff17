#!/usr/bin/python
"""What a Cloudflare pool's description notes of the app behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare import notes, session
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.balancing import Balancing
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import PATIENCE, spec

DOCUMENTATION = """
module: cloudflare_pool_note
short_description: Note in a Cloudflare pool how big the app behind it was
version_added: 0.1.0
author: The Offramp founders (@offramp)
description:
  - Notes in the description of a pool how many dynos each process type of the app behind it has, before the app is
    retired, so that the way back knows it from Cloudflare alone. Whatever else the description says stays.
  - A process type that has no dynos keeps what is noted of it.
options:
  zone:
    description: Name of a Cloudflare zone of the account that owns the pool.
    type: str
    required: true
  pool:
    description: Name of the pool.
    type: str
    required: true
  processes:
    description: Process type to number of dynos. Without it what is noted is only reported.
    type: dict
    default: {}
extends_documentation_fragment:
  - offramp.ecs.cloudflare
  - offramp.ecs.patience
"""

EXAMPLES = """
- name: Note how big the app is
  offramp.ecs.cloudflare_pool_note:
    zone: bond.example
    pool: production-bond-server-heroku
    processes: {web: 2, worker: 1}
"""

RETURN = """
note:
  description: What is noted; nothing where there is no such pool.
  returned: success
  type: dict
  sample: {pool: production-bond-server-heroku, processes: {web: 2, worker: 1}}
"""

SPEC = spec(
    PATIENCE,
    options={
        "zone": {"type": "str", "required": True},
        "pool": {"type": "str", "required": True},
        "processes": {"type": "dict", "default": {}},
    },
)


@dataclass(frozen=True)
class Want:
    """Which pool, and what to note of the app behind it; nothing to leave the note as it is."""

    zone: str
    pool: str
    processes: Mapping[str, int]


@dataclass(frozen=True)
class Have:
    """The pool's description, and what it notes."""

    pool: str
    description: str
    processes: Mapping[str, int]


def connect(_params: runner.Params, door: Door) -> Balancing:
    """The client."""
    return Balancing(session.client(door))


def wanted(params: runner.Params) -> Want:
    """The wanted note from the arguments."""
    processes = {str(type_): int(number) for type_, number in params["processes"].items()}
    return Want(params["zone"], params["pool"], processes)


def observe(api: Balancing, want: Want) -> Have:
    """Read the pool."""
    pool = api.ground(want.zone, "", [want.pool]).pools.get(want.pool)
    description = str(pool.raw.get("description") or "") if pool else ""
    return Have(want.pool, description, notes.sizes_in(description))


def plan(have: Have, want: Want) -> list[Change]:
    """One change where the note differs; a dry run comes here before there is a pool."""
    if not want.processes:
        return []
    target, noted = f"note in Cloudflare pool {want.pool}", notes.kept(have.processes, want.processes)
    if noted == have.processes:
        return []
    description = notes.with_sizes(have.description, noted)
    return [Change("update", target, dict(have.processes), noted, (want.pool, description))]


def write(api: Balancing, change: Change) -> None:
    """Set the pool's description."""
    pool, description = change.payload
    api.patch("pool", pool, {"description": description})


def foresee(have: Have, want: Want) -> Have:
    """The note after the plan."""
    return replace(have, processes=notes.kept(have.processes, want.processes) if want.processes else have.processes)


def report(have: Have) -> dict[str, Any]:
    """What playbooks may use."""
    return {"pool": have.pool, "processes": dict(have.processes)}


MODULE = runner.Module[Balancing, Want, Have](
    name="cloudflare_pool_note",
    noun="note",
    spec=SPEC,
    connect=connect,
    want=wanted,
    observe=observe,
    plan=plan,
    apply={"update": write},
    foresee=foresee,
    report=report,
    patience=lambda params: params["patience"],
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
