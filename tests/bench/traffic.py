"""Traffic in simulation: two platforms, a share, and what goes wrong; the same for every rule by its seed."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

from ansible_collections.offramp.ecs.plugins.module_utils.policy.counts import Side, Tick

TICK_S = 10
MINUTE = 60


@dataclass(frozen=True)
class Scenario:
    """One cell of the tables. Rates are of errors, 0 to 1; times are in minutes from the beginning of the ramp.

    Attributes:
        name: what a reader calls it.
        rate: requests a second.
        baseline: the error rate of both sides.
        excess: what the new side has on top, from the beginning.
        outage: the error rate of both sides for three minutes, beginning somewhere in the first twelve.
        missing: whether nothing is told of minutes 4 to 8.
        delay: minutes after which a tick is told.
        clump: the mean size of the clumps in which errors come.
    """

    name: str
    rate: int
    baseline: float = 0.001
    excess: float = 0.0
    outage: float = 0.0
    missing: bool = False
    delay: int = 0
    clump: float = 1.0


class Traffic:
    """What one ramp meets. Each tick has a seed of its own, so that no rule's choices change another's luck."""

    def __init__(self, scenario: Scenario, run: int) -> None:
        self.scenario, self._seed = scenario, f"{scenario}/{run}"
        self._outage = self._draw("outage").uniform(1, 12) * MINUTE
        self._ticks: dict[tuple[int, int], Tick] = {}

    def ticks(self, start: int, end: int, share: int) -> Tick:
        """All of the ten seconds from ``start`` to ``end`` together, with so many percent on the new side."""
        return _together([self._tick(at, share) for at in range(start, end, TICK_S)])

    def heard(self, start: int, tick: Tick) -> Tick:
        """What is told of a tick that began then."""
        missing = self.scenario.missing and 4 * MINUTE <= start < 9 * MINUTE
        return Tick(tick.seconds, None, None) if missing else tick

    def _tick(self, at: int, share: int) -> Tick:
        if (at, share) not in self._ticks:
            self._ticks[at, share] = self._drawn(at, share / 100)
        return self._ticks[at, share]

    def _drawn(self, at: int, share: float) -> Tick:
        drawn, scenario = self._draw(at), self.scenario
        requests = poisson(drawn, scenario.rate * TICK_S)
        new = drawn.binomialvariate(requests, share)
        common = self._common(at)
        old_side = Side(requests - new, self._errors(drawn, requests - new, common))
        return Tick(TICK_S, Side(new, self._errors(drawn, new, min(1.0, common + scenario.excess))), old_side)

    def before(self, seconds: int, period: int) -> Iterator[Tick]:
        """What the old side tells in so many seconds before the ramp, by ticks of ``period`` seconds."""
        drawn = self._draw("before")
        for _ in range(seconds // period):
            requests = poisson(drawn, self.scenario.rate * period)
            yield Tick(period, Side(), Side(requests, self._errors(drawn, requests, self.scenario.baseline)))

    def _draw(self, what: object) -> random.Random:
        return random.Random(f"{self._seed}/{what}")  # noqa: S311 - the same traffic in every run

    def _common(self, at: int) -> float:
        if self.scenario.outage and self._outage <= at < self._outage + 3 * MINUTE:
            return self.scenario.outage
        return self.scenario.baseline

    def _errors(self, drawn: random.Random, requests: int, rate: float) -> int:
        if self.scenario.clump == 1:
            return drawn.binomialvariate(requests, rate)
        clumps = poisson(drawn, requests * rate / self.scenario.clump)
        return min(requests, sum(_geometric(drawn, self.scenario.clump) for _ in range(clumps)))


def poisson(drawn: random.Random, mean: float) -> int:
    """A Poisson number; beyond 200 a rounded normal one, which is as good there."""
    if mean > 200:
        return max(0, round(drawn.gauss(mean, math.sqrt(mean))))
    count, product, floor = 0, drawn.random(), math.exp(-mean)
    while product > floor:
        count += 1
        product *= drawn.random()
    return count


def _geometric(drawn: random.Random, mean: float) -> int:
    return 1 + int(math.log(1 - drawn.random()) / math.log(1 - 1 / mean))


def _together(ticks: list[Tick]) -> Tick:
    new = sum((tick.new for tick in ticks if tick.new), Side())
    return Tick(sum(tick.seconds for tick in ticks), new, sum((tick.old for tick in ticks if tick.old), Side()))
