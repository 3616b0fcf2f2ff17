#!/usr/bin/python
"""The bounds of an ECS service's number of tasks, and when they change."""

from __future__ import annotations

DOCUMENTATION = """
module: ecs_scalable_target
short_description: Keep the bounds of an ECS service's number of tasks
description:
  - Makes the service a scalable target with the process type's C(minimum) and C(maximum), and converges the scheduled
    actions that change these bounds by the clock. Policies are a stack's (C(scaling.cfn.yaml)).
  - A bound is left alone where it is what one of the scheduled actions sets, so that no run undoes at night what the
    night has set. Scheduled actions whose names do not begin with C(offramp-) are somebody else's.
  - With C(maximum) 0 the service is no scalable target. AWS then removes its policies and scheduled actions.
  - A target-tracking policy of somebody else's for a metric that the stack is to track is refused by name, since AWS
    takes one policy for each metric.
  - A scalable target needs an existing service, so this comes after the release.
options:
  load_balancer:
    description: The load balancer in CloudWatch's terms (C(app/...)), for a process with a port.
    type: str
    default: ""
  target_group:
    description: The target group in CloudWatch's terms (C(targetgroup/...)), for a process with a port.
    type: str
    default: ""
  floor:
    description:
      - Fewest tasks for as long as a ramp lasts, where that is more than every other minimum; 0 for none. A run without
        it lowers the minimum again.
    type: int
    default: 0
  suspended:
    description:
      - What is suspended of the target's scaling. By default that is left as somebody has set it.
    type: str
    choices: [unchanged, nothing, scale_in, schedule, scale_in_and_schedule]
    default: unchanged
extends_documentation_fragment:
  - offramp.ecs.aws
  - offramp.ecs.service
  - offramp.ecs.process
author: The Offramp authors
"""

EXAMPLES = """
- name: Keep between two and ten tasks, and one at night
  offramp.ecs.ecs_scalable_target:
    region: eu-west-1
    cluster: offramp-staging
    service: bond-server-web
    process:
      port: 8080
      minimum: 2
      maximum: 10
      schedule:
        - {name: night, when: "cron(0 22 * * ? *)", timezone: Europe/Berlin, minimum: 1}
        - {name: day, when: "cron(0 6 * * ? *)", timezone: Europe/Berlin, minimum: 2}
"""

RETURN = """
scalable_target:
  description: The scalable target.
  returned: success
  type: dict
  contains:
    service: {description: Name of the service., type: str}
    resource: {description: The service in Application Auto Scaling's terms., type: str}
    id: {description: What tells this target from one made anew; empty without one., type: str}
    minimum: {description: Fewest tasks; 0 without autoscaling., type: int}
    maximum: {description: Most tasks; 0 without autoscaling., type: int}
    exists: {description: "Whether there is a target, which a dry run may only foresee.", type: bool}
    suspended: {description: What is suspended of its scaling., type: list}
    scheduled: {description: Our scheduled actions by name., type: dict}
    tracking:
      description:
        - What the policies are made from, for their stack. Target values by kind (requests, cpu, memory), 0 for none;
          label of the target group, cooldowns, and whether scale-in is off.
      type: dict
    foreseen: {description: For later tasks of a dry run; empty in a real one., type: dict}
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import ecs, processes, scaling, schedules, tracking
from ansible_collections.offramp.ecs.plugins.module_utils.aws.bounds import Bounds, bounds_of
from ansible_collections.offramp.ecs.plugins.module_utils.aws.scaling import Action, Scaled, Target
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown, is_unknown

_SUSPENDED = {
    "nothing": frozenset[str](),
    "scale_in": frozenset({"scale_in"}),
    "schedule": frozenset({"schedule"}),
    "scale_in_and_schedule": frozenset({"scale_in", "schedule"}),
}

SPEC = spec.spec(
    spec.AWS,
    ecs.SERVICE,
    processes.PROCESS,
    options={
        "load_balancer": {"type": "str", "default": ""},
        "target_group": {"type": "str", "default": ""},
        "floor": {"type": "int", "default": 0},
        "suspended": {"type": "str", "choices": ["unchanged", *_SUSPENDED], "default": "unchanged"},
    },
)


@dataclass(frozen=True)
class Want:
    """The bounds, our scheduled actions (``over`` are those that are past), and what the policies are made from.

    ``suspended`` is None for whatever it is.
    """

    service: str
    resource: str
    bounds: Bounds
    actions: Mapping[str, Action]
    over: frozenset[str]
    suspended: Optional[frozenset[str]]
    tracking: Mapping[str, Any]


@dataclass(frozen=True)
class Have:
    """What Application Auto Scaling knows of the service; ``foreseen`` goes to later tasks of a dry run."""

    want: Want
    scaled: Scaled = field(default_factory=Scaled)
    foreseen: Mapping[str, Any] = field(default_factory=dict)


def want_of(params: Mapping[str, Any]) -> Want:
    """The wanted target.

    Raises:
        BadInput: it cannot be: the bounds, the floor above the maximum, or the schedule.
    """
    process, service = params["process"], params["service"]
    processes.check(service, process)
    actions = schedules.actions_of(service, process) if process["maximum"] else {}
    return Want(
        service=service,
        resource=scaling.resource_of(params["cluster"], service),
        bounds=bounds_of(service, process, params["floor"], actions.values()),
        actions=actions,
        over=schedules.over(actions, datetime.datetime.now(datetime.timezone.utc)),
        suspended=_SUSPENDED.get(params["suspended"]),
        tracking=tracking.settings_of(process, params["load_balancer"], params["target_group"]),
    )


def connect(params: Mapping[str, Any], door: Door) -> scaling.Scaling:
    """Application Auto Scaling in the wanted region."""
    return scaling.Scaling(params["region"], door)


def observe(api: scaling.Scaling, want: Want) -> Have:
    """Three reads at most; none where the cluster does not exist yet."""
    return Have(want, Scaled() if is_unknown(want.resource) else api.look(want.resource))


def plan(have: Have, want: Want) -> list[Change]:
    """The target, what is suspended, and the scheduled actions."""
    target = have.scaled.target
    if not want.bounds.maximum:
        named, before = f"scalable target of ECS service {want.service}", target and _readable(target)
        return [Change("delete", named, before, None, scaling.deregister(want.resource))] if target else []
    tracking.refuse_others(want.service, want.tracking, have.scaled.policies)
    return _target(target, want) + _actions(have.scaled.actions, want)


def _target(have: Optional[Target], want: Want) -> list[Change]:
    """The target or its bounds where they are out of place, and its suspension."""
    named, wanted = f"scalable target of ECS service {want.service}", _wanted(have, want)
    changes = []
    if have is None or (have.minimum, have.maximum) != (wanted.minimum, wanted.maximum):
        call = scaling.register(want.resource, wanted.minimum, wanted.maximum)
        bounds = {"minimum": wanted.minimum, "maximum": wanted.maximum}
        changes.append(Change("update" if have else "create", named, have and _readable(have), bounds, call))
    suspended = have.suspended if have else frozenset()
    if wanted.suspended != suspended:
        call = scaling.suspend(want.resource, wanted.suspended)
        changes.append(
            Change("update", f"suspension of the {named}", sorted(suspended), sorted(wanted.suspended), call)
        )
    return changes


def _wanted(have: Optional[Target], want: Want) -> Target:
    """The target as it shall be: each bound in place, its id unknown until there is one."""
    suspended = want.suspended if want.suspended is not None else have.suspended if have else frozenset()
    minimum, maximum = want.bounds.over((have.minimum, have.maximum) if have else None)
    return Target(have.id if have else _unknown_id(want), minimum, maximum, suspended)


def _unknown_id(want: Want) -> Unknown:
    return Unknown(f"id of the scalable target of ECS service {want.service}", "playbooks/release.yml")


def _readable(target: Target) -> dict[str, int]:
    return {"minimum": target.minimum, "maximum": target.maximum}


def _actions(have: Mapping[str, Action], want: Want) -> list[Change]:
    """Ours that differ, and ours that nobody wants any more."""
    changes = []
    for name, action in want.actions.items():
        before = have.get(name)
        if before != action and name not in want.over:
            call, told = scaling.put_action(want.resource, name, action), before and before.readable()
            named = f"scheduled action {name} of {want.service}"
            changes.append(Change("update" if before else "create", named, told, action.readable(), call))
    for name in sorted(have.keys() - want.actions.keys()):
        if name.startswith(schedules.OURS):
            call, told = scaling.delete_action(want.resource, name), have[name].readable()
            changes.append(Change("delete", f"scheduled action {name} of {want.service}", told, None, call))
    return changes


def make(api: scaling.Scaling, change: Change) -> None:
    """One call."""
    api.make(change)


def foresee(have: Have, want: Want) -> Have:
    """The target as it will be, its id unknown until AWS gives it one."""
    if not want.bounds.maximum:
        return Have(want)
    others = {name: each for name, each in have.scaled.actions.items() if not name.startswith(schedules.OURS)}
    target = _wanted(have.scaled.target, want)
    by = Unknown(f"bounds of ECS service {want.service}", "playbooks/release.yml")
    scaled = replace(have.scaled, target=target, actions={**others, **want.actions})
    return Have(want, scaled, {"minimum": target.minimum, "by": by})


def report(have: Have) -> dict[str, Any]:
    """What playbooks use."""
    target = have.scaled.target
    ours = {name: each for name, each in have.scaled.actions.items() if name.startswith(schedules.OURS)}
    return {
        "service": have.want.service,
        "resource": have.want.resource,
        "id": target.id if target else "",
        "minimum": target.minimum if target else 0,
        "maximum": target.maximum if target else 0,
        "exists": target is not None,
        "suspended": sorted(target.suspended) if target else [],
        "scheduled": {name: each.readable() for name, each in ours.items()},
        "tracking": dict(have.want.tracking),
        "foreseen": dict(have.foreseen),
    }


MODULE = Module(
    name="ecs_scalable_target",
    noun="scalable_target",
    spec=SPEC,
    connect=connect,
    want=want_of,
    observe=observe,
    report=report,
    plan=plan,
    apply={"create": make, "update": make, "delete": make},
    foresee=foresee,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
