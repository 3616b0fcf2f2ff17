"""Traffic in simulation: two platforms, a share, and what goes wrong; the same seed gives the same traffic to every rule."""

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
        self._outage = random.Random(self._seed).uniform(1, 12) * MINUTE

    def tick(self, at: int, share: float) -> Tick:
        """The ten seconds that begin ``at`` so many seconds, with this share (0 to 1) on the new side."""
        drawn, scenario = random.Random(f"{self._seed}/{at}"), self.scenario
        requests = poisson(drawn, scenario.rate * TICK_S)
        new = drawn.binomialvariate(requests, share)
        common = self._common(at)
        old_side = Side(requests - new, self._errors(drawn, requests - new, common))
        return Tick(TICK_S, Side(new, self._errors(drawn, new, min(1.0, common + scenario.excess))), old_side)

    def before(self, seconds: int) -> Iterator[Tick]:
        """The ticks before the ramp."""
        return (self.tick(at, 0.0) for at in range(-seconds, 0, TICK_S))

    def is_missing(self, at: int) -> bool:
        """Whether nothing is told of what began then."""
        return self.scenario.missing and 4 * MINUTE <= at < 9 * MINUTE

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


def together(ticks: list[Tick]) -> Tick:
    """Several ticks as one longer one."""
    new = sum((tick.new for tick in ticks if tick.new), Side())
    return Tick(sum(tick.seconds for tick in ticks), new, sum((tick.old for tick in ticks if tick.old), Side()))
