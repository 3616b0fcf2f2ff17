#!/usr/bin/python
"""Autoscaling of an ECS service."""

from __future__ import annotations

DOCUMENTATION = """
module: ecs_scaling
short_description: Scale an ECS service by requests, CPU and memory
description:
  - Makes the service a scalable target with up to three policies, each of which tracks a target value - requests per
    task behind a load balancer, CPU and memory - and converges them. Policies of other names are left alone.
  - With C(maximum) 0 the service is no scalable target.
  - A scalable target needs an existing service, so this comes after the release.
options:
  load_balancer:
    description: The load balancer in CloudWatch's terms (C(app/...)).
    type: str
    default: ""
  target_group:
    description: The target group in CloudWatch's terms (C(targetgroup/...)).
    type: str
    default: ""
extends_documentation_fragment:
  - offramp.ecs.aws
  - offramp.ecs.service
  - offramp.ecs.process
author: The Offramp authors
"""

EXAMPLES = """
- name: Scale the web process
  offramp.ecs.ecs_scaling:
    region: eu-west-1
    cluster: offramp-staging
    service: bond-server-web
    process: {port: 8080, minimum: 2, maximum: 10}
    load_balancer: app/bond/50dc6c495c0c9188
    target_group: targetgroup/bond/73e2d6bc24d8a067
"""

RETURN = """
scaling:
  description: The autoscaling of the service.
  returned: success
  type: dict
  contains:
    service: {description: Name of the service., type: str}
    minimum: {description: Fewest tasks; 0 without autoscaling., type: int}
    maximum: {description: Most tasks; 0 without autoscaling., type: int}
    targets: {description: Target values by the name of the policy., type: dict}
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import ecs, processes, scaling
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown

_TEXT = {"type": "str", "required": True}
_METRICS = {"cpu": "ECSServiceAverageCPUUtilization", "memory": "ECSServiceAverageMemoryUtilization"}
_REQUESTS = "ALBRequestCountPerTarget"

SPEC = spec.spec(
    spec.AWS,
    ecs.SERVICE,
    processes.PROCESS,
    options={
        "load_balancer": {"type": "str", "default": ""},
        "target_group": {"type": "str", "default": ""},
    },
)


@dataclass(frozen=True)
class Want:
    """The service, its bounds (None for no autoscaling), our policies, and the names of ours that must not be."""

    service: str
    resource: str
    bounds: Optional[tuple[int, int]]
    policies: Mapping[str, dict[str, Any]]
    unwanted: tuple[str, ...]


@dataclass(frozen=True)
class Have:
    """The autoscaling as it is; policies of other names are not looked at."""

    want: Want
    bounds: Optional[tuple[int, int]] = None
    policies: Mapping[str, dict[str, Any]] = field(default_factory=dict)


def want_of(params: Mapping[str, Any]) -> Want:
    """The wanted autoscaling."""
    process, service = params["process"], params["service"]
    processes.check(service, process)
    wanted = {}
    for kind, metric in _METRICS.items():
        if process[f"target_{kind}"]:
            wanted[f"{service}-{kind}"] = scaling.tracking(metric, process[f"target_{kind}"])
    if process["target_requests"] and process["port"]:
        label = f"{params['load_balancer']}/{params['target_group']}"
        wanted[f"{service}-requests"] = scaling.tracking(_REQUESTS, process["target_requests"], label)
    ours = {f"{service}-{kind}" for kind in (*_METRICS, "requests")}
    bounds = (process["minimum"], process["maximum"]) if process["maximum"] else None
    resource = scaling.resource_of(params["cluster"], service)
    policies = wanted if bounds else {}
    return Want(service, resource, bounds, policies, tuple(sorted(ours - set(policies))))


def connect(params: Mapping[str, Any], door: Door) -> scaling.Scaling:
    """Application Auto Scaling in the wanted region."""
    return scaling.Scaling(params["region"], door)


def observe(api: scaling.Scaling, want: Want) -> Have:
    """Two reads; none where the cluster does not exist yet."""
    bounds = None if is_unknown(want.resource) else api.bounds(want.resource)
    if bounds is None:
        return Have(want)
    ours = {*want.policies, *want.unwanted}
    return Have(want, bounds, {name: it for name, it in api.policies(want.resource).items() if name in ours})


def plan(have: Have, want: Want) -> list[Change]:
    """The scalable target first, then each policy that differs."""
    target = f"scalable target of ECS service {want.service}"
    if want.bounds is None:
        gone = [Change("delete", target, _bounds(have.bounds), None, scaling.deregister(want.resource))]
        return gone if have.bounds else []
    changes = []
    if have.bounds != want.bounds:
        call = scaling.register(want.resource, *want.bounds)
        changes.append(
            Change("update" if have.bounds else "create", target, _bounds(have.bounds), _bounds(want.bounds), call)
        )
    for name, policy in want.policies.items():
        before = have.policies.get(name)
        if before != policy:
            call = scaling.put_policy(want.resource, name, policy)
            changes.append(Change("update" if before else "create", f"scaling policy {name}", before, policy, call))
    for name in want.unwanted:
        if name in have.policies:
            call = scaling.delete_policy(want.resource, name)
            changes.append(Change("delete", f"scaling policy {name}", have.policies[name], None, call))
    return changes


def _bounds(bounds: Optional[tuple[int, int]]) -> Optional[dict[str, int]]:
    return {"minimum": bounds[0], "maximum": bounds[1]} if bounds else None


def make(api: scaling.Scaling, change: Change) -> None:
    """One call."""
    api.make(change)


def foresee(_have: Have, want: Want) -> Have:
    """The autoscaling as it will be."""
    return Have(want, want.bounds, want.policies)


def report(have: Have) -> dict[str, Any]:
    """What playbooks use."""
    fewest, most = have.bounds or (0, 0)
    targets = {name: policy["TargetValue"] for name, policy in have.policies.items()}
    return {"service": have.want.service, "minimum": fewest, "maximum": most, "targets": targets}


MODULE = Module(
    name="ecs_scaling",
    noun="scaling",
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
