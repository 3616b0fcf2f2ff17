"""ministack's EventBridge Scheduler, read as plain values; when schedules act is our own business."""

from __future__ import annotations

from typing import Any

from rehearsal.aws.adapters.reach import Patches, reach

_MODULE = "ministack.services.scheduler"
DEFAULT_GROUP = "default"


def leave_time_to_us(patches: Patches) -> None:
    """Let ministack's own clock, which knows neither our ECS nor time zones, start nothing."""
    patches.attribute(_MODULE, "_tick_schedules", lambda: None)


def is_group(name: str) -> bool:
    """Whether the current account and region have a schedule group of this name."""
    return name == DEFAULT_GROUP or name in reach(_MODULE, "_schedule_groups")


def is_schedule(group: str, name: str) -> bool:
    """Whether they have such a schedule."""
    return f"{group}/{name}" in reach(_MODULE, "_schedules")


def everywhere() -> list[tuple[str, str, dict[str, Any]]]:
    """All schedules of all accounts and regions, as (account, region, schedule)."""
    rows = list(reach(_MODULE, "_schedules")._data.items())
    return [(account, region, dict(row)) for (account, region, _), row in rows]


for _name in ("_schedules", "_schedule_groups", "_tick_schedules"):
    reach(_MODULE, _name)
