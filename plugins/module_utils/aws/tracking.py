"""Target-tracking policies of ECS services. A stack makes them (``scaling.cfn.yaml``); this is what it must know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Refused

METRICS = {
    "requests": "ALBRequestCountPerTarget",
    "cpu": "ECSServiceAverageCPUUtilization",
    "memory": "ECSServiceAverageMemoryUtilization",
}
"""Kind of policy -> the metric that it tracks, in AWS's terms."""


def settings_of(process: Mapping[str, Any], load_balancer: str, target_group: str) -> dict[str, Any]:
    """What the policies of a process type are made from. Target values are 0 where there is no such policy.

    Args:
        process: the option ``process``.
        load_balancer: in CloudWatch's terms.
        target_group: in CloudWatch's terms.
    """
    values = {kind: process[f"target_{kind}"] if process["maximum"] else 0 for kind in METRICS}
    if not process["port"]:
        values["requests"] = 0
    return {
        **values,
        "label": f"{load_balancer}/{target_group}" if values["requests"] else "",
        "scale_in_cooldown": process["scale_in_cooldown"],
        "scale_out_cooldown": process["scale_out_cooldown"],
        "disable_scale_in": not process["scale_in"],
    }


def refuse_others(service: str, settings: Mapping[str, Any], policies: Mapping[str, str]) -> None:
    """AWS takes one target-tracking policy for each metric of a target, and would refuse the stack's.

    Args:
        service: name of the service.
        settings: see :func:`settings_of`.
        policies: name -> metric of the policies that are there.

    Raises:
        Refused: somebody else's policy tracks a metric that one of ours is to track.
    """
    wanted = {METRICS[kind]: f"{service}-{kind}-" for kind in METRICS if settings[kind]}
    for name, metric in policies.items():
        if not name.startswith(wanted.get(metric, name)):
            raise Refused(
                f"ECS service {service} is scaled by {metric} already, by the policy {name}.",
                target=f"scaling policy {name}",
                hint="Delete that policy, or set the target of that kind to 0 in the process.",
            )
