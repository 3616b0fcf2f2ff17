"""Which periods of two counted sources can be compared, and the ticks that they make. Pure.

Sources count by whole periods of their own clocks (CloudWatch by minutes), tell late, and need some time until new
weights show. So the first period begins after that time, and one is complete a while after its end.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Optional

from ansible_collections.offramp.ecs.plugins.module_utils.policy.counts import Side, Tick

Counts = Mapping[int, Optional[tuple[int, ...]]]
"""Start of a period, in seconds since the epoch -> the first fields of a Side; missing or None where unknown."""


@dataclass(frozen=True)
class Rhythm:
    """When counts can be read; all in seconds.

    Attributes:
        period: length of one count.
        grace: from a change of the weights until it is in force everywhere.
        delay: from the end of a period until its count is complete.
    """

    period: int
    grace: float
    delay: float

    def complete(self, began: float, now: float) -> range:
        """The starts of all periods after ``began`` that are complete by ``now``, both in seconds since the epoch."""
        start = math.ceil((began + self.grace) / self.period) * self.period
        count = max(0, int((now - self.delay - start) // self.period))
        return range(start, start + count * self.period, self.period)

    @property
    def reaction(self) -> float:
        """Seconds from a change of the weights until its first count is complete, where its period begins at once."""
        return self.grace + self.period + self.delay

    def longest(self, window: float) -> float:
        """Seconds that it can take until ``window`` seconds of counts are complete."""
        return self.grace + 2 * self.period + window + self.delay


def lay(starts: range, new: Counts, old: Counts) -> list[Tick]:
    """The ticks of these periods, from what both sides' sources told."""
    return [Tick(starts.step, _side(new.get(start)), _side(old.get(start))) for start in starts]


def _side(counted: Optional[tuple[int, ...]]) -> Optional[Side]:
    return None if counted is None else Side(*counted)
