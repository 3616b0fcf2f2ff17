"""Container health checks.

There is no container to run a check's command in. A command that asks an address of localhost by HTTP (curl, wget) is
done by asking the process's real port; ``exit N``, ``true`` and ``false`` are what they say; any other command is taken
to pass as long as the process lives.
"""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rehearsal.aws.ecs.model import Health, Json

_URL = re.compile(r"(?:https?://)?(?:localhost|127\.0\.0\.1|\[::1\])(?::(\d+))?(/[^\s'\"|;&]*)?")
_EAGER = 0.2
"""Seconds between looks for the first success."""
_ASKS = re.compile(r"\b(curl|wget)\b")


@dataclass(frozen=True)
class HealthCheck:
    """A container's health check, with the API's defaults (seconds)."""

    command: str
    interval: float = 30
    timeout: float = 5
    retries: int = 3
    start_period: float = 0

    @staticmethod
    def of(definition: Json) -> HealthCheck | None:
        """The check of a container definition, if it has one (``["NONE"]`` is none)."""
        check = definition.get("healthCheck")
        if not check or check["command"][0] == "NONE":
            return None
        return HealthCheck(
            " ".join(check["command"][1:] if check["command"][0] in ("CMD", "CMD-SHELL") else check["command"]),
            check.get("interval", 30),
            check.get("timeout", 5),
            check.get("retries", 3),
            check.get("startPeriod", 0),
        )


def passes(check: HealthCheck, real_ports: Mapping[int, int]) -> bool:
    """Do the check once; ``real_ports`` maps the ports the app was told to those on 127.0.0.1."""
    command = check.command.strip()
    if command == "false" or re.fullmatch(r"exit\s+[1-9]\d*", command):
        return False
    url = _URL.search(command)
    if not _ASKS.search(command) or url is None:
        return True
    real = real_ports.get(int(url.group(1) or 80))
    return real is not None and _answers(real, url.group(2) or "/", check.timeout)


def _answers(port: int, path: str, timeout: float) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"User-Agent": "curl", "Connection": "close"})
        return connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def watch(
    check: HealthCheck,
    real_ports: Callable[[], Mapping[int, int]],
    ended: threading.Event,
    tell: Callable[[Health], None],
) -> None:
    """Check again and again until ``ended``; tell each change.

    A failure counts once an interval, and not within the start period. The first success is looked for more often, so
    that a task with a slow interval is HEALTHY as soon as it can be.
    """
    started = time.monotonic()
    due, failures = started + check.interval, 0
    last: Health = "UNKNOWN"
    while not ended.wait(min(_EAGER, check.interval) if last == "UNKNOWN" else max(0.0, due - time.monotonic())):
        now = last
        if passes(check, real_ports()):
            failures, now = 0, "HEALTHY"
        elif time.monotonic() >= max(due, started + check.start_period):
            failures += 1
            now = "UNHEALTHY" if failures >= check.retries else last
        if time.monotonic() >= due:
            due = time.monotonic() + check.interval
        if now != last:
            last = now
            tell(now)
