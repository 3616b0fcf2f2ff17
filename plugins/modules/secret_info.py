#!/usr/bin/python
"""The current version of a secret and the names of its keys, never a value."""

from __future__ import annotations

DOCUMENTATION = """
module: secret_info
short_description: Read the current version and the key names of a secret
description:
  - Reads which version of a secret is the current one and which keys it has. Values never leave the module.
  - A secret that does not exist is unknown. A dry run goes on with it; a real run names the playbook that makes it.
options:
  name:
    description: Name of the secret.
    type: str
    required: true
  foreseen:
    description:
      - What a dry run of M(offramp.ecs.secret_bundle) said in the same play of this secret. Where it has a version that
        is not known yet it stands for the secret as it will be, so that a release's dry run sees the coming version.
    type: dict
    default: {}
extends_documentation_fragment:
  - offramp.ecs.aws
author: The Offramp authors
"""

EXAMPLES = """
- name: Read the version of the configuration
  offramp.ecs.secret_info:
    region: eu-west-1
    name: staging/bond-server
"""

RETURN = """
secret:
  description: The secret.
  returned: success
  type: dict
  contains:
    name: {description: Its name., type: str}
    arn: {description: Its full ARN., type: str}
    version_id: {description: Id of its current version., type: str}
    keys: {description: Names of its keys., type: list, elements: str}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import secrets
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown, is_unknown

SPEC = spec.spec(
    spec.AWS,
    options={"name": {"type": "str", "required": True}, "foreseen": {"type": "dict", "default": {}}},
)


@dataclass(frozen=True)
class Secret:
    """A secret without its values."""

    name: str
    arn: str
    version_id: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Want:
    """Which secret, and what is foreseen of it."""

    name: str
    foreseen: Mapping[str, Any]


def connect(params: Mapping[str, Any], door: Door) -> secrets.Secrets:
    """Secrets Manager in the wanted region; nothing is written, so no version needs an id."""
    return secrets.Secrets(door, params["region"], "")


def want_of(params: Mapping[str, Any]) -> Want:
    """The wanted secret."""
    return Want(params["name"], params["foreseen"])


def observe(api: secrets.Secrets, want: Want) -> Secret:
    """One read, none where a dry run foresaw the version."""
    version = want.foreseen.get("version_id")
    if is_unknown(version) and want.foreseen.get("name") == want.name:
        return Secret(want.name, want.foreseen["arn"], str(version), tuple(want.foreseen["keys"]))
    found = api.read(want.name)
    if found is None:
        missing = Unknown(f"version of secret {want.name}", "playbooks/copy.yml")
        return Secret(want.name, missing, missing, (missing,))
    return Secret(want.name, found.arn, found.version, tuple(sorted(secrets.content_of(want.name, found))))


def report(have: Secret) -> dict[str, Any]:
    """What playbooks use."""
    return {"name": have.name, "arn": have.arn, "version_id": have.version_id, "keys": list(have.keys)}


MODULE = Module(
    name="secret_info", noun="secret", spec=SPEC, connect=connect, want=want_of, observe=observe, report=report
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
