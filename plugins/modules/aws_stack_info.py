#!/usr/bin/python
"""Outputs of a CloudFormation stack, or the ids that the inventory gives instead."""

from __future__ import annotations

DOCUMENTATION = """
module: aws_stack_info
short_description: Read outputs of a CloudFormation stack
description:
  - Reads outputs of a stack. Values that are given win, and where all are given no stack is read.
  - An output that does not exist is unknown. A dry run goes on with it; a real run names the playbook that makes it.
options:
  name:
    description: Name of the stack.
    type: str
    required: true
  outputs:
    description: Names of the outputs that are wanted.
    type: list
    elements: str
    required: true
  given:
    description:
      - Values known without the stack, by the name of the output. Empty ones count as not given; lists are joined by
        commas.
    type: dict
    default: {}
  required:
    description: Whether a missing output is an error; false gives an empty one, for a look before provisioning.
    type: bool
    default: true
extends_documentation_fragment:
  - offramp.ecs.aws
version_added: 0.1.0
author: The Offramp founders (@offramp)
"""

EXAMPLES = """
- name: Look up the network
  offramp.ecs.aws_stack_info:
    name: offramp-staging-network
    region: eu-west-1
    outputs: [VpcId, PublicSubnetIds]
    given:
      VpcId: vpc-0a1b2c3d4e5f60718
"""

RETURN = """
stack:
  description: The stack.
  returned: success
  type: dict
  contains:
    name: {description: Its name., type: str}
    status: {description: Its status in CloudFormation's words; empty where it is missing or not read., type: str}
    outputs: {description: The wanted outputs by name., type: dict}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.stacks import Stack, Stacks
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown

SPEC = spec.spec(
    spec.AWS,
    options={
        "name": {"type": "str", "required": True},
        "outputs": {"type": "list", "elements": "str", "required": True},
        "given": {"type": "dict", "default": {}},
        "required": {"type": "bool", "default": True},
    },
)


@dataclass(frozen=True)
class Want:
    """Which outputs of which stack, and what is known of them already."""

    name: str
    region: str
    outputs: tuple[str, ...]
    given: Mapping[str, str]
    required: bool = True


def connect(params: Mapping[str, Any], door: Door) -> Stacks:
    """CloudFormation in the wanted region."""
    return Stacks(session.client("cloudformation", region=params["region"], door=door))


def want_of(params: Mapping[str, Any]) -> Want:
    """The wanted outputs; what is given empty is not given."""
    given = {
        name: ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
        for name, value in params["given"].items()
        if value
    }
    return Want(params["name"], params["region"], tuple(params["outputs"]), given, params["required"])


def observe(api: Stacks, want: Want) -> Stack:
    """The stack with the wanted outputs; those that it lacks are unknown, or empty where they need not be there."""
    needed = [name for name in want.outputs if name not in want.given]
    have = api.describe(want.name) if needed else Stack(want.name)
    values = {**have.outputs, **want.given}
    return Stack(
        want.name, status=have.status, outputs={name: values.get(name) or _missing(name, want) for name in want.outputs}
    )


def _missing(output: str, want: Want) -> str:
    if not want.required:
        return ""
    return Unknown(f"{output} of stack {want.name} in {want.region}", "playbooks/provision.yml")


def report(have: Stack) -> dict[str, Any]:
    """What playbooks use."""
    return {"name": have.name, "status": have.status, "outputs": dict(have.outputs)}


MODULE = Module(
    name="aws_stack_info", noun="stack", spec=SPEC, connect=connect, want=want_of, observe=observe, report=report
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
