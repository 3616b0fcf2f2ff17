"""How many tasks the new platform needs for a share of the traffic, from how many dynos serve all of it."""

from __future__ import annotations

import math

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput


def tasks_for(dynos: int, share: int, per_dyno: float, maximum: int) -> int:
    """The fewest tasks for a share in percent.

    The dynos carry today's load, which need not be measured for that: their share of it moves, so as many tasks come.

    Args:
        dynos: web dynos at Heroku; 0 where that is not known, and then no number follows.
        share: of the new platform, in percent.
        per_dyno: tasks that replace one dyno.
        maximum: most tasks that autoscaling may start; 0 without autoscaling.

    Raises:
        BadInput: autoscaling may not start so many.
    """
    if per_dyno <= 0:
        raise BadInput(
            f"{per_dyno:g} tasks for a dyno are none.", target="capacity", hint="Give shift_tasks_per_dyno above 0."
        )
    needed = math.ceil(round(dynos * share / 100 * per_dyno, 6))
    if needed > maximum > 0:
        raise BadInput(
            f"At {share} % AWS needs {needed} tasks, since {dynos} web dynos serve all, and may have {maximum}.",
            target="capacity",
            hint="Raise the maximum of the process type, or say by shift_tasks_per_dyno what a task replaces.",
        )
    return needed
