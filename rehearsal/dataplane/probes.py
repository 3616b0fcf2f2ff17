"""Health checks: asking an address at intervals, and what the answers mean to an ALB's target group."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Literal

import aiohttp
from yarl import URL

from rehearsal.dataplane.proxy import Upstream


@dataclass(frozen=True, slots=True)
class Probed:
    """What came of one probe: an HTTP status, or none because of ``problem``."""

    status: int | None
    problem: Literal["", "timeout", "connection"] = ""


async def probe(
    session: aiohttp.ClientSession,
    upstream: Upstream | None,
    path: str,
    timeout: float,
    headers: dict[str, str] | None = None,
    method: str = "GET",
) -> Probed:
    """Ask once, on a connection of its own. An upstream of None refuses the connection."""
    if upstream is None:
        return Probed(None, "connection")
    scheme = "https" if upstream.tls else "http"
    url = URL(f"{scheme}://{upstream.name}:{upstream.port}{path}", encoded=True)
    asked = {**(headers or {}), "Connection": "close"}
    try:
        async with asyncio.timeout(timeout):
            async with session.request(method, url, headers=asked, allow_redirects=False) as answer:
                await answer.read()
                return Probed(answer.status)
    except TimeoutError:
        return Probed(None, "timeout")
    except aiohttp.ClientError:
        return Probed(None, "connection")


def matches(status: int, matcher: str) -> bool:
    """Whether a status is one that an ALB's matcher ("200", "200,202", "200-299") names."""
    for part in matcher.split(","):
        low, _, high = part.strip().partition("-")
        if int(low) <= status <= int(high or low):
            return True
    return False


State = Literal["initial", "healthy", "unhealthy", "draining", "unused"]


@dataclass(frozen=True, slots=True)
class Health:
    """A target's health as DescribeTargetHealth tells it."""

    state: State
    reason: str = ""
    description: str = ""


INITIAL = Health("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
DRAINING = Health("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
UNUSED = Health("unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer")
HEALTHY = Health("healthy")


@dataclass(frozen=True, slots=True)
class Check:
    """A target group's health check settings; ``interval`` and ``timeout`` in seconds."""

    path: str
    interval: float
    timeout: float
    healthy_threshold: int
    unhealthy_threshold: int
    matcher: str


@dataclass(frozen=True, slots=True)
class Course:
    """A target's health and the run of equal results that led to it.

    A new target is healthy after one passed check ("After your target is registered, it must pass one health check to
    be considered healthy", AWS, Health checks for Application Load Balancer target groups); after that the thresholds
    count.
    """

    health: Health = INITIAL
    passed: int = 0
    failed: int = 0

    def after(self, probed: Probed, check: Check) -> Course:
        """The course after one more probe."""
        if probed.status is not None and matches(probed.status, check.matcher):
            passed = self.passed + 1
            recovered = self.health.state != "unhealthy" or passed >= check.healthy_threshold
            return Course(HEALTHY if recovered else self.health, passed=passed)
        failed = self.failed + 1
        if failed >= check.unhealthy_threshold:
            return Course(_unhealthy(probed), failed=failed)
        return replace(self, passed=0, failed=failed)


def _unhealthy(probed: Probed) -> Health:
    if probed.status is not None:
        return Health(
            "unhealthy", "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{probed.status}]"
        )
    if probed.problem == "timeout":
        return Health("unhealthy", "Target.Timeout", "Request timed out")
    return Health("unhealthy", "Target.FailedHealthChecks", "Health checks failed")


async def at_intervals(act: Callable[[], Awaitable[None]], interval: float) -> None:
    """Start ``act`` at once and then every ``interval`` seconds, however long it takes, but never two at a time."""
    due = time.monotonic()
    while True:
        await act()
        due = max(due + interval, time.monotonic())
        await asyncio.sleep(due - time.monotonic())
