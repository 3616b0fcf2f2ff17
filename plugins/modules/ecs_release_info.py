#!/usr/bin/python
"""An earlier release of a service, to go back to."""

from __future__ import annotations

DOCUMENTATION = """
module: ecs_release_info
short_description: Find an earlier release of an ECS service
description:
  - Finds the task definition of an earlier release, from ECS itself. Code and configuration return together, since
    a task definition pins both. Its port, its grace period and its target group return with it, as far as they are
    there; what a stack owns (the target group's health check, security groups) does not.
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
    image_tag: {description: By which tag it was released; empty where nobody said., type: str}
    secret:
      description: The secret that it pins; empty where it pins none.
      type: dict
      contains:
        arn: {description: Its ARN., type: str}
        version_id: {description: The version of it., type: str}
        keys: {description: Names of the keys., type: list, elements: str}
    returning: {description: See the option C(returning) of M(offramp.ecs.ecs_service)., type: dict}
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import definitions, ecs, releases
from ansible_collections.offramp.ecs.plugins.module_utils.aws.balancers import TargetGroups
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
    image_tag: str = ""
    secrets: definitions.Secrets = field(default_factory=lambda: _secrets([]))
    returning: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Api:
    """Who is asked."""

    ecs: ecs.Ecs
    target_groups: TargetGroups


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


def connect(params: Mapping[str, Any], door: Door) -> Api:
    """AWS in the wanted region."""
    return Api(ecs.Ecs(params["region"], door), TargetGroups(params["region"], door))


def observe(api: Api, want: Want) -> Release:
    """Up to five reads.

    Raises:
        Missing: there is no such release.
    """
    if is_unknown(want.cluster):
        return Release("", Unknown(f"ARN of an earlier release of {want.service}", "playbooks/release.yml"))
    service = api.ecs.service(want.cluster, want.service)
    if service is None:
        raise _missing(want, f"ECS service {want.service} does not exist, so it has no release to go back to.")
    present = ecs.primary(service)["taskDefinition"]
    completed = api.ecs.completed(want.cluster, want.service)
    family, _, _ = present.rpartition(":")
    arn = _previous(completed, want, present) if want.to == "previous" else f"{family}:{want.to}"
    found = api.ecs.definition(arn)
    if found is None or found["status"] != "ACTIVE":
        raise Missing(
            f"Task definition {ecs.name_of(arn)} is not there, or is retired.",
            target=f"ECS service {want.service}",
            hint="Name another revision with release_to, or release an image.",
        )
    earlier = next((each for each in completed if each["taskDefinition"] == arn), {})
    return _told(found, _target_group(api, earlier, service))


def _target_group(api: Api, earlier: Mapping[str, Any], service: Mapping[str, Any]) -> str:
    """That of the earlier release where it is still in use, else that of the present one; "" for none."""
    before, now = ecs.target_group_of(earlier), ecs.target_group_of(service)
    return before if before in ("", now) or api.target_groups.is_in_use(before) else now


def _previous(completed: list[dict[str, Any]], want: Want, present: str) -> str:
    """The task definition of the last completed roll-out that is not the present one.

    Raises:
        Missing: there is none.
    """
    found = (each["taskDefinition"] for each in completed)
    arn = next((definition for definition in found if definition != present), "")
    if arn:
        return arn
    raise _missing(want, f"ECS service {want.service} has no earlier release that was completed.")


def _missing(want: Want, sentence: str) -> Missing:
    return Missing(
        sentence, target=f"ECS service {want.service}", hint="Release an image instead: -e release_image=TAG."
    )


def _told(definition: dict[str, Any], target_group: str) -> Release:
    container = definition["containerDefinitions"][0]
    return Release(
        definition["family"],
        definition["taskDefinitionArn"],
        container["image"],
        releases.tags_in(definition).get(releases.IMAGE_TAG, ""),
        _secrets(container.get("secrets", [])),
        releases.returning(definition, target_group),
    )


def _secrets(references: list[dict[str, str]]) -> definitions.Secrets:
    """The first secret that is pinned by ours, and all of its keys."""
    pinned = {each["name"]: definitions.split_reference(each["name"], each["valueFrom"]) for each in references}
    arn, version = next((each for each in pinned.values() if each), ("", ""))
    keys = [name for name, each in pinned.items() if each == (arn, version)]
    return definitions.Secrets(arn, version, tuple(keys))


def report(have: Release) -> dict[str, Any]:
    """What playbooks use."""
    return {
        "family": have.family,
        "arn": have.arn,
        "image": have.image,
        "image_tag": have.image_tag,
        "secret": have.secrets.told(),
        "returning": have.returning,
    }


def headline(have: Release) -> list[str]:
    """The release in one sentence."""
    digest, version = have.image.rpartition("@")[2], have.secrets.version
    return [f"Release {have.family}: back to {ecs.name_of(have.arn)}, image {digest}, secret version {version}"]


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
