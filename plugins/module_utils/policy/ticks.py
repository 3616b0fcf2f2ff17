"""Which periods of two counted sources can be compared, and the ticks that they make. Pure.

Sources count by whole periods of their own clocks (CloudWatch by minutes), tell late, and need some time until new
weights show. So the first period begins after that time, and one is complete a while after its end. The periods of a
step that are not complete when it ends are handed on to the next one, see :class:`Untold`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.policy.counts import Side, Tick

Counts = Mapping[int, Optional[tuple[int, ...]]]
"""Start of a period, in seconds since the epoch -> the first fields of a Side; missing or None where unknown."""

SIDES = ("new", "old")
_SURELY_SOME = 20.0
"""So many requests that are expected in a period are never none by chance (e^-20)."""


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

    def ended(self, began: float, now: float) -> range:
        """The starts of all periods after ``began`` that have ended by ``now``, complete or not."""
        return replace(self, delay=0.0).complete(began, now)

    @property
    def reaction(self) -> float:
        """Seconds from a change of the weights until its first count is complete, where its period begins at once."""
        return self.grace + self.period + self.delay

    def longest(self, window: float) -> float:
        """Seconds that it can take until ``window`` seconds of counts are complete."""
        return self.grace + 2 * self.period + window + self.delay


@dataclass(frozen=True)
class Untold:
    """The periods of a step that had ended, and were not complete, when it was decided.

    Attributes:
        starts: of the periods, in seconds since the epoch.
        told: side ("new", "old") -> what its source counted in them, where nobody can ask it later.
    """

    starts: range = range(0)
    told: Mapping[str, Counts] = field(default_factory=dict)

    def complete(self, now: float, delay: float) -> range:
        """Those that are complete by ``now``."""
        return range(self.starts.start, _bounded(self.starts, now - delay), self.starts.step)

    def numbers(self) -> dict[str, Any]:
        """To carry it on as JSON, see :func:`untold_from`."""
        told = {side: [[at, *(counted or ())] for at, counted in counts.items()] for side, counts in self.told.items()}
        return {"since": self.starts.start, "until": self.starts.stop, "period": self.starts.step, "told": told}


def untold_from(numbers: Mapping[str, Any]) -> Untold:
    """What :meth:`Untold.numbers` told; nothing where there is nothing.

    Raises:
        BadInput: it is something else.
    """
    if not numbers:
        return Untold()
    try:
        told = {side: {row[0]: tuple(row[1:]) or None for row in rows} for side, rows in numbers["told"].items()}
        return Untold(range(int(numbers["since"]), int(numbers["until"]), int(numbers["period"])), told)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"The periods that the step before left untold cannot be read ({type(error).__name__}: {error}).",
            target="traffic",
            hint="Hand on what the step before reported as health.evidence, or nothing at the beginning of a ramp.",
        ) from error


def lay(starts: range, new: Counts, old: Counts, *, late: bool = False) -> list[Tick]:
    """The ticks of these periods, from what both sides' sources told; ``late`` where they are of the step before."""
    return [Tick(starts.step, _side(new.get(start)), _side(old.get(start)), late) for start in starts]


def doubted(tick: Tick, share: int) -> Tick:
    """A tick whose new side is taken for unknown where its source tells of no request and surely some came.

    CloudWatch has no data point where nothing was counted, and none where the count is late.
    """
    if tick.new is None or tick.new.requests or tick.old is None or not 0 < share < 100:
        return tick
    return replace(tick, new=None) if tick.old.requests * share / (100 - share) >= _SURELY_SOME else tick


def _bounded(starts: range, end: float) -> int:
    """Where to stop so that every period ends by ``end``."""
    whole = max(0, math.floor((end - starts.start) / starts.step))
    return min(starts.stop, starts.start + whole * starts.step)


def _side(counted: Optional[tuple[int, ...]]) -> Optional[Side]:
    return None if counted is None else Side(*counted)
