#!/usr/bin/python
"""An image repository that exists already: which it is, and what a release should know of it."""

from __future__ import annotations

DOCUMENTATION = """
module: ecr_repository_info
short_description: Find and check an image repository
description:
  - Finds a repository by its name, its URI or its tags, and refuses one of another account or region, since the
    execution role pulls from its own. Nothing of it is ever changed. Tags that can be overwritten are told.
  - Where nothing is given nothing is asked, and O(made) is told.
options:
  repository:
    description: Name of the repository, or the URI that images are pulled from; empty to find it by its tags.
    type: str
    default: ""
  tags:
    description: Tags that exactly one repository of the region has.
    type: dict
    default: {}
  made:
    description: Name of the repository that is made where none is given.
    type: str
    default: ""
  account:
    description: Id of the account that it must be of; empty for any.
    type: str
    default: ""
extends_documentation_fragment:
  - offramp.ecs.aws
version_added: 0.1.0
author: The Offramp founders (@offramp)
"""

EXAMPLES = """
- name: Find the repository
  offramp.ecs.ecr_repository_info:
    region: eu-west-1
    repository: bond-server
"""

RETURN = """
repository:
  description: The repository.
  returned: success
  type: dict
  contains:
    name: {description: Its name., type: str}
    uri: {description: The URI that images are pulled from., type: str}
    arn: {description: Its ARN., type: str}
    given: {description: Whether it exists already and is not to be made., type: bool}
    immutable: {description: Whether a tag always means the same image., type: bool}
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import spoken
from ansible_collections.offramp.ecs.plugins.module_utils.aws.tagged import tags_of, the_one, told
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module

SPEC = spec.spec(
    spec.AWS,
    options={
        "repository": {"type": "str", "default": ""},
        "tags": {"type": "dict", "default": {}},
        "made": {"type": "str", "default": ""},
        "account": {"type": "str", "default": ""},
    },
)
_URI = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[^/]+/(?P<name>.+)")


@dataclass(frozen=True)
class Want:
    """Which repository, by its name, else by its tags."""

    name: str
    tags: Mapping[str, str]
    made: str


@dataclass(frozen=True)
class Repository:
    """A repository as ECR tells it."""

    name: str = ""
    uri: str = ""
    arn: str = ""
    immutable: bool = True
    given: bool = True


def connect(params: Mapping[str, Any], door: Door) -> Any:
    """ECR in the wanted region."""
    return session.client("ecr", region=params["region"], door=door)


def want_of(params: Mapping[str, Any]) -> Want:
    """The wanted repository; a URI must be of the region and the account."""
    given, region, account = params["repository"], params["region"], params["account"]
    found = _URI.fullmatch(given)
    if found and (found["region"] != region or account not in ("", found["account"])):
        raise BadInput(
            f"The repository {given} is of account {found['account']} in {found['region']}, and the app's execution "
            f"role pulls from {account or 'its own account'} in {region}.",
            target=f"repository {given}",
            hint="Replicate it there, or name one that is there.",
        )
    return Want(found["name"] if found else given, tags_of(params["tags"]), params["made"])


def observe(api: Any, want: Want) -> Repository:
    """The repository."""
    if want.name:
        with spoken(f"repository {want.name}"):
            return _repository(api.describe_repositories(repositoryNames=[want.name])["repositories"][0])
    return _tagged(api, want) if want.tags else Repository(want.made, given=False)


def report(have: Repository) -> dict[str, Any]:
    """What playbooks use."""
    return asdict(have)


def headline(have: Repository) -> list[str]:
    """What could make a release change under one's feet."""
    if have.immutable:
        return []
    return [
        f"Tags of the repository {have.name} can be overwritten: a release still runs by digest, and builds are free"
    ]


def _tagged(api: Any, want: Want) -> Repository:
    with spoken(f"repositories with the tags {told(want.tags)}"):
        rows = [row for page in api.get_paginator("describe_repositories").paginate() for row in page["repositories"]]
        found = {row["repositoryName"]: row for row in rows if want.tags.items() <= _tags(api, row).items()}
    return _repository(found[the_one(found, want.tags, kind="repositories", one="repository", by="name")])


def _tags(api: Any, row: Mapping[str, Any]) -> dict[str, str]:
    told = api.list_tags_for_resource(resourceArn=row["repositoryArn"])["tags"]
    return {tag["Key"]: tag["Value"] for tag in told}


def _repository(row: Mapping[str, Any]) -> Repository:
    immutable = str(row.get("imageTagMutability", "")).startswith("IMMUTABLE")
    return Repository(row["repositoryName"], row["repositoryUri"], row["repositoryArn"], immutable)


MODULE = Module(
    name="ecr_repository_info",
    noun="repository",
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
