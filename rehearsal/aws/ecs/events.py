"""The events of a service, newest first, in AWS's words."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence

from rehearsal.aws.ecs.model import Service, Task

_KEPT = 100


def note_event(service: Service, text: str) -> None:
    """Add ``(service NAME) text`` to the service's events; the last hundred are kept, as on AWS."""
    event = {"id": str(uuid.uuid4()), "createdAt": time.time(), "message": f"(service {service.name}) {text}"}
    service.events[:] = [event, *service.events[: _KEPT - 1]]


def note_started(service: Service, tasks: Sequence[Task]) -> None:
    """Tasks were started."""
    if tasks:
        note_event(service, f"has started {len(tasks)} tasks: {_listed(tasks)}.")


def note_stopped(service: Service, tasks: Sequence[Task]) -> None:
    """Tasks were told to stop; those behind a load balancer drain first."""
    if not tasks:
        return
    for balancer in service.load_balancers:
        note_event(service, f"deregistered {len(tasks)} targets in (target-group {balancer['targetGroupArn']})")
    if service.load_balancers:
        note_event(service, f"has begun draining connections on {len(tasks)} tasks.")
    note_event(service, f"has stopped {len(tasks)} running tasks: {_listed(tasks)}.")


def _listed(tasks: Sequence[Task]) -> str:
    return " ".join(f"(task {task.id})" for task in tasks)
