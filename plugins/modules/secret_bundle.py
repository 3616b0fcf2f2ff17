#!/usr/bin/python
"""Module secret_bundle: the config vars of a Heroku app as one secret on AWS, byte for byte."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import (
    pins,
    references,
    secret_settings,
    secrets,
    versions,
)
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.fingerprint import KEY_VARIABLE
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import AWS, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown
from ansible_collections.offramp.ecs.plugins.module_utils.heroku import apps, client
from ansible_collections.offramp.ecs.plugins.module_utils.policy import mapping, readable

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
  - A version is a release, with a staging label of its own (C(offramp-) and the beginning of its id). Versions that
    task definitions may still start tasks with keep theirs, and so do the newest ones; others lose theirs before a new
    version is made, and AWS drops them in its own time.
  - KMS key, replicas, resource policy and tags are looked at only where they are given. Rotation is never touched.
options:
  app:
    description: Name or id of the Heroku app.
    type: str
    required: true
  name:
    description: Name of the secret.
    type: str
    required: true
  families:
    description: Families of task definitions that use the secret, as far as they exist.
    type: list
    elements: str
    default: []
  keep_versions:
    description: How many of the newest versions keep their label, 1 to 18. Those that are in use keep it besides.
    type: int
    default: 10
extends_documentation_fragment:
  - offramp.ecs.aws
  - offramp.ecs.heroku
  - offramp.ecs.rules
  - offramp.ecs.secret_settings
  - offramp.ecs.secret_users
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
    constants: {STAGE: production}
    references: {REDIS_URL: "production/memorydb:url"}
    cluster: offramp-production
    services: [bond-server-web]
    families: [production-bond-server-web]
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
      description:
        - "All keys: verdict (copied, replaced, constant, reference, refused), name, reason, rule, owner, size in bytes,
          fingerprint, and state (equal, differs, missing on AWS) as found: in a dry run before what it plans."
      type: list
      elements: dict
    only_on_aws:
      description: Names that the secret has and no key stands for, as found.
      type: list
      elements: str
    unmet: {description: Keys that include or rename write out and the app does not have., type: list, elements: str}
"""

_TEXT = {"type": "str", "required": True}
SPEC = spec(AWS, mapping.OPTIONS, secret_settings.OPTIONS, versions.OPTIONS, options={"app": _TEXT, "name": _TEXT})


@dataclass(frozen=True)
class Api:
    """Both sides, and who uses the secret."""

    heroku: client.Heroku
    secrets: secrets.Secrets
    pins: pins.Pins


@dataclass(frozen=True)
class Want:
    """Which app, which secret, by which rules and with which settings; which of its versions to keep."""

    app: str
    name: str
    region: str
    rules: mapping.Rules
    references: Mapping[str, references.Reference]
    settings: secret_settings.Settings
    keeping: versions.Keeping


@dataclass(frozen=True)
class Have:
    """Both sides as they are.

    Attributes:
        source: the app's config vars; ``decisions`` and ``unmet`` are what the rules say of them.
        wanted: the map as the secret should hold it.
        found: the map that was found in the secret, which no foresight changes.
        secret: the secret, None where there is none.
        history: its versions; only looked up for a new one.
    """

    name: str
    source: Mapping[str, str] = field(repr=False)
    decisions: tuple[mapping.Decision, ...]
    unmet: tuple[str, ...]
    wanted: Mapping[str, str] = field(repr=False)
    found: Optional[Mapping[str, str]] = field(repr=False)
    secret: Optional[secrets.Secret]
    history: versions.History = versions.NONE

    @property
    def differs(self) -> bool:
        """Whether the secret is there and needs a new version."""
        return self.secret is not None and self.secret.content != self.wanted


def connect(params: Mapping[str, Any], door: Door) -> Api:
    """The clients. Ids of versions are keyed by what only this company knows, and the same run after run."""
    heroku = client.Heroku(door)
    token_key = os.environ.get(KEY_VARIABLE, "") or os.environ[client.KEY_VARIABLE]
    return Api(heroku, secrets.Secrets(door, params["region"], token_key), pins.Pins(params["region"], door))


def want(params: Mapping[str, Any]) -> Want:
    """What the arguments ask for.

    Raises:
        BadInput: a name, a rule or a setting is refused.
    """
    secrets.check_name(params["name"])
    rules = mapping.rules_of(params)
    return Want(
        params["app"],
        params["name"],
        params["region"],
        rules,
        {name: references.parse(name, text) for name, text in rules.references.items()},
        secret_settings.wanted(params),
        versions.wanted(params),
    )


def observe(api: Api, want: Want) -> Have:
    """Config vars and add-ons at Heroku, the secret and what it refers to at AWS; more only where there is a reason."""
    source = apps.read_config(api.heroku, want.app)
    owners = mapping.owners_of(apps.owners(apps.read_addons(api.heroku, want.app)))
    decisions = tuple(mapping.decide(source, owners, want.rules))
    read = references.read(api.secrets, want.references)
    wanted = mapping.travelling(decisions, source, want.rules.constants, read)
    secret = api.secrets.read(want.name)
    found = secret.content if secret else None
    have = Have(want.name, source, decisions, tuple(mapping.unmet(source, want.rules)), wanted, found, secret)
    if secret is not None and (have.differs or want.settings.given):
        have = replace(have, secret=api.secrets.described(want.name, secret, want.settings.policy is not None))
    return replace(have, history=_history(api, want, have.secret)) if have.differs else have


def _history(api: Api, want: Want, secret: Optional[secrets.Secret]) -> versions.History:
    """What decides about labels; nothing where the secret is going, so that the plan can say so."""
    if secret is None or secret.leaves_at is not None:
        return versions.NONE
    keep = want.keeping
    there, now = api.secrets.versions(want.name)
    kept = api.pins.kept(keep.cluster, keep.services, keep.families, secret.arn, keep.newest)
    return versions.History(there, kept, now)


def plan(have: Have, want: Want) -> list[Change]:
    """Settings, labels and one new version, as far as they differ, after all gates.

    Raises:
        Refused: a gate is shut; nothing was written.
    """
    if have.secret is None:
        secrets.check_content(want.name, have.wanted, secrets.arn_like(want.region, want.name))
        return [*secret_settings.creation(want.name, want.app, want.settings), _version(have)]
    changes = secret_settings.plan(want.name, have.secret.settings, want.settings)
    if changes or have.differs:
        secrets.check_writable(want.name, have.secret, want.app)
    if not have.differs:
        return changes
    secrets.check_content(want.name, have.wanted, have.secret.arn)
    return [*changes, *versions.plan(want.name, have.history, want.keeping.newest), _version(have)]


def _version(have: Have) -> Change:
    before = dict((have.secret.content if have.secret else None) or {})
    gone = readable.left_behind(before, have.wanted)
    come = readable.brought(before, have.wanted, have.decisions)
    return Change("rotate", secrets.target_of(have.name), gone, come, have)


def foresee(have: Have, want: Want) -> Have:
    """The secret as it will be; its ids are the vendor's to give."""
    secret = have.secret or secrets.coming(want.name, want.app, want.settings)
    settings = secret_settings.foreseen(secret.settings, want.settings)
    return replace(have, secret=replace(secrets.rotated(want.name, secret, have.wanted), settings=settings))


def report(have: Have) -> dict[str, Any]:
    """What playbooks may use; no value."""
    secret = have.secret
    return {
        "name": have.name,
        "arn": secret.arn if secret else "",
        "version_id": secret.version if secret else "",
        "keys": sorted((secret.content or {}) if secret else {}),
        "refused": readable.refused(have.decisions),
        "decisions": _rows(have),
        "only_on_aws": sorted(set(have.found or ()) - set(have.wanted)),
        "unmet": list(have.unmet),
    }


def headline(have: Have) -> list[str]:
    """How many keys travel, why the others do not, and what differs."""
    state = "copied" if have.secret and not is_unknown(have.secret.version) else "to copy"
    told = readable.counted(f"Secret {have.name}", state, have.decisions, have.unmet)
    others = set(have.found or ()) - set(have.wanted)
    return [told, *(readable.drift(have.name, _rows(have), others) if have.found is not None else [])]


def _rows(have: Have) -> list[dict[str, Any]]:
    return readable.rows(have.decisions, have.source, have.wanted, have.found or {})


def _put(api: Api, change: Change) -> None:
    have: Have = change.payload
    previous = have.secret.version if have.secret else ""
    api.secrets.put(have.name, previous, have.wanted, [version.id for version in have.history.versions])


MODULE = runner.Module(
    name="secret_bundle",
    noun="secret",
    spec=SPEC,
    connect=connect,
    want=want,
    observe=observe,
    report=report,
    plan=plan,
    apply={
        **dict.fromkeys(("create", "update", "delete"), lambda api, change: api.secrets.make(change)),
        "rotate": _put,
    },
    foresee=foresee,
    headline=headline,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
