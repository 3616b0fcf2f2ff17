#!/usr/bin/python
"""Module secret_bundle: the config vars of a Heroku app as one secret on AWS, byte for byte."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import secrets
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.fingerprint import KEY_VARIABLE, fingerprint
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import AWS, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown, is_unknown
from ansible_collections.offramp.ecs.plugins.module_utils.heroku import apps, client
from ansible_collections.offramp.ecs.plugins.module_utils.policy import mapping

DOCUMENTATION = """
module: secret_bundle
short_description: Copy the config vars of a Heroku app into one secret on AWS
description:
  - Reads the config vars of a Heroku app, decides by rules which of them travel, and keeps them as one JSON map in a
    secret of AWS Secrets Manager. Values never leave the module.
  - Maps are compared as maps, so order and formatting are no change. Without a change nothing is written; with one,
    a single new version is made, and a run that repeats a crashed one makes no second version.
  - Keys of the platform (C(PORT), C(DYNO), C(HEROKU_*)) do not travel unless they are named. Keys that add-ons own are
    copied while Heroku runs the service, and refused where they end with the add-on (log services).
options:
  app:
    description: Name or id of the Heroku app.
    type: str
    required: true
  name:
    description: Name of the secret.
    type: str
    required: true
  include:
    description:
      - Patterns of keys that travel. A key written out here travels even when the platform or an add-on owns it.
    type: list
    elements: str
    default: ["*"]
  exclude:
    description: Patterns of keys that do not travel.
    type: list
    elements: str
    default: []
  rename:
    description: Key at Heroku to name on AWS. A key named here travels.
    type: dict
    default: {}
extends_documentation_fragment: [offramp.ecs.aws, offramp.ecs.heroku]
version_added: 0.1.0
author: The Offramp founders (@offramp)
"""

EXAMPLES = """
- name: Copy the configuration
  offramp.ecs.secret_bundle:
    app: bond-server
    name: production/bond-server/config
    region: eu-west-1
    exclude: ["STAGING_*"]
    rename: {HEROKU_APP_NAME: APP_NAME}
  register: __copy_secret
"""

RETURN = """
secret:
  description: The secret after the run.
  returned: success
  type: dict
  contains:
    name: {description: Name., type: str}
    arn: {description: Full ARN., type: str}
    version_id: {description: Id of the current version., type: str}
    keys: {description: Names in the secret., type: list, elements: str}
    refused: {description: "Keys that do not travel: key, reason, rule.", type: list, elements: dict}
    decisions:
      description: "All keys: verdict, name, reason, rule, owner, size in bytes, fingerprint."
      type: list
      elements: dict
    unmet: {description: Keys that include or rename write out and the app does not have., type: list, elements: str}
"""

SPEC = spec(
    AWS,
    options={
        "app": {"type": "str", "required": True},
        "name": {"type": "str", "required": True},
        "include": {"type": "list", "elements": "str", "default": ["*"]},
        "exclude": {"type": "list", "elements": "str", "default": []},
        "rename": {"type": "dict", "default": {}},
    },
)


@dataclass(frozen=True)
class Api:
    """Both sides."""

    heroku: client.Heroku
    secrets: secrets.Secrets


@dataclass(frozen=True)
class Want:
    """Which app, which secret, by which rules."""

    app: str
    name: str
    rules: mapping.Rules


@dataclass(frozen=True)
class Have:
    """Both sides as they are: the app's config vars with what the rules say of each, and the secret."""

    app: str
    name: str
    source: Mapping[str, str] = field(repr=False)
    decisions: tuple[mapping.Decision, ...]
    unmet: tuple[str, ...]
    secret: Optional[secrets.Secret]

    def wanted(self) -> dict[str, str]:
        """The map as the secret should hold it."""
        return {decision.name: self.source[decision.key] for decision in self.decisions if decision.name is not None}


def connect(params: Mapping[str, Any], door: Door) -> Api:
    """The clients. Ids of versions are keyed by what only this company knows, and the same run after run."""
    heroku = client.Heroku(door)
    token_key = os.environ.get(KEY_VARIABLE, "") or os.environ[client.KEY_VARIABLE]
    return Api(heroku, secrets.Secrets(door, params["region"], token_key))


def want(params: Mapping[str, Any]) -> Want:
    """What the arguments ask for.

    Raises:
        BadInput: the secret's name is refused.
    """
    secrets.check_name(params["name"])
    rename = {str(key): str(name) for key, name in params["rename"].items()}
    return Want(
        params["app"], params["name"], mapping.Rules(tuple(params["include"]), tuple(params["exclude"]), rename)
    )


def observe(api: Api, want: Want) -> Have:
    """Config vars and add-ons at Heroku, the secret at AWS; who owns the secret only when it must be written."""
    source = apps.read_config(api.heroku, want.app)
    owners = {
        key: mapping.Owner(it.name, it.service)
        for key, it in apps.owners(apps.read_addons(api.heroku, want.app)).items()
    }
    decisions = tuple(mapping.decide(source, owners, want.rules))
    unmet = tuple(mapping.unmet(source, want.rules))
    have = Have(want.app, want.name, source, decisions, unmet, api.secrets.read(want.name))
    if have.secret is None or have.secret.content == have.wanted():
        return have
    return replace(have, secret=api.secrets.described(want.name, have.secret))


def plan(have: Have, want: Want) -> list[Change]:
    """One new version where the maps differ, after the gates.

    Raises:
        Refused: a gate is shut; nothing was written.
    """
    wanted, secret = have.wanted(), have.secret
    if secret is not None and secret.content == wanted:
        return []
    secrets.check_content(want.name, wanted)
    if secret is None:
        return [Change("create", secrets.target_of(want.name), None, _described(have, {}, wanted), have)]
    secrets.check_writable(want.name, secret, want.app)
    before = dict(secret.content or {})
    gone = {name: _shape(value) for name, value in before.items() if wanted.get(name) != value}
    return [Change("rotate", secrets.target_of(want.name), gone, _described(have, before, wanted), have)]


def foresee(have: Have, want: Want) -> Have:
    """The secret as it will be; its ids are the vendor's to give."""
    wanted, secret = have.wanted(), have.secret
    if secret is not None and secret.content == wanted:
        return have
    arn = secret.arn if secret else Unknown(f"ARN of secret {want.name}", "playbooks/copy.yml")
    version = Unknown(f"version of secret {want.name}", "playbooks/copy.yml")
    return replace(have, secret=secrets.Secret(arn, version, wanted))


def report(have: Have) -> dict[str, Any]:
    """What playbooks may use; no value."""
    secret = have.secret
    refused = [decision for decision in have.decisions if decision.name is None]
    return {
        "name": have.name,
        "arn": secret.arn if secret else "",
        "version_id": secret.version if secret else "",
        "keys": sorted((secret.content or {}) if secret else {}),
        "refused": [{"key": it.key, "reason": it.reason, "rule": it.rule} for it in refused],
        "decisions": [_row(it, have.source[it.key]) for it in have.decisions],
        "unmet": list(have.unmet),
    }


def headline(have: Have) -> list[str]:
    """How many keys travel, and why the others do not."""
    refused = [decision for decision in have.decisions if decision.name is None]
    why = f" ({'; '.join(f'{it.key}: {it.reason}' for it in refused)})" if refused else ""
    unmet = f"; not at Heroku, though named: {', '.join(have.unmet)}" if have.unmet else ""
    state = "to copy" if have.secret is None or is_unknown(have.secret.version) else "copied"
    count = len(have.decisions) - len(refused)
    return [f"Secret {have.name}: {count} keys {state}, {len(refused)} refused{why}{unmet}"]


def _create(api: Api, change: Change) -> None:
    have: Have = change.payload
    api.secrets.create(have.name, have.wanted(), have.app)


def _rotate(api: Api, change: Change) -> None:
    have: Have = change.payload
    assert have.secret is not None  # noqa: S101 - a secret that is rotated is there
    api.secrets.put(have.name, have.secret.arn, have.secret.version, have.wanted())


def _described(have: Have, before: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, str]:
    """Name -> kind of change, shape, owner and rule, of the names that are new or differ."""
    decision_of = {decision.name: decision for decision in have.decisions if decision.name is not None}
    return {
        name: f"{'changed' if name in before else 'added'}, {_shape(wanted[name])}, {decision_of[name].reason} "
        f"(rule {decision_of[name].rule})"
        for name in sorted(wanted)
        if before.get(name) != wanted[name]
    }


def _shape(value: str) -> str:
    return f"{len(value.encode('utf-8', 'surrogatepass'))} bytes, fingerprint {fingerprint(value)}"


def _row(decision: mapping.Decision, value: str) -> dict[str, Any]:
    return {
        "key": decision.key,
        "verdict": decision.verdict,
        "name": decision.name,
        "reason": decision.reason,
        "rule": decision.rule,
        "owner": decision.owner.name if decision.owner else None,
        "size": len(value.encode("utf-8", "surrogatepass")),
        "fingerprint": fingerprint(value),
    }


MODULE = runner.Module(
    name="secret_bundle",
    noun="secret",
    spec=SPEC,
    connect=connect,
    want=want,
    observe=observe,
    report=report,
    plan=plan,
    apply={"create": _create, "rotate": _rotate},
    foresee=foresee,
    headline=headline,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
