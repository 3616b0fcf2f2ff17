#!/usr/bin/python
"""Which ECS services run with an old version of a secret, and which of its keys are stale there."""

from __future__ import annotations

DOCUMENTATION = """
module: secret_use_info
short_description: Tell which keys of a secret are stale in the services that use it
description:
  - A release pins one version of its secret. Where the secret has a newer one, this module compares the two inside and
    names the keys that were changed, added or taken out since. Values never leave the module.
  - A cluster, service or secret that does not exist uses nothing. A service that names the secret without a version is
    not judged, since its tasks read what is current when they start.
options:
  name:
    description: Name of the secret.
    type: str
    required: true
  cluster:
    description: Name or ARN of the cluster.
    type: str
    required: true
  services:
    description: Names of the services to look at.
    type: list
    elements: str
    required: true
  releases:
    description: Whether services with stale keys are released next, so that RV(use.release) says so.
    type: bool
    default: false
  bundle:
    description:
      - What M(offramp.ecs.secret_bundle) returned in the same play, if it ran. It saves a read while nothing is stale.
        After a dry run the keys that it would change count as stale.
    type: dict
    default: {}
extends_documentation_fragment:
  - offramp.ecs.aws
author: The Offramp authors
"""

EXAMPLES = """
- name: Look who runs with an old configuration
  offramp.ecs.secret_use_info:
    region: eu-west-1
    name: staging/bond-server/config
    cluster: offramp-staging
    services: [bond-server-web, bond-server-worker]
"""

RETURN = """
use:
  description: Who uses the secret, and with what.
  returned: success
  type: dict
  contains:
    name: {description: Name of the secret., type: str}
    version_id: {description: Id of its current version., type: str}
    services:
      description:
        - "Each service that names the secret: service, task_definition, version_id (empty where it names none), stale
          (names of keys), startable (whether the version is still there)."
      type: list
      elements: dict
    stale: {description: Whether any key is stale anywhere., type: bool}
    release: {description: Whether a release is to follow now., type: bool}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import secrets
from ansible_collections.offramp.ecs.plugins.module_utils.aws.pins import Pins, Use
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown

SPEC = spec.spec(
    spec.AWS,
    options={
        "name": {"type": "str", "required": True},
        "cluster": {"type": "str", "required": True},
        "services": {"type": "list", "elements": "str", "required": True},
        "releases": {"type": "bool", "default": False},
        "bundle": {"type": "dict", "default": {}},
    },
)
_SHOWN = 12
"""Characters of a version's id in sentences, as in its label."""


@dataclass(frozen=True)
class Api:
    """The secret, and who names it."""

    secrets: secrets.Secrets
    pins: Pins


@dataclass(frozen=True)
class Want:
    """Which secret, which services, and what is to become of it; ``bundle`` is what was told of the secret already."""

    name: str
    cluster: str
    services: tuple[str, ...]
    releases: bool
    bundle: Mapping[str, Any]


@dataclass(frozen=True)
class Judged:
    """One use, with the keys that are stale there; ``startable`` is false where the pinned version is gone."""

    use: Use
    stale: tuple[str, ...]
    startable: bool


@dataclass(frozen=True)
class Have:
    """The secret's current version, and its uses. ``coming``: whether a newer version was foreseen only."""

    name: str
    version: str
    uses: tuple[Judged, ...]
    releases: bool
    coming: bool = False

    @property
    def stale(self) -> tuple[str, ...]:
        """All keys that are stale anywhere."""
        return tuple(sorted({key for each in self.uses for key in each.stale}))


def connect(params: Mapping[str, Any], door: Door) -> Api:
    """Secrets Manager and ECS in the wanted region; nothing is written, so no version needs an id."""
    return Api(secrets.Secrets(door, params["region"], ""), Pins(params["region"], door))


def want_of(params: Mapping[str, Any]) -> Want:
    """The wanted secret and services."""
    return Want(params["name"], params["cluster"], tuple(params["services"]), params["releases"], params["bundle"])


def observe(api: Api, want: Want) -> Have:
    """One read of the services and one of each task definition; where one pins an old version, both are read, too."""
    told = _told_before(want.bundle)
    known = told or api.secrets.read(want.name)
    if known is None or known.content is None:
        return Have(want.name, "", (), want.releases)
    uses = api.pins.uses(want.cluster, want.services, known.arn)
    old = {use.version for use in uses} - {"", known.version}
    current = (api.secrets.read(want.name) or known) if old and told else known
    content = current.content or {}
    pinned = {version: api.secrets.content_at(want.name, version) for version in sorted(old)}
    coming = coming_keys(want.name, want.bundle)
    judged = tuple(judge(use, pinned.get(use.version, content), content, coming) for use in uses)
    return Have(want.name, current.version, judged, want.releases, bool(coming))


def coming_keys(name: str, bundle: Mapping[str, Any]) -> frozenset[str]:
    """Names of the keys that a dry run of ``secret_bundle`` would change; none after a real run."""
    if not is_unknown(bundle.get("secret")):
        return frozenset()
    changes = [
        each for each in bundle["changes"] if each["verb"] == "rotate" and each["target"] == secrets.target_of(name)
    ]
    return frozenset(key for each in changes for side in ("before", "after") for key in each[side] or ())


def _told_before(bundle: Mapping[str, Any]) -> Optional[secrets.Secret]:
    """The secret as ``secret_bundle`` told it, with names alone; None where that is not known, or foreseen only."""
    told = bundle.get("secret", {})
    if not told.get("version_id") or is_unknown(told):
        return None
    return secrets.Secret(told["arn"], told["version_id"], dict.fromkeys(told["keys"], ""))


def judge(
    use: Use, pinned: Optional[Mapping[str, str]], current: Mapping[str, str], coming: frozenset[str] = frozenset()
) -> Judged:
    """Which keys a service does not have as they are now. ``pinned`` is None where its version is gone."""
    if not use.version:
        return Judged(use, (), True)
    if pinned is None:
        return Judged(use, tuple(sorted({*use.keys, *current})), False)
    has = {key: pinned.get(key) for key in use.keys or pinned}
    changed = {key for key in {*has, *current} if has.get(key) != current.get(key)}
    return Judged(use, tuple(sorted(changed | coming)), True)


def report(have: Have) -> dict[str, Any]:
    """What playbooks use, and what the ledger keeps."""
    services = [
        {
            "service": each.use.service,
            "task_definition": each.use.task_definition,
            "version_id": each.use.version,
            "stale": list(each.stale),
            "startable": each.startable,
        }
        for each in have.uses
    ]
    stale = bool(have.stale)
    return {
        "name": have.name,
        "version_id": have.version,
        "services": services,
        "stale": stale,
        "release": stale and have.releases,
    }


def headline(have: Have) -> list[str]:
    """Which keys are stale and what to do about it, in one loud sentence; nothing where nobody uses the secret."""
    if not have.uses:
        return []
    if not have.stale:
        names = ", ".join(each.use.service for each in have.uses)
        return [f"Use of secret {have.name}: {names} run with what it holds"]
    told = "; ".join(_told(each) for each in have.uses if each.stale)
    return [f"Use of secret {have.name}: AWS holds a stale {', '.join(have.stale)}: {told}; {_todo(have)}"]


def _todo(have: Have) -> str:
    if have.releases:
        return "they are released now"
    return f"run playbooks/{'copy.yml -e copy_releases=true' if have.coming else 'release.yml -e release_to=current'}"


def _told(judged: Judged) -> str:
    gone = "" if judged.startable else ", which is GONE, so that no task can start"
    return f"ECS service {judged.use.service} runs with version {judged.use.version[:_SHOWN]}{gone}"


MODULE = Module(
    name="secret_use_info",
    noun="use",
    spec=SPEC,
    connect=connect,
    want=want_of,
    observe=observe,
    report=report,
    headline=headline,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
