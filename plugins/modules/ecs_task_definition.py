#!/usr/bin/python
"""The task definition of one process type of a release."""

from __future__ import annotations

DOCUMENTATION = """
module: ecs_task_definition
short_description: Register what a release runs, when it differs
description:
  - Writes an image digest, a secret version and a process type's settings into a revision of a task definition, and
    registers it only when it differs from the family's newest active revision. One of the few revisions before that
    one which is equal is used again, so that going back makes no new revision.
  - Both sides pass the same normaliser and are compared whole. The number of reads does not grow with the revisions.
options:
  family:
    description: Name of the task definition's family.
    type: str
    required: true
  container:
    description: Name of the container, the process type.
    type: str
    required: true
  image:
    description: The image, by digest.
    type: str
    required: true
  image_tag:
    description: The tag by which the image was asked for, for people; kept as a tag of the task definition.
    type: str
    default: ""
  environment:
    description: Plain settings that are no secret, for every process type.
    type: dict
    default: {}
  execution_role_arn:
    description: Role that ECS starts tasks with.
    type: str
    required: true
  task_role_arn:
    description: Role that the app's code has.
    type: str
    required: true
  log_group:
    description: Log group of the container's output.
    type: str
    required: true
extends_documentation_fragment:
  - offramp.ecs.aws
  - offramp.ecs.lock
  - offramp.ecs.pinned_secret
  - offramp.ecs.process
author: The Offramp authors
"""

EXAMPLES = """
- name: Write the release down
  offramp.ecs.ecs_task_definition:
    region: eu-west-1
    family: staging-bond-server-web
    container: web
    image: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/bond-server@sha256:0a1b2c
    process: {port: 8080, cpu: 512, memory: 1024}
    execution_role_arn: arn:aws:iam::123456789012:role/execution
    task_role_arn: arn:aws:iam::123456789012:role/task
    secret_arn: arn:aws:secretsmanager:eu-west-1:123456789012:secret:staging/bond-server-AbCdEf
    secret_version: 8c2f1d3e
    secret_keys: [MONGODB_URI]
    log_group: /offramp/staging/bond-server
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
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import (
    definitions,
    ecs,
    locks,
    processes,
    releases,
    revisions,
)
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module

_TEXT = {"type": "str", "required": True}

SPEC = spec.spec(
    spec.AWS,
    locks.LOCK,
    processes.PROCESS,
    definitions.PINNED_SECRET,
    options={
        "family": _TEXT,
        "container": _TEXT,
        "image": _TEXT,
        "image_tag": {"type": "str", "default": ""},
        "environment": {"type": "dict", "default": {}},
        "execution_role_arn": _TEXT,
        "task_role_arn": _TEXT,
        "log_group": _TEXT,
    },
)


def want_of(params: Mapping[str, Any]) -> revisions.Want:
    """The release as a task definition.

    Raises:
        BadInput: AWS would refuse it.
    """
    process = params["process"]
    processes.check(params["container"], process)
    secrets = definitions.pinned(params)
    log = {
        "awslogs-group": params["log_group"],
        "awslogs-region": params["region"],
        "awslogs-stream-prefix": params["container"],
    }
    container = definitions.container(
        params["container"], params["image"], process, params["environment"], secrets, log
    )
    roles = (params["execution_role_arn"], params["task_role_arn"])
    definition = definitions.write(params["family"], container, process, roles)
    plain = frozenset(item["name"] for item in container["environment"])
    tags = releases.tags_of(params, params["image_tag"])
    return revisions.want_of(definition, plain, params["image"], secrets, tags)


def connect(params: Mapping[str, Any], door: Door) -> ecs.Ecs:
    """ECS in the wanted region."""
    return ecs.Ecs(params["region"], door)


def plan(have: revisions.Have, _want: revisions.Want) -> list[Change]:
    """A revision where the definition differs."""
    return revisions.plan(have)


def foresee(have: revisions.Have, _want: revisions.Want) -> revisions.Have:
    """The revision as it will be."""
    return revisions.foresee(have)


MODULE = Module(
    name="ecs_task_definition",
    noun="task_definition",
    spec=SPEC,
    connect=connect,
    want=want_of,
    observe=revisions.observe,
    report=revisions.report,
    plan=plan,
    apply={"create": revisions.make, "update": revisions.make},
    foresee=foresee,
    headline=revisions.headline,
    hold=locks.hold,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
