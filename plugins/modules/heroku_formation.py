#!/usr/bin/python
"""Module heroku_formation: how many dynos each process type of a Heroku app has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Missing
from ansible_collections.offramp.ecs.plugins.module_utils.engine.settle import Waiting
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import WAITING, spec
from ansible_collections.offramp.ecs.plugins.module_utils.heroku import apps
from ansible_collections.offramp.ecs.plugins.module_utils.heroku.client import Heroku

DOCUMENTATION = """
module: heroku_formation
short_description: Scale the process types of a Heroku app
description:
  - Sets how many dynos process types have, in one request, and waits until the dynos that run agree.
  - Process types that are not named stay as they are.
options:
  app:
    description: Name or id of the app.
    type: str
    required: true
  processes:
    description: Process type to number of dynos.
    type: dict
  all:
    description: Number of dynos for every process type of the app.
    type: int
extends_documentation_fragment: [offramp.ecs.heroku, offramp.ecs.waiting]
version_added: 0.1.0
author: The Offramp founders (@offramp)
"""

EXAMPLES = """
- name: Bring the app back
  offramp.ecs.heroku_formation:
    app: bond-server
    processes: {web: 2, worker: 1}

- name: Stop everything
  offramp.ecs.heroku_formation:
    app: bond-server
    all: 0
"""

RETURN = """
formation:
  description: The formation after the run.
  returned: success
  type: dict
  contains:
    app: {description: Name of the app., type: str}
    processes: {description: Process type to number of dynos., type: dict}
    up: {description: Process type to number of dynos that are up., type: dict}
    crashed: {description: Dynos that crashed., type: list, elements: str}
"""

SPEC = spec(
    WAITING,
    options={
        "app": {"type": "str", "required": True},
        "processes": {"type": "dict"},
        "all": {"type": "int"},
    },
    mutually_exclusive=[["processes", "all"]],
    required_one_of=[["processes", "all"]],
)


@dataclass(frozen=True)
class Want:
    """Quantities by process type, or one for all of them."""

    app: str
    processes: Mapping[str, int]
    all: Optional[int]


@dataclass(frozen=True)
class Have:
    """Quantities by process type as they are set, and the dynos that run."""

    app: str
    processes: Mapping[str, int]
    dynos: tuple[apps.Dyno, ...]

    def in_state(self, *states: str) -> list[apps.Dyno]:
        """The dynos of the formation (one-off dynos left out) that are in one of the states."""
        return [dyno for dyno in self.dynos if dyno.state in states and dyno.type in self.processes]


def connect(_params: Mapping[str, Any], door: Door) -> Heroku:
    """The client."""
    return Heroku(door)


def want(params: Mapping[str, Any]) -> Want:
    """What the arguments ask for.

    Raises:
        BadInput: a number of dynos is not a whole number of 0 or more.
    """
    given = params["processes"] or {}
    everything = params["all"]
    return Want(
        params["app"],
        {str(type_): _whole(str(type_), number) for type_, number in given.items()},
        None if everything is None else _whole("all", everything),
    )


def observe(api: Heroku, want: Want) -> Have:
    """Two reads."""
    formation = apps.read_formation(api, want.app)
    quantities = {process.type: process.quantity for process in formation}
    return Have(want.app, quantities, apps.read_dynos(api, want.app))


def plan(have: Have, want: Want) -> list[Change]:
    """One change for all process types that differ.

    Raises:
        Missing: the app has no such process type.
    """
    differing = _differing(have, want)
    if not differing:
        return []
    before = {type_: have.processes[type_] for type_ in differing}
    return [Change("scale", f"formation of {apps.target_of(want.app)}", before, differing, (want.app, differing))]


def foresee(have: Have, want: Want) -> Have:
    """The numbers as they will be; the dynos follow later."""
    return replace(have, processes={**have.processes, **_differing(have, want)})


def report(have: Have) -> dict[str, Any]:
    """What playbooks may use."""
    up = [dyno.type for dyno in have.in_state("up")]
    return {
        "app": have.app,
        "processes": dict(have.processes),
        "up": {type_: up.count(type_) for type_ in have.processes},
        "crashed": [dyno.name for dyno in have.in_state("crashed")],
    }


def headline(have: Have) -> list[str]:
    """The formation in one sentence."""
    shape = ", ".join(f"{type_} x{number}" for type_, number in sorted(have.processes.items()))
    crashed = ", ".join(dyno.name for dyno in have.in_state("crashed"))
    return [f"Formation of {apps.target_of(have.app)}: {shape}{f'; CRASHED: {crashed}' if crashed else ''}"]


def _scale(api: Heroku, change: Change) -> None:
    app, quantities = change.payload
    apps.scale(api, app, quantities)


def _settled(have: Have) -> bool:
    """Every wanted dyno is up or has crashed, and none is left of those that are not wanted."""
    there = [dyno.type for dyno in have.in_state("up", "crashed", "idle")]
    return len(have.in_state("starting")) == 0 and all(
        there.count(type_) == number for type_, number in have.processes.items()
    )


def _progress(have: Have) -> str:
    up = [dyno.type for dyno in have.in_state("up")]
    return ", ".join(f"{type_} {up.count(type_)} of {number} up" for type_, number in sorted(have.processes.items()))


def _differing(have: Have, want: Want) -> dict[str, int]:
    wanted = dict(want.processes) if want.all is None else dict.fromkeys(have.processes, want.all)
    for type_ in wanted:
        if type_ not in have.processes:
            raise Missing(
                f"{apps.target_of(want.app)} has no process type {type_}.",
                target=apps.target_of(want.app),
                hint=f"It has: {', '.join(sorted(have.processes)) or 'none'}.",
            )
    return {type_: number for type_, number in wanted.items() if have.processes[type_] != number}


def _whole(name: str, number: Any) -> int:
    try:
        whole = int(str(number))
    except ValueError:
        whole = -1
    if whole < 0:
        raise BadInput(
            f"heroku_formation: {name} must be a whole number of dynos, 0 or more.",
            hint="For example: processes: {web: 2, worker: 1}.",
        )
    return whole


MODULE = runner.Module(
    name="heroku_formation",
    noun="formation",
    spec=SPEC,
    connect=connect,
    want=want,
    observe=observe,
    report=report,
    plan=plan,
    apply={"scale": _scale},
    foresee=foresee,
    headline=headline,
    waiting=Waiting(settled=_settled, failed=lambda _have: None, progress=_progress),
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
