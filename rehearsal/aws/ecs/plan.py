"""What the service scheduler should do next for a service: decided from data, with no effects.

Rolling updates keep the number of tasks within ``minimumHealthyPercent`` (rounded up) and ``maximumPercent`` (rounded
down) of the desired count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from rehearsal.aws.ecs.model import Service, Task


@dataclass
class Plan:
    """How many tasks to start, and which to stop."""

    start: int = 0
    stop: list[Task] = field(default_factory=list)


def plan(service: Service, tasks: Sequence[Task], now: float) -> Plan:
    """The next step for ``service``; ``tasks`` are all of its tasks, oldest first, ``now`` seconds since the epoch."""
    primary, desired = service.primary, service.desired
    limits = service.settings["deploymentConfiguration"]
    most = math.floor(desired * limits["maximumPercent"] / 100)
    least = math.ceil(desired * limits["minimumHealthyPercent"] / 100)
    alive = [task for task in tasks if task.alive]
    mine = [task for task in alive if task.deployment == primary.number]
    fit = [task for task in mine if task.failing is None]
    stuck = primary.rollout == "FAILED"

    missing = 0 if stuck else max(0, desired - len(fit))
    room = max(0, most - len(alive))
    result = Plan(start=min(missing, room) if now >= primary.not_before else 0)
    result.stop += _surplus(fit, desired)
    replaced = sum(_is_good(task) for task in fit) >= desired
    result.stop += _failing(mine, replaced or room < missing or primary.rollout != "COMPLETED")
    if not stuck:
        old = [task for task in alive if task.deployment != primary.number]
        result.stop += _outgoing(old, sum(_is_good(task) for task in alive), least)
    return result


def _surplus(fit: Sequence[Task], desired: int) -> list[Task]:
    """Too many: those that are not good go first, then the newest."""
    by_worth = sorted(fit, key=lambda task: (not _is_good(task), task.times["createdAt"]))
    return by_worth[max(0, desired) :]


def _failing(mine: Sequence[Task], may_go: bool) -> list[Task]:
    """Tasks that fail their checks. A steady service replaces them first, where there is room for it."""
    return [task for task in mine if task.failing is not None] if may_go else []


def _outgoing(old: Sequence[Task], good: int, least: int) -> list[Task]:
    """Tasks of older deployments: of the good ones as many as can be spared, the others at once.

    Those that are not healthy yet go too, as they do not count for minimumHealthyPercent: whoever updates a service
    before its deployment is COMPLETED can so lose the tasks that just began to answer.
    """
    bad = [task for task in old if not _is_good(task)]
    spared = max(0, good - least)
    return bad + [task for task in old if _is_good(task)][:spared]


def _is_good(task: Task) -> bool:
    return task.healthy and task.failing is None
