"""The balancer's target groups: which targets there are, how they fare, and which one is next."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import aiohttp

from rehearsal.children import Json
from rehearsal.dataplane.probes import DRAINING, UNUSED, Check, Course, Health, at_intervals, probe
from rehearsal.dataplane.proxy import Upstream
from rehearsal.dataplane.spread import Spread

SLOW_START = "slow_start.duration_seconds"


@dataclass
class Target:
    """One registered target. ``upstream`` is None while nothing listens behind its address."""

    key: str
    upstream: Upstream | None
    draining: bool
    course: Course = field(default_factory=Course)
    warming_since: float | None = None
    """Since when its share of requests grows, while it does (``time.monotonic``)."""

    def health(self, in_use: bool) -> Health:
        """Its health as the API tells it."""
        if self.draining:
            return DRAINING
        return self.course.health if in_use else UNUSED


class TargetGroup:
    """One target group with its probes.

    ``changed`` is called whenever a probe changed a target's health.
    """

    def __init__(self, arn: str, session: aiohttp.ClientSession, changed: Callable[[], None]) -> None:
        self.arn = arn
        self.in_use = False
        self._session = session
        self._changed = changed
        self._check: Check | None = None
        self._targets: dict[str, Target] = {}
        self._probes: dict[str, asyncio.Task[None]] = {}
        self._turn = 0
        self._slow_start = 0.0
        self._spread = Spread(arn)

    def update(self, table: Json, in_use: bool) -> None:
        """Put a new table in force. A target that stays keeps its health; one that leaves gets no new request."""
        self.in_use = in_use
        tls = table["protocol"] == "HTTPS"
        known, self._targets = self._targets, {}
        for entry in table["targets"]:
            key = f"{entry['id']}:{entry['port']}"
            upstream = Upstream(entry["address"][1], tls=tls) if entry["address"] else None
            before = known.get(key)
            if before is None or before.draining:
                self._targets[key] = Target(key, upstream, entry["draining"])
            else:
                self._targets[key] = replace(before, upstream=upstream, draining=entry["draining"])
        self._slow_start = float(table["attributes"].get(SLOW_START, 0))
        self._probe_targets(_check(table["health"]))

    def close(self) -> None:
        """Stop probing."""
        for task in self._probes.values():
            task.cancel()
        self._probes.clear()

    def choose(self) -> Target | None:
        """The next target in turn: of the healthy ones, or of all where none is (an ALB fails open)."""
        candidates = [target for target in self._targets.values() if not target.draining]
        healthy = [target for target in candidates if target.course.health.state == "healthy"]
        if not candidates:
            return None
        shares = [self._share(target) for target in healthy]
        if min(shares, default=1.0) < 1.0 and (picked := self._spread.pick(shares)) is not None:
            return healthy[picked]
        self._turn += 1
        return (healthy or candidates)[self._turn % len(healthy or candidates)]

    def _share(self, target: Target) -> float:
        """What it gets of a full share: it grows in a straight line while the target warms up."""
        if target.warming_since is None or not self._slow_start:
            return 1.0
        return min(1.0, (time.monotonic() - target.warming_since) / self._slow_start)

    def _warm(self, target: Target) -> None:
        """Begin a healthy target's slow start; the first ones of a group have nobody who would carry their share."""
        others = [each for each in self._targets.values() if each is not target and not each.draining]
        if self._slow_start and any(each.course.health.state == "healthy" for each in others):
            target.warming_since = time.monotonic()

    def health(self) -> dict[str, Health]:
        """The health of each target, by "id:port"."""
        return {key: target.health(self.in_use) for key, target in self._targets.items()}

    def _probe_targets(self, check: Check) -> None:
        if check != self._check:
            self.close()
            self._check = check
        wanted = {key for key, target in self._targets.items() if self.in_use and not target.draining}
        for key in self._probes.keys() - wanted:
            self._probes.pop(key).cancel()
        for key in wanted - self._probes.keys():
            self._probes[key] = asyncio.create_task(self._follow(key, check))

    async def _follow(self, key: str, check: Check) -> None:
        async def once() -> None:
            probed = await probe(self._session, self._targets[key].upstream, check.path, check.timeout, USER_AGENT)
            target = self._targets[key]
            before, target.course = target.course.health, target.course.after(probed, check)
            if target.course.health != before:
                if target.course.health.state == "healthy":
                    self._warm(target)
                self._changed()

        await at_intervals(once, check.interval)


USER_AGENT = {"User-Agent": "ELB-HealthChecker/2.0"}


def _check(health: Json) -> Check:
    return Check(
        path=health["path"],
        interval=float(health["interval"]),
        timeout=float(health["timeout"]),
        healthy_threshold=int(health["healthy_threshold"]),
        unhealthy_threshold=int(health["unhealthy_threshold"]),
        matcher=health["matcher"],
    )
