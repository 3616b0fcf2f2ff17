#!/usr/bin/python
"""Module heroku_app_info: what a Heroku app is made of, without any value of its config vars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws.dyno_sizes import on_fargate
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.fingerprint import fingerprint
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import spec
from ansible_collections.offramp.ecs.plugins.module_utils.heroku import apps
from ansible_collections.offramp.ecs.plugins.module_utils.heroku.client import Heroku

DOCUMENTATION = """
module: heroku_app_info
short_description: Read what a Heroku app is made of
description:
  - Reads an app with its formation, add-ons, domains, last releases, features, log drains and the names of its config
    vars.
  - Values of config vars never leave the module; each key comes with a keyed fingerprint, which tells whether two
    values are equal, and with the add-on that owns it.
options:
  app:
    description: Name or id of the app.
    type: str
    required: true
  releases:
    description: How many releases to read, newest first.
    type: int
    default: 5
  jobs:
    description: Names of the scheduled jobs that AWS is to run. No API tells those of Heroku's Scheduler.
    type: list
    elements: str
    default: []
extends_documentation_fragment: [offramp.ecs.heroku]
version_added: 0.1.0
author: The Offramp founders (@offramp)
"""

EXAMPLES = """
- name: Look at the app
  offramp.ecs.heroku_app_info:
    app: bond-server
  register: __survey_app
"""

RETURN = """
app:
  description: The app.
  returned: success
  type: dict
  contains:
    name: {description: Name., type: str}
    id: {description: Heroku's id., type: str}
    region: {description: Heroku's region., type: str}
    stack: {description: Heroku's stack., type: str}
    web_url: {description: Address at herokuapp.com., type: str}
    maintenance: {description: Whether maintenance mode is on., type: bool}
    formation:
      description:
        - Process types with quantity, size and command, and in C(fargate) cpu and memory of the task that has as much.
      type: list
      elements: dict
    addons:
      description: Add-ons with service, plan, state, monthly cost in US cents and the keys they own.
      type: list
      elements: dict
    domains: {description: "Host names with kind, cname and state of the certificate.", type: list, elements: dict}
    releases: {description: The last releases., type: list, elements: dict}
    features: {description: Features that are switched on., type: list, elements: str}
    drains: {description: "Log drains: scheme and host, and the add-on that owns each.", type: list, elements: dict}
    config: {description: "Config vars: key, fingerprint of the value, owner.", type: list, elements: dict}
"""

SPEC = spec(
    options={
        "app": {"type": "str", "required": True},
        "releases": {"type": "int", "default": 5},
        "jobs": {"type": "list", "elements": "str", "default": []},
    }
)

_CLOCKS = ("scheduler", "advanced-scheduler", "crontogo")
"""Add-ons that run jobs by the clock, which Heroku's API does not tell."""


@dataclass(frozen=True)
class Want:
    """What to look at."""

    app: str
    releases: int
    jobs: tuple[str, ...]


@dataclass(frozen=True)
class Key:
    """A config var without its value. ``owner`` is the add-on that sets it."""

    key: str
    fingerprint: str
    owner: Optional[str]


@dataclass(frozen=True)
class Have:
    """The app as it is."""

    app: apps.App
    formation: tuple[apps.Process, ...]
    addons: tuple[apps.Addon, ...]
    domains: tuple[apps.Domain, ...]
    releases: tuple[apps.Release, ...]
    features: tuple[str, ...]
    drains: tuple[apps.Drain, ...]
    config: tuple[Key, ...]
    jobs: tuple[str, ...]


def connect(_params: Mapping[str, Any], door: Door) -> Heroku:
    """The client."""
    return Heroku(door)


def want(params: Mapping[str, Any]) -> Want:
    """What the arguments ask for."""
    return Want(params["app"], params["releases"], tuple(params["jobs"]))


def observe(api: Heroku, want: Want) -> Have:
    """Eight reads; the first one finds out whether the token and the name are right."""
    app = apps.read_app(api, want.app)
    addons = apps.read_addons(api, want.app)
    return Have(
        app=app,
        formation=apps.read_formation(api, want.app),
        addons=addons,
        domains=apps.read_domains(api, want.app),
        releases=apps.read_releases(api, want.app, want.releases),
        features=apps.read_features(api, want.app),
        drains=apps.read_drains(api, want.app),
        config=_keys(apps.read_config(api, want.app), addons),
        jobs=want.jobs,
    )


def report(have: Have) -> dict[str, Any]:
    """What playbooks may use."""
    parts = asdict(have)
    del parts["jobs"]
    parts["formation"] = [{**asdict(process), "fargate": _on_fargate(process.size)} for process in have.formation]
    return {**parts.pop("app"), **parts}


def headline(have: Have) -> list[str]:
    """The app in one sentence, and a doubt about jobs that nobody can look at."""
    shape = ", ".join(f"{process.type} x{process.quantity} {_shape(process.size)}" for process in have.formation)
    services = ", ".join(addon.service for addon in have.addons) or "none"
    keys = f"{len(have.config)} config vars"
    told = [f"{apps.target_of(have.app.name)}: {shape or 'no processes'}; {keys}; add-ons {services}"]
    return told + [_doubt(addon, have) for addon in have.addons if addon.service in _CLOCKS]


def _on_fargate(size: str) -> Optional[dict[str, int]]:
    """The task that has as much as a dyno; None where there is none as large, or Heroku has no such size."""
    try:
        return on_fargate(size)._asdict()
    except BadInput:
        return None


def _shape(size: str) -> str:
    task = _on_fargate(size)
    return f"({size}, on Fargate {task['cpu']}/{task['memory']})" if task else f"({size}, too large for Fargate)"


def _doubt(addon: apps.Addon, have: Have) -> str:
    named = f"is to run {', '.join(have.jobs)}" if have.jobs else "is to run none"
    return (
        f"Jobs of {apps.target_of(have.app.name)}: add-on {addon.name} ({addon.service}) runs some by the clock; no "
        f"API tells which. AWS {named}. Compare that with the add-on's dashboard, and name each in release_jobs; in "
        "the app's log they are scheduler.N"
    )


def _keys(config: Mapping[str, str], addons: tuple[apps.Addon, ...]) -> tuple[Key, ...]:
    owner = apps.owners(addons)
    return tuple(
        Key(key, fingerprint(config[key]), owner[key].name if key in owner else None) for key in sorted(config)
    )


MODULE = runner.Module(
    name="heroku_app_info",
    noun="app",
    spec=SPEC,
    connect=connect,
    want=want,
    observe=observe,
    report=report,
    headline=headline,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
