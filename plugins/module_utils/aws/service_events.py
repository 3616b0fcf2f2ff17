"""What the events of an ECS service tell of a rollout. Pure.

Their wording is in https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_STARTED = re.compile(r"has started (\d+) tasks")
_UNHEALTHY = re.compile(r"is unhealthy in \(target-group \S+\) due to \(reason (.*)\)")
_COMPLAINT = re.compile(r"\b((?:was unable to|is unable to|failed to|operations are being throttled)\b.*)", re.DOTALL)
_MANUAL = re.compile(r"\s*For more information, see .*", re.DOTALL)


def started_since(service: Mapping[str, Any], moment: float) -> int:
    """How many tasks a service has started since then. ECS counts a failed task no more once one of its deployment was
    healthy; more starts than tasks are wanted tell of failures all the same."""
    return sum(int(found[1]) for found in _found(_STARTED, service, moment))


def unhealthy_since(service: Mapping[str, Any], moment: float) -> str:
    """What the load balancer last had against a task since then; "" where it had nothing."""
    return next((found[1] for found in _found(_UNHEALTHY, service, moment)), "")


def complaint_since(service: Mapping[str, Any], moment: float) -> str:
    """What ECS last could not do since then: place a task, for want of capacity or addresses, say; "" for nothing."""
    found = next((found[1] for found in _found(_COMPLAINT, service, moment)), "")
    return _MANUAL.sub("", found).rstrip(".")


def _found(pattern: re.Pattern[str], service: Mapping[str, Any], moment: float) -> Iterator[re.Match[str]]:
    """In the events since then, the newest first."""
    for event in service.get("events", []):
        found = pattern.search(event["message"])
        if found and event["createdAt"].timestamp() >= moment:
            yield found
