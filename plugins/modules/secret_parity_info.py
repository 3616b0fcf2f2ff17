#!/usr/bin/python
"""Module secret_parity_info: whether ECS services run with the configuration that a Heroku app has now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import references, secrets
from ansible_collections.offramp.ecs.plugins.module_utils.aws.pins import Pins
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import OfframpError, Refused
from ansible_collections.offramp.ecs.plugins.module_utils.engine.settle import Waiting
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import AWS, WAITING, spec
from ansible_collections.offramp.ecs.plugins.module_utils.heroku import apps, client
from ansible_collections.offramp.ecs.plugins.module_utils.policy import mapping

DOCUMENTATION = """
module: secret_parity_info
short_description: Compare the configuration that services run with to a Heroku app's
description:
  - A gate before traffic moves. Reads the config vars of the app, decides by the rules of M(offramp.ecs.secret_bundle)
    what travels, and compares that with the version of the secret that each service's release pins, inside this
    module. Values never leave it; keys that differ are named.
  - While a service runs with another configuration a real run fails, and a dry run says what differs and goes on.
options:
  app:
    description: Name or id of the Heroku app.
    type: str
    required: true
  name:
    description: Name of the secret.
    type: str
    required: true
  cluster:
    description: Name or ARN of the cluster.
    type: str
    required: true
  services:
    description: Names of the services that use the secret.
    type: list
    elements: str
    required: true
extends_documentation_fragment:
  - offramp.ecs.aws
  - offramp.ecs.heroku
  - offramp.ecs.rules
  - offramp.ecs.waiting
version_added: 0.1.0
author: The Offramp founders (@offramp)
"""

EXAMPLES = """
- name: Make sure that both sides run with the same configuration
  offramp.ecs.secret_parity_info:
    app: bond-server
    name: production/bond-server/config
    region: eu-west-1
    cluster: offramp-production
    services: [bond-server-web, bond-server-worker]
"""

RETURN = """
parity:
  description: Whether both sides run with the same.
  returned: success
  type: dict
  contains:
    app: {description: The Heroku app., type: str}
    secret: {description: Name of the secret., type: str}
    equal: {description: Whether every service runs with what the app has., type: bool}
    differing: {description: Service to the names of keys that differ there., type: dict}
"""

_TEXT = {"type": "str", "required": True}
SPEC = spec(
    AWS,
    WAITING,
    mapping.OPTIONS,
    options={
        "app": _TEXT,
        "name": _TEXT,
        "cluster": _TEXT,
        "services": {"type": "list", "elements": "str", "required": True},
    },
)


@dataclass(frozen=True)
class Api:
    """Both sides, and who uses the secret."""

    heroku: client.Heroku
    secrets: secrets.Secrets
    pins: Pins


@dataclass(frozen=True)
class Want:
    """Which app, which secret by which rules, and which services."""

    app: str
    name: str
    cluster: str
    services: tuple[str, ...]
    rules: mapping.Rules
    references: Mapping[str, references.Reference]


@dataclass(frozen=True)
class Have:
    """Service -> keys that differ there; a service that does not use the secret is not in it."""

    app: str
    name: str
    differing: Mapping[str, tuple[str, ...]]

    @property
    def equal(self) -> bool:
        """Whether there is a service, and all run with what the app has."""
        return bool(self.differing) and not any(self.differing.values())


def connect(params: Mapping[str, Any], door: Door) -> Api:
    """The clients; nothing is written, so no version needs an id."""
    region = params["region"]
    return Api(client.Heroku(door), secrets.Secrets(door, region, ""), Pins(region, door))


def want(params: Mapping[str, Any]) -> Want:
    """What the arguments ask for."""
    rules = mapping.rules_of(params)
    return Want(
        params["app"],
        params["name"],
        params["cluster"],
        tuple(params["services"]),
        rules,
        {name: references.parse(name, text) for name, text in rules.references.items()},
    )


def observe(api: Api, want: Want) -> Have:
    """Config vars and add-ons at Heroku; the services at AWS, and each version that they pin."""
    known = api.secrets.read(want.name)
    uses = api.pins.uses(want.cluster, want.services, known.arn) if known else ()
    if known is None or not uses:
        return Have(want.app, want.name, {})
    source = apps.read_config(api.heroku, want.app)
    owners = mapping.owners_of(apps.owners(apps.read_addons(api.heroku, want.app)))
    decisions = mapping.decide(source, owners, want.rules)
    read = references.read(api.secrets, want.references)
    wanted = mapping.travelling(decisions, source, want.rules.constants, read)
    versions = {use.version for use in uses} - {"", known.version}
    pinned = {version: api.secrets.content_at(want.name, version) for version in sorted(versions)}
    found = {use.service: differing(pinned.get(use.version, known.content), wanted, use.keys) for use in uses}
    return Have(want.app, want.name, found)


def differing(
    pinned: Optional[Mapping[str, str]], wanted: Mapping[str, str], named: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """The keys of which a service does not have what the app has. Pure.

    Args:
        pinned: the version that its release pins; None where that is gone.
        wanted: what the app has, by the rules.
        named: the keys that its task definition names; empty where it takes all.
    """
    has = {key: value for key, value in (pinned or {}).items() if not named or key in named}
    return tuple(sorted(key for key in {*has, *wanted} if has.get(key) != wanted.get(key)))


def report(have: Have) -> dict[str, Any]:
    """What playbooks may use; names only."""
    told = {service: list(keys) for service, keys in have.differing.items()}
    return {"app": have.app, "secret": have.name, "equal": have.equal, "differing": told}


def headline(have: Have) -> list[str]:
    """The gate in one sentence."""
    if have.equal:
        return [f"Gate: {', '.join(have.differing)} run with the configuration of {apps.target_of(have.app)}"]
    return [f"Gate: {_told(have)}"]


def _told(have: Have) -> str:
    if not have.differing:
        return f"no service runs with secret {have.name}"
    services = [f"{service} ({', '.join(keys)})" for service, keys in have.differing.items() if keys]
    return f"{apps.target_of(have.app)} has another configuration than ECS service {'; '.join(services)}"


def _unequal(have: Have) -> Optional[OfframpError]:
    if have.equal:
        return None
    return Refused(
        f"No traffic may move: {_told(have)}.",
        target=f"secret {have.name}",
        hint="Run playbooks/copy.yml -e copy_releases=true first.",
    )


MODULE = runner.Module(
    name="secret_parity_info",
    noun="parity",
    spec=SPEC,
    connect=connect,
    want=want,
    observe=observe,
    report=report,
    headline=headline,
    waiting=Waiting(settled=lambda _have: True, failed=_unequal, progress=lambda _have: ""),
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
