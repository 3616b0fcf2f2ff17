#!/usr/bin/python
"""Looks at a process type before anything is written."""

from __future__ import annotations

DOCUMENTATION = """
module: ecs_preflight_info
short_description: Check a process type before it is released
description:
  - Refuses settings of a process type that AWS would refuse later, when other things have been written already.
    Asks nobody.
options:
  name:
    description: Name of the process type.
    type: str
    required: true
extends_documentation_fragment:
  - offramp.ecs.aws
  - offramp.ecs.process
author: The Offramp authors
"""

EXAMPLES = """
- name: Check the web process
  offramp.ecs.ecs_preflight_info:
    region: eu-west-1
    name: web
    process: {port: 8080, cpu: 512, memory: 1024}
"""

RETURN = """
preflight:
  description: What was checked.
  returned: success
  type: dict
  contains:
    name: {description: Name of the process type., type: str}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import processes
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module

SPEC = spec.spec(spec.AWS, processes.PROCESS, options={"name": {"type": "str", "required": True}})


@dataclass(frozen=True)
class Preflight:
    """A process type that AWS would take."""

    name: str


def connect(_params: Mapping[str, Any], _door: Door) -> None:
    """Nobody is asked."""


def want_of(params: Mapping[str, Any]) -> Preflight:
    """The process type.

    Raises:
        BadInput: AWS would refuse it.
    """
    processes.check(params["name"], params["process"])
    return Preflight(params["name"])


def observe(_api: None, want: Preflight) -> Preflight:
    """The arguments are all there is."""
    return want


def report(have: Preflight) -> dict[str, Any]:
    """What playbooks use."""
    return {"name": have.name}


MODULE = Module(
    name="ecs_preflight_info",
    noun="preflight",
    spec=SPEC,
    connect=connect,
    want=want_of,
    observe=observe,
    report=report,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
