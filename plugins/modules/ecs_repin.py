#!/usr/bin/python
"""The task definition of the release that runs, with another version of its secret."""

from __future__ import annotations

DOCUMENTATION = """
module: ecs_repin
short_description: Register the present release with another version of its configuration
description:
  - Takes the task definition that a service stands at, and registers it again with another version of the secret
    pinned. Keys that came or went are added or taken out. The image, plain settings and all else stay as they are.
  - Nothing is registered where the service pins that version already, or where an equal revision is there.
options:
  container:
    description: Name of the container that gets the configuration, the process type.
    type: str
    required: true
extends_documentation_fragment:
  - offramp.ecs.aws
  - offramp.ecs.lock
  - offramp.ecs.pinned_secret
  - offramp.ecs.service
author: The Offramp authors
"""

EXAMPLES = """
- name: Write the release down with the new configuration
  offramp.ecs.ecs_repin:
    region: eu-west-1
    cluster: offramp-staging
    service: bond-server-web
    container: web
    secret_arn: arn:aws:secretsmanager:eu-west-1:123456789012:secret:staging/bond-server-AbCdEf
    secret_version: 8c2f1d3e
    secret_keys: [MONGODB_URI]
"""

RETURN = """
task_definition:
  description: The task definition of the release.
  returned: success
  type: dict
  contains:
    family: {description: Its family., type: str}
    arn: {description: "ARN of the revision, not known before it is registered.", type: str}
    image: {description: The image that it pins., type: str}
    image_tag: {description: By which tag it was released; empty where nobody said., type: str}
    secret:
      description: The secret that it pins.
      type: dict
      contains:
        arn: {description: Its ARN., type: str}
        version_id: {description: The version of it., type: str}
        keys: {description: Names of the keys., type: list, elements: str}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import (
    definitions,
    ecs,
    locks,
    pins,
    releases,
    revisions,
)
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Missing
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module

SPEC = spec.spec(
    spec.AWS,
    locks.LOCK,
    ecs.SERVICE,
    definitions.PINNED_SECRET,
    options={"container": {"type": "str", "required": True}},
)


@dataclass(frozen=True)
class Want:
    """Which version of which secret, for which container of which service."""

    cluster: str
    service: str
    container: str
    secrets: definitions.Secrets
    tags: Mapping[str, str]


def want_of(params: Mapping[str, Any]) -> Want:
    """The wanted configuration."""
    secrets = definitions.pinned(params)
    return Want(params["cluster"], params["service"], params["container"], secrets, releases.tags_of(params, ""))


def connect(params: Mapping[str, Any], door: Door) -> ecs.Ecs:
    """ECS in the wanted region."""
    return ecs.Ecs(params["region"], door)


def observe(api: ecs.Ecs, want: Want) -> revisions.Have:
    """Two reads; a few more when the pinned version differs, for an equal revision.

    Raises:
        Missing: there is no such service, or its task definition has no such container.
        BadInput: a key of the secret has the name of a plain setting, or there are too many keys.
    """
    service = api.service(want.cluster, want.service)
    present = api.definition(ecs.primary(service)["taskDefinition"]) if service else None
    if present is None:
        raise Missing(
            f"ECS service {want.service} does not exist, or its task definition was deleted.",
            target=f"ECS service {want.service}",
            hint="Release an image for it first: playbooks/release.yml -e release_image=TAG.",
        )
    definition = pins.repinned(present, want.container, want.secrets)
    image = next(each["image"] for each in definition["containerDefinitions"] if each["name"] == want.container)
    tags = {**releases.tags_in(present), **want.tags}
    return revisions.observe(api, revisions.want_of(definition, frozenset(), image, want.secrets, tags), present)


def plan(have: revisions.Have, _want: Want) -> list[Change]:
    """A revision where another version or other keys are pinned."""
    return revisions.plan(have)


def foresee(have: revisions.Have, _want: Want) -> revisions.Have:
    """The revision as it will be."""
    return revisions.foresee(have)


MODULE = Module(
    name="ecs_repin",
    noun="task_definition",
    spec=SPEC,
    connect=connect,
    want=want_of,
    observe=observe,
    report=revisions.report,
    plan=plan,
    apply={"update": revisions.make},
    foresee=foresee,
    headline=revisions.headline,
    hold=locks.hold,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
