"""Bounds that change by the clock: the process option ``schedule`` as scheduled actions of Application Auto Scaling."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any, Optional
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ansible_collections.offramp.ecs.plugins.module_utils.aws.scaling import Action
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput

OURS = "offramp-"
"""How the names of our scheduled actions begin; those of other names are somebody else's."""

_NAME = re.compile(r"[A-Za-z0-9-]{1,100}")
WHEN = re.compile(
    r"cron\(\S+(?: \S+){5}\)|rate\([1-9]\d* (?:minute|hour|day)s?\)|at\((?P<once>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)"
)
"""Application Auto Scaling and EventBridge Scheduler take the same
(https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html)."""

WHEN_HINT = "Use cron(0 22 * * ? *), rate(1 day) or at(2030-12-24T18:00:00)."


def actions_of(service: str, process: Mapping[str, Any]) -> dict[str, Action]:
    """The scheduled actions that a process type asks for, by their names on AWS.

    Raises:
        BadInput: AWS would refuse one, or it could never be in force.
    """
    found: dict[str, Action] = {}
    for given in process["schedule"]:
        name = f"{OURS}{given['name']}"
        target = f"scheduled action {name} of ECS service {service}"
        if name in found or not _NAME.fullmatch(given["name"]):
            hint = "Name each entry of schedule once, by letters, digits and hyphens."
            raise BadInput(f"'{given['name']}' cannot be the name of a {target}.", target=target, hint=hint)
        if not WHEN.fullmatch(given["when"]):
            hint = WHEN_HINT
            raise BadInput(f"The {target} cannot act at '{given['when']}'.", target=target, hint=hint)
        found[name] = Action(given["when"], given["minimum"], given["maximum"], given["timezone"])
        _check_bounds(found[name], process, target)
    return found


def _check_bounds(action: Action, process: Mapping[str, Any], target: str) -> None:
    if action.minimum is None and action.maximum is None:
        raise BadInput(f"The {target} sets no bound.", target=target, hint="Give its minimum, its maximum, or both.")
    fewest = process["minimum"] if action.minimum is None else action.minimum
    most = process["maximum"] if action.maximum is None else action.maximum
    if not 0 <= fewest <= most:
        hint = "Let it set both bounds, minimum to no more than maximum."
        raise BadInput(f"The {target} sets at least {fewest} and at most {most} tasks.", target=target, hint=hint)


def over(actions: Mapping[str, Action], now: datetime.datetime) -> frozenset[str]:
    """The names of those that acted once and never will again, which AWS may have removed and would not make anew."""
    return frozenset(name for name, action in actions.items() if _is_over(action, now))


def _is_over(action: Action, now: datetime.datetime) -> bool:
    once = WHEN.fullmatch(action.when)
    if once is None or not once["once"]:
        return False
    zone = _zone(action.timezone)
    return zone is not None and datetime.datetime.fromisoformat(once["once"]).replace(tzinfo=zone) <= now


def _zone(name: str) -> Optional[ZoneInfo]:
    """The zone; None on a machine that does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None
