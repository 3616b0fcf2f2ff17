#!/usr/bin/python
"""Resolves the tag of an image to its digest."""

from __future__ import annotations

DOCUMENTATION = """
module: ecr_image_info
short_description: Resolve an image's tag to its digest
description:
  - Resolves a tag, once, to the digest that a release pins. A digest is checked to be there.
  - In a dry run an image whose repository does not exist yet is unknown.
options:
  repository:
    description: The repository's URI, as images are pulled from it, or its plain name.
    type: str
    required: true
  image:
    description: Tag (C(v42)) or digest (C(sha256:...)) of the image.
    type: str
    required: true
  required:
    description: Whether a missing repository is an error; false for a look before anything is provisioned.
    type: bool
    default: true
extends_documentation_fragment:
  - offramp.ecs.aws
author: The Offramp authors
"""

EXAMPLES = """
- name: Resolve the image
  offramp.ecs.ecr_image_info:
    region: eu-west-1
    repository: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/bond-server
    image: v42
"""

RETURN = """
image:
  description: The image.
  returned: success
  type: dict
  contains:
    repository: {description: The repository's name., type: str}
    reference: {description: The tag or digest that was asked for., type: str}
    digest: {description: The digest; empty where a repository that need not exist is missing., type: str}
    uri: {description: "What a task definition names: the repository's URI with the digest.", type: str}
    pushed_at: {description: When it was pushed., type: str}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import ecr
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Missing
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown, is_unknown

SPEC = spec.spec(
    spec.AWS,
    options={
        "repository": {"type": "str", "required": True},
        "image": {"type": "str", "required": True},
        "required": {"type": "bool", "default": True},
    },
)


@dataclass(frozen=True)
class Want:
    """Which image of which repository."""

    repository: ecr.Repository
    reference: str
    required: bool


@dataclass(frozen=True)
class Have:
    """The image, with unknown digest where its repository does not exist yet."""

    repository: str
    reference: str
    digest: str
    uri: str
    pushed_at: str = ""


def connect(params: Mapping[str, Any], door: Door) -> ecr.Images:
    """ECR in the wanted region."""
    return ecr.Images(params["region"], door)


def want_of(params: Mapping[str, Any]) -> Want:
    """The wanted image; an empty name is a mistake in the inventory."""
    if not params["image"]:
        raise BadInput("No image is named.", target="image", hint="Give a tag or a digest, for example v42.")
    return Want(ecr.Repository.of(params["repository"]), params["image"], params["required"])


def observe(api: ecr.Images, want: Want) -> Have:
    """One read, and a second one for the tags that may have been meant."""
    uri = None if is_unknown(want.repository) else api.uri_of(want.repository)
    image = api.find(want.repository, want.reference) if uri else None
    if uri and image:
        return Have(want.repository.name, want.reference, image.digest, f"{uri}@{image.digest}", image.pushed_at)
    others = api.all(want.repository) if uri else None
    if others is None:
        digest = Unknown(f"digest of image {want.reference}", "playbooks/provision.yml") if want.required else ""
        return Have(want.repository.name, want.reference, digest, digest)
    raise Missing(
        f"Repository {want.repository.name} has no image {want.reference}.",
        target=f"image {want.repository.name}:{want.reference}",
        hint=ecr.suggestion(want.reference, others),
    )


def report(have: Have) -> dict[str, Any]:
    """What playbooks use."""
    return dict(have.__dict__)


MODULE = Module(
    name="ecr_image_info", noun="image", spec=SPEC, connect=connect, want=want_of, observe=observe, report=report
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
