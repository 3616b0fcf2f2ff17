#!/usr/bin/python
"""Module heroku_readiness: whether a Heroku app can take its traffic back, made big again where it was made small."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import OfframpError, Refused, Verdict
from ansible_collections.offramp.ecs.plugins.module_utils.engine.settle import Waiting
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import WAITING, spec
from ansible_collections.offramp.ecs.plugins.module_utils.heroku import apps
from ansible_collections.offramp.ecs.plugins.module_utils.heroku.client import Heroku

DOCUMENTATION = """
module: heroku_readiness
short_description: Make a Heroku app big enough for its traffic to come back
description:
  - Looks how many web dynos the app has, scales it up to what it had before it was retired, and waits until they run.
    Only C(web) takes traffic, so other process types stay as they are. An app is never made smaller.
  - Where nobody knows that the app was made small, one web dyno may be starting beside others that are up, and is not
    waited for. Heroku restarts every dyno about once a day.
  - Where Heroku cannot be asked (no token, no answer) and nobody has noted that the app was made small, the module says
    so and goes on. Where it was made small, or has no web dyno and nobody knows how many it had, it fails.
options:
  app:
    description: Name or id of the app.
    type: str
    required: true
  noted:
    description:
      - Process type to number of dynos before the app was retired, as M(offramp.ecs.cloudflare_pool_note) has it.
    type: dict
    default: {}
  processes:
    description: The same, where nothing is noted.
    type: dict
    default: {}
  force:
    description: Ask nobody, and go on whatever the app is.
    type: bool
    default: false
extends_documentation_fragment: [offramp.ecs.heroku, offramp.ecs.waiting]
version_added: 0.1.0
author: The Offramp founders (@offramp)
"""

EXAMPLES = """
- name: Make Heroku as big as it was
  offramp.ecs.heroku_readiness:
    app: bond-server
    noted: {web: 2, worker: 1}
    within: 120
    every: 2
"""

RETURN = """
readiness:
  description: Whether the app can take traffic.
  returned: success
  type: dict
  contains:
    app: {description: Name of the app., type: str}
    known: {description: Whether Heroku could be asked., type: bool}
    web: {description: "Web dynos that are wanted; 0 where that is not known.", type: int}
    up: {description: Web dynos that are up., type: int}
"""

SPEC = spec(
    WAITING,
    options={
        "app": {"type": "str", "required": True},
        "noted": {"type": "dict", "default": {}},
        "processes": {"type": "dict", "default": {}},
        "force": {"type": "bool", "default": False},
    },
)
WEB = "web"
_RESTARTING = 1
"""So many dynos may be starting of an app that was left alone: https://devcenter.heroku.com/articles/dynos#restarting."""
_PATIENCE_S = 5.0
"""Seconds for one answer: a rollback must not wait for a platform that is down."""


class Api:
    """Heroku, which is only met when it is asked: without a token the module has something to say, too."""

    def __init__(self, door: Door) -> None:
        self._door = door

    @cached_property
    def heroku(self) -> Heroku:
        """The client."""
        return Heroku(self._door, patience=_PATIENCE_S)


@dataclass(frozen=True)
class Want:
    """How many web dynos the app had, None where nobody knows, and whether somebody has ``noted`` that."""

    app: str
    web: Optional[int]
    noted: bool
    force: bool


@dataclass(frozen=True)
class Have:
    """The web dynos that are wanted and those there are by state; ``trouble`` where Heroku could not be asked.

    Of an app that ``grew``, or that an earlier run may have let grow, all are waited for.
    """

    app: str
    web: int = 0
    states: tuple[str, ...] = ()
    trouble: str = ""
    forced: bool = False
    grew: bool = False

    @property
    def starting(self) -> int:
        """Web dynos that do not answer yet."""
        return self.states.count("starting")

    @property
    def up(self) -> int:
        """Web dynos that answer; an idle one starts with its next request."""
        return sum(state in ("up", "idle") for state in self.states)


def connect(_params: Mapping[str, Any], door: Door) -> Api:
    """The client."""
    return Api(door)


def want(params: Mapping[str, Any]) -> Want:
    """What the arguments ask for."""
    known = params["noted"] or params["processes"]
    web = int(known[WEB]) if WEB in known else None
    return Want(params["app"], web, bool(params["noted"].get(WEB)), params["force"])


def observe(api: Api, want: Want) -> Have:
    """Two reads; none where that is not wanted, or there is no token."""
    if want.force:
        return Have(want.app, forced=True)
    try:
        formation = apps.read_formation(api.heroku, want.app)
        dynos = apps.read_dynos(api.heroku, want.app)
    except OfframpError as error:
        return Have(want.app, trouble=error.msg)
    web = sum(process.quantity for process in formation if process.type == WEB)
    states = tuple(dyno.state for dyno in dynos if dyno.type == WEB)
    return Have(want.app, web, states, grew=bool(want.web))


def plan(have: Have, want: Want) -> list[Change]:
    """Scale the web dynos up where there are fewer than there were.

    Raises:
        Refused: the app was made small and cannot be made big again.
    """
    if have.forced:
        return []
    if have.trouble and want.noted:
        raise _refused(
            want, f"had {want.web} web dynos before it was retired and cannot be made so big: {have.trouble}"
        )
    if have.trouble or have.web >= (want.web or 1):
        return []
    if not want.web:
        raise _refused(want, "has no web dyno, and nobody knows how many it had")
    scaled = {WEB: want.web}
    target = f"formation of {apps.target_of(want.app)}"
    return [Change("scale", target, {WEB: have.web}, scaled, (want.app, scaled))]


def _refused(want: Want, why: str) -> Refused:
    return Refused(
        f"{apps.target_of(want.app)} {why.rstrip('.')}.",
        target=apps.target_of(want.app),
        hint="Scale it up and set HEROKU_API_KEY. playbooks/rollback.yml -e rollback_force=true goes without.",
    )


def foresee(have: Have, want: Want) -> Have:
    """The number as it will be; the dynos follow later."""
    return have if have.trouble or have.forced else replace(have, web=max(have.web, want.web or 0))


def report(have: Have) -> dict[str, Any]:
    """What playbooks may use."""
    return {"app": have.app, "known": not (have.trouble or have.forced), "web": have.web, "up": have.up}


def headline(have: Have) -> list[str]:
    """Whether Heroku can take the traffic, in one sentence."""
    about = f"Readiness of {apps.target_of(have.app)}"
    if have.forced:
        return [f"{about}: not looked at, by rollback_force"]
    if have.trouble:
        return [f"{about}: NOT KNOWN ({have.trouble}); nobody has noted that it was made small"]
    return [f"{about}: {have.up} of {have.web} web dynos up"]


def _settled(have: Have) -> bool:
    if len(have.states) < have.web:
        return False
    return not have.starting or (not have.grew and have.up > 0 and have.starting <= _RESTARTING)


def _failed(have: Have) -> Optional[OfframpError]:
    if not have.web or set(have.states) != {"crashed"}:
        return None
    return Verdict(
        f"Every web dyno of {apps.target_of(have.app)} has crashed.",
        target=apps.target_of(have.app),
        hint="Mend it at Heroku. playbooks/rollback.yml -e rollback_force=true goes without.",
    )


def _scale(api: Api, change: Change) -> None:
    app, quantities = change.payload
    apps.scale(api.heroku, app, quantities)


MODULE = runner.Module(
    name="heroku_readiness",
    noun="readiness",
    spec=SPEC,
    connect=connect,
    want=want,
    observe=observe,
    report=report,
    plan=plan,
    apply={"scale": _scale},
    foresee=foresee,
    headline=headline,
    waiting=Waiting(
        settled=_settled,
        failed=_failed,
        progress=lambda have: f"{have.up} of {have.web} web dynos up",
    ),
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
