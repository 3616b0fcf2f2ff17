#!/usr/bin/python
"""The fewest tasks of an ECS service, raised for as long as a ramp lasts."""

from __future__ import annotations

DOCUMENTATION = """
module: ecs_floor
short_description: Raise and lower the fewest tasks of an ECS service
description:
  - Sets the minimum of the service's scalable target to what a step of a ramp needs. A number of tasks alone would be
    undone by target tracking, which finds little load while little traffic comes.
  - Without a I(floor) the minimum goes back to the process type's own, or to what one of its scheduled actions sets.
  - All else of the target is M(offramp.ecs.ecs_scalable_target)'s. A process type without autoscaling is left alone.
options:
  floor:
    description: Fewest tasks, where that is more than every other minimum; 0 for none.
    type: int
    default: 0
  foreseen:
    description: C(floor.foreseen) of an earlier task of the same run; a dry run goes on from it.
    type: dict
    default: {}
  scaled:
    description:
      - Results of M(offramp.ecs.ecs_scalable_target) in the same run. A dry run goes on from what they foresee of the
        service, where there is no O(foreseen).
    type: list
    elements: dict
    default: []
extends_documentation_fragment:
  - offramp.ecs.aws
  - offramp.ecs.service
  - offramp.ecs.process
version_added: 0.1.0
author: The Offramp founders (@offramp)
"""

EXAMPLES = """
- name: Keep at least six tasks
  offramp.ecs.ecs_floor:
    region: eu-west-1
    cluster: offramp-staging
    service: bond-server-web
    process: {port: 8080, minimum: 2, maximum: 10}
    floor: 6
"""

RETURN = """
floor:
  description: The bounds of the number of tasks.
  returned: success
  type: dict
  contains:
    service: {description: Name of the service., type: str}
    minimum: {description: Fewest tasks., type: int}
    foreseen: {description: For later tasks of a dry run; empty in a real one., type: dict}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import ecs, processes, scaling, schedules
from ansible_collections.offramp.ecs.plugins.module_utils.aws.bounds import Bounds, bounds_of
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown, is_unknown

SPEC = spec.spec(
    spec.AWS,
    ecs.SERVICE,
    processes.PROCESS,
    options={
        "floor": {"type": "int", "default": 0},
        "foreseen": {"type": "dict", "default": {}},
        "scaled": {"type": "list", "elements": "dict", "default": []},
    },
)


@dataclass(frozen=True)
class Want:
    """Which service, its own minimum, its bounds with the floor in them, and the minimum that a dry run foresaw."""

    service: str
    resource: str
    minimum: int
    bounds: Bounds
    foreseen: Optional[int]


@dataclass(frozen=True)
class Have:
    """The bounds as they are, or as a dry run foresees them; ``foreseen`` goes to the next task of a dry run."""

    service: str
    minimum: int
    maximum: int
    foreseen: Mapping[str, Any] = field(default_factory=dict)


def want_of(params: Mapping[str, Any]) -> Want:
    """The wanted bounds.

    Raises:
        BadInput: the floor is above the maximum, or the schedule cannot be.
    """
    process, service = params["process"], params["service"]
    actions = schedules.actions_of(service, process) if process["maximum"] else {}
    return Want(
        service=service,
        resource=scaling.resource_of(params["cluster"], service),
        minimum=process["minimum"],
        bounds=bounds_of(service, process, params["floor"], actions.values()),
        foreseen=(params["foreseen"] or _foreseen_of(service, params["scaled"])).get("minimum"),
    )


def _foreseen_of(service: str, scaled: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """What the tasks that keep bounds foresaw of a service; nothing in a real run."""
    told = (each["scalable_target"] for each in scaled)
    return next((each["foreseen"] for each in told if each["service"] == service), {})


def observe(api: scaling.Scaling, want: Want) -> Have:
    """One read of the target; where there is none, the process type's own bounds are what a release gives it."""
    target = None if is_unknown(want.resource) or not want.bounds.maximum else api.target(want.resource)
    if target is None:
        return Have(want.service, want.minimum, want.bounds.maximum)
    return Have(want.service, target.minimum, target.maximum)


def plan(have: Have, want: Want) -> list[Change]:
    """One change of the minimum where it is out of place."""
    before = have.minimum if want.foreseen is None else want.foreseen
    after, _ = want.bounds.over((before, have.maximum))
    if before == after or not want.bounds.maximum:
        return []
    named, call = f"floor of ECS service {want.service}", scaling.register(want.resource, after, have.maximum)
    return [Change("update", named, {"minimum": before}, {"minimum": after}, call)]


def foresee(have: Have, want: Want) -> Have:
    """The minimum after the plan; the mark lets no real run believe in it."""
    changes = plan(have, want)
    minimum = changes[0].after["minimum"] if changes else have.minimum if want.foreseen is None else want.foreseen
    by = Unknown(f"floor of ECS service {want.service}", "playbooks/shift.yml")
    return replace(have, minimum=minimum, foreseen={"minimum": minimum, "by": by})


def report(have: Have) -> dict[str, Any]:
    """What playbooks may use."""
    return {"service": have.service, "minimum": have.minimum, "foreseen": dict(have.foreseen)}


MODULE = Module(
    name="ecs_floor",
    noun="floor",
    spec=SPEC,
    connect=lambda params, door: scaling.Scaling(params["region"], door),
    want=want_of,
    observe=observe,
    report=report,
    plan=plan,
    apply={"update": lambda api, change: api.make(change)},
    foresee=foresee,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
