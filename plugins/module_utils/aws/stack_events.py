"""The events of a CloudFormation stack: what it is doing, and what went wrong first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_STARTS = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS"})
_WRAPPED = re.compile(r'Resource handler returned message: "(.*)" \(RequestToken: ', re.DOTALL)
_TECHNICAL = re.compile(r"\s*\((?:Service|RequestToken): [^()]*\)")


@dataclass(frozen=True)
class Event:
    """One event of a stack."""

    id: str
    resource: str
    type: str
    status: str
    reason: str
    is_stack: bool
    ordered_by: str = ""
    """The token of the order that the event belongs to; ours tell who gave it."""


def newest(client: Any, stack_id: str) -> str:
    """The id of the newest event; "" where there is none."""
    page = client.describe_stack_events(StackName=stack_id)["StackEvents"]
    return str(page[0]["EventId"]) if page else ""


def latest(client: Any, stack_id: str, since: str) -> tuple[Event, ...]:
    """The events since one, or where none is given those of the latest operation; oldest first."""
    return tuple(reversed(list(_until_start(_all(client, stack_id), since))))


def first_failure(events: tuple[Event, ...]) -> Event | None:
    """The resource that failed first; those that were given up because of it do not count."""
    for event in events:
        if event.status.endswith("_FAILED") and not event.is_stack and "ancelled" not in event.reason:
            return event
    return next((event for event in events if event.status.endswith("_FAILED")), None)


def finished(events: tuple[Event, ...]) -> list[Event]:
    """The last event of each resource that is done, in the order in which they were."""
    last = {event.resource: event for event in events if not event.is_stack}
    done = [event for event in events if last.get(event.resource) is event]
    return [event for event in done if event.status.endswith("_COMPLETE")]


def _all(client: Any, stack_id: str) -> Iterator[Event]:
    """Newest first, as many pages as are asked for."""
    token: dict[str, str] = {}
    while True:
        page = client.describe_stack_events(StackName=stack_id, **token)
        for event in page["StackEvents"]:
            yield _event(event)
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _until_start(newest_first: Iterator[Event], since: str) -> Iterator[Event]:
    for event in newest_first:
        if event.id == since:
            return
        yield event
        if not since and event.is_stack and event.status in _STARTS:
            return


def _event(event: dict[str, Any]) -> Event:
    return Event(
        id=event["EventId"],
        resource=event["LogicalResourceId"],
        type=event.get("ResourceType", ""),
        status=event.get("ResourceStatus", ""),
        reason=_said(event.get("ResourceStatusReason", "")),
        is_stack=event.get("PhysicalResourceId") == event["StackId"],
        ordered_by=event.get("ClientRequestToken", ""),
    )


def _said(reason: str) -> str:
    """What the service said, out of the wrapping that resource handlers put around it."""
    found = _WRAPPED.search(reason)
    return _TECHNICAL.sub("", found.group(1) if found else reason).strip().rstrip(".")
