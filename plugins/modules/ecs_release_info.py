#!/usr/bin/python
"""An earlier release of a service, to go back to."""

from __future__ import annotations

DOCUMENTATION = """
module: ecs_release_info
short_description: Find an earlier release of an ECS service
description:
  - Finds the task definition of an earlier release, from ECS itself. Code and configuration return together, since
    a task definition pins both.
options:
  to:
    description: C(previous) for the last completed release other than the present one, or the number of a revision.
    type: str
    default: previous
extends_documentation_fragment:
  - offramp.ecs.aws
  - offramp.ecs.service
author: The Offramp authors
"""

EXAMPLES = """
- name: Find the release to go back to
  offramp.ecs.ecs_release_info:
    region: eu-west-1
    cluster: offramp-staging
    service: bond-server-web
"""

RETURN = """
task_definition:
  description: The task definition of that release.
  returned: success
  type: dict
  contains:
    family: {description: Its family., type: str}
    arn: {description: ARN of the revision., type: str}
    image: {description: The image that it pins., type: str}
    secret_version: {description: The version of the secret that it pins; empty where it pins none., type: str}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import definitions, ecs
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Missing
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown, is_unknown

SPEC = spec.spec(spec.AWS, ecs.SERVICE, options={"to": {"type": "str", "default": "previous"}})


@dataclass(frozen=True)
class Want:
    """Which release of which service."""

    cluster: str
    service: str
    to: str


@dataclass(frozen=True)
class Release:
    """A release as its task definition tells it."""

    family: str
    arn: str
    image: str = ""
    secret_version: str = ""


def want_of(params: Mapping[str, Any]) -> Want:
    """The wanted release.

    Raises:
        BadInput: neither ``previous`` nor a number.
    """
    if params["to"] != "previous" and not params["to"].isdigit():
        raise BadInput(
            f"{params['to']!r} names no release.", target="release_to", hint="Use previous, or a revision's number."
        )
    return Want(params["cluster"], params["service"], params["to"])


def connect(params: Mapping[str, Any], door: Door) -> ecs.Ecs:
    """ECS in the wanted region."""
    return ecs.Ecs(params["region"], door)


def observe(api: ecs.Ecs, want: Want) -> Release:
    """Up to four reads."""
    service = None if is_unknown(want.cluster) else api.service(want.cluster, want.service)
    if service is None:
        return Release("", Unknown(f"ARN of an earlier release of {want.service}", "playbooks/release.yml"))
    present = ecs.primary(service)["taskDefinition"]
    family, _, _ = ecs.name_of(present).rpartition(":")
    arn = _previous(api, want, present) if want.to == "previous" else f"{family}:{want.to}"
    found = api.definition(arn)
    if found is None or found["status"] != "ACTIVE":
        raise Missing(
            f"Task definition {ecs.name_of(arn)} is not there, or is retired.",
            target=f"ECS service {want.service}",
            hint="Name another revision with release_to, or release an image.",
        )
    return _told(found)


def _previous(api: ecs.Ecs, want: Want, present: str) -> str:
    """The task definition of the last completed roll-out that is not the present one.

    Raises:
        Missing: there is none.
    """
    arn = api.previous_definition(want.cluster, want.service, present)
    if arn is not None:
        return arn
    raise Missing(
        f"ECS service {want.service} has no earlier release that was completed.",
        target=f"ECS service {want.service}",
        hint="Release an image instead: -e release_image=TAG.",
    )


def _told(definition: dict[str, Any]) -> Release:
    container = definition["containerDefinitions"][0]
    pinned = [definitions.split_reference(each["name"], each["valueFrom"]) for each in container.get("secrets", [])]
    version = next((each[1] for each in pinned if each), "")
    return Release(definition["family"], definition["taskDefinitionArn"], container["image"], version)


def report(have: Release) -> dict[str, Any]:
    """What playbooks use."""
    return dict(have.__dict__)


def headline(have: Release) -> list[str]:
    """The release in one sentence."""
    digest = have.image.rpartition("@")[2]
    return [
        f"Release {have.family}: back to {ecs.name_of(have.arn)}, image {digest}, secret version {have.secret_version}"
    ]


MODULE = Module(
    name="ecs_release_info",
    noun="task_definition",
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
