"""Whether an ECS service may get traffic: its release is complete, its tasks run, and the load balancer holds them for
healthy. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import ecs

State = Literal["ready", "coming", "never"]


@dataclass(frozen=True)
class Readiness:
    """What was found, with the numbers; ``why`` in half a sentence where it is not ready."""

    state: State
    why: str = ""
    desired: int = 0
    running: int = 0
    healthy: int = 0


def readiness_of(service: Optional[Mapping[str, Any]], healthy: int, at_least: int) -> Readiness:
    """Judge a service.

    Args:
        service: as ECS describes it; None where there is none.
        healthy: targets that the load balancer holds for healthy.
        at_least: tasks that the next step needs.
    """
    if service is None:
        return Readiness("never", "does not exist")
    deployment = ecs.primary(service)
    rollout, desired, running = deployment.get("rolloutState", ""), service["desiredCount"], service["runningCount"]
    state, why = _judged(rollout, desired, running, healthy, max(desired, at_least))
    return Readiness(state, why, desired, running, healthy)


def _judged(rollout: str, desired: int, running: int, healthy: int, needed: int) -> tuple[State, str]:
    if not desired:
        return "never", "keeps no task: its first release failed, or somebody stopped it"
    if rollout == "FAILED":
        return "never", "stands at a release that failed"
    if rollout != "COMPLETED":
        return "coming", "is in the middle of a release"
    if running < needed:
        return "coming", f"runs {running} of {needed} tasks"
    if healthy < needed:
        return "coming", f"has {healthy} healthy targets of {needed}"
    return "ready", ""
