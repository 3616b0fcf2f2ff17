#!/usr/bin/python
"""Module heroku_retirement_info: whether a Heroku app may stop, because nobody is sent to it any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare import session
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.balancing import Balancing
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.parts import POOLS, share_of
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import OfframpError, Refused
from ansible_collections.offramp.ecs.plugins.module_utils.engine.settle import Waiting
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import WAITING, spec
from ansible_collections.offramp.ecs.plugins.module_utils.heroku import apps
from ansible_collections.offramp.ecs.plugins.module_utils.heroku.client import Heroku

DOCUMENTATION = """
module: heroku_retirement_info
short_description: Check that a Heroku app may stop
description:
  - Reads who gets the traffic of the hostname. While Heroku gets any, a real run fails, and a dry run says what is in
    the way and goes on.
options:
  app:
    description: Name or id of the Heroku app.
    type: str
    required: true
extends_documentation_fragment: [offramp.ecs.heroku, offramp.ecs.cloudflare, offramp.ecs.pools, offramp.ecs.waiting]
version_added: 0.1.0
author: The Offramp founders (@offramp)
"""

EXAMPLES = """
- name: Make sure that nobody is sent to Heroku any more
  offramp.ecs.heroku_retirement_info:
    app: bond-server
    zone: bond.example
    hostname: api.bond.example
    old: production-bond-server-heroku
    new: production-bond-server-aws
"""

RETURN = """
retirement:
  description: Whether the app may stop.
  returned: success
  type: dict
  contains:
    app: {description: The Heroku app., type: str}
    processes: {description: Process type to number of dynos., type: dict}
    ready: {description: Whether nothing is in the way., type: bool}
    share: {description: Share of the new platform in percent., type: int}
"""

SPEC = spec(POOLS, WAITING, options={"app": {"type": "str", "required": True}})


@dataclass(frozen=True)
class Api:
    """Both sides."""

    heroku: Heroku
    balancing: Balancing


@dataclass(frozen=True)
class Want:
    """Which app, and over which hostname its traffic comes."""

    app: str
    zone: str
    hostname: str
    old: str
    new: str


@dataclass(frozen=True)
class Have:
    """The app, the share of its traffic in percent that the new platform gets, and how many dynos it has."""

    app: str
    hostname: str
    share: int
    processes: Mapping[str, int]


def connect(_params: Mapping[str, Any], door: Door) -> Api:
    """The clients."""
    return Api(Heroku(door), Balancing(session.client(door)))


def want(params: Mapping[str, Any]) -> Want:
    """What the arguments ask for."""
    return Want(params["app"], params["zone"], params["hostname"], params["old"], params["new"])


def observe(api: Api, want: Want) -> Have:
    """Who gets the traffic; and whether there is such an app at all."""
    app = apps.read_app(api.heroku, want.app)
    ground = api.balancing.ground(want.zone, want.hostname, [want.old, want.new])
    processes = {process.type: process.quantity for process in apps.read_formation(api.heroku, want.app)}
    return Have(app.name, want.hostname, share_of(ground, want.old, want.new), processes)


def report(have: Have) -> dict[str, Any]:
    """What playbooks may use."""
    ready = have.share == 100
    return {"app": have.app, "processes": dict(have.processes), "ready": ready, "share": have.share}


def headline(have: Have) -> list[str]:
    """The gate in one sentence."""
    state = "may stop" if have.share == 100 else f"must go on while it gets {100 - have.share} % of the traffic"
    return [f"Retirement of {apps.target_of(have.app)}: it {state}"]


def _in_the_way(have: Have) -> Optional[OfframpError]:
    if have.share == 100:
        return None
    return Refused(
        f"{apps.target_of(have.app)} must not stop: it still gets {100 - have.share} % of {have.hostname}'s traffic.",
        target=apps.target_of(have.app),
        hint="Run playbooks/shift.yml to its end first.",
    )


MODULE = runner.Module(
    name="heroku_retirement_info",
    noun="retirement",
    spec=SPEC,
    connect=connect,
    want=want,
    observe=observe,
    report=report,
    headline=headline,
    # A gate for real runs only: a dry run of a whole migration comes here before any traffic has moved.
    waiting=Waiting(settled=lambda _have: True, failed=_in_the_way, progress=lambda _have: ""),
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
