"""ministack's CloudWatch Logs, read where the refusals of other services need it."""

from __future__ import annotations

from rehearsal.aws.adapters.reach import reach

_LOGS = "ministack.services.cloudwatch_logs"


def has_group(name: str) -> bool:
    """Whether the current account and region have a log group of this name."""
    return name in reach(_LOGS, "_log_groups")


reach(_LOGS, "_log_groups")
