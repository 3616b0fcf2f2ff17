#!/usr/bin/python
"""Whether the times with which tasks come and go fit together, before anything is made."""

from __future__ import annotations

DOCUMENTATION = """
module: aws_drain_check
short_description: Check that no request is cut off when a task goes
description:
  - Compares the load balancer's deregistration delay and idle timeout, and the stop timeout and grace period of each
    process type with a port, with the slowest request and with each other. Refuses a wrong order, with the numbers.
  - Nobody is asked. M(offramp.ecs.ecs_preflight_info) does the same with what is there.
options:
  processes:
    description: Process types by name with all their settings, as the filter C(offramp.ecs.described_of) gives them.
    type: dict
    required: true
  deregistration_delay:
    description: Seconds for which a target that is taken out still serves what it has begun.
    type: int
    required: true
  idle_timeout:
    description: Seconds of silence after which the load balancer ends a request.
    type: int
    required: true
  health_interval:
    description: Seconds from one health check to the next.
    type: int
    required: true
  healthy_threshold:
    description: Good health checks in a row that make a target healthy.
    type: int
    required: true
  slowest_request:
    description: Seconds of the slowest request that is to be served to its end.
    type: float
    default: 30.0
  seen:
    description: Seconds of the slowest request that was seen; it counts where it is slower.
    type: float
    default: 0.0
  boot:
    description: Seconds from a task's start until it listens; 0 where nobody knows.
    type: int
    default: 0
author: The Offramp authors
"""

EXAMPLES = """
- name: Check that tasks go gently
  offramp.ecs.aws_drain_check:
    processes: "{{ release_processes | offramp.ecs.described_of }}"
    deregistration_delay: 30
    idle_timeout: 60
    health_interval: 5
    healthy_threshold: 2
"""

RETURN = """
drain:
  description: What was compared.
  returned: success
  type: dict
  contains:
    slowest_request: {description: Seconds that were reckoned with., type: float}
    processes: {description: Names of the process types with a port., type: list, elements: str}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module
from ansible_collections.offramp.ecs.plugins.module_utils.policy import draining

_NUMBER = {"type": "int", "required": True}
_OF_BALANCER = ("deregistration_delay", "idle_timeout", "health_interval", "healthy_threshold")

SPEC = spec.spec(
    options={
        "processes": {"type": "dict", "required": True},
        **dict.fromkeys(_OF_BALANCER, _NUMBER),
        "slowest_request": {"type": "float", "default": draining.HEROKU_S},
        "seen": {"type": "float", "default": 0.0},
        "boot": {"type": "int", "default": 0},
    },
)


@dataclass(frozen=True)
class Want:
    """The numbers to compare."""

    balancer: draining.Balancer
    processes: tuple[draining.Process, ...]
    request: float


def connect(_params: Mapping[str, Any], _door: Door) -> None:
    """Nobody is asked."""


def want_of(params: Mapping[str, Any]) -> Want:
    """The numbers."""
    return Want(
        draining.Balancer(**{name: params[name] for name in _OF_BALANCER}),
        draining.processes_of(params["processes"], params["boot"]),
        draining.slowest(params["slowest_request"], params["seen"]),
    )


def plan(have: Want, _want: Want) -> list[Change]:
    """Never a change.

    Raises:
        BadInput: something is in the wrong order; the message tells all of it.
    """
    found = draining.faults(have.balancer, have.processes, have.request) if have.processes else []
    if not found:
        return []
    told = "; ".join(each.told for each in found)
    hint = " ".join(dict.fromkeys(each.hint for each in found))
    raise BadInput(f"Tasks would not come and go without harm: {told}.", target="draining", hint=hint)


def report(have: Want) -> dict[str, Any]:
    """What playbooks may use."""
    return {"slowest_request": have.request, "processes": [each.name for each in have.processes]}


MODULE = Module(
    name="aws_drain_check",
    noun="drain",
    spec=SPEC,
    connect=connect,
    want=want_of,
    observe=lambda _api, want: want,
    plan=plan,
    report=report,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
