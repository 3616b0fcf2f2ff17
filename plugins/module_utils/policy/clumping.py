"""How much hits (errors, slow requests) clump: retries, one bad client, one dead instance of many. Pure.

Measured on the old side alone, from neighbouring ticks: where hits fall independently, the difference between two ticks
has the variance of the hypergeometric law; phi is how many times that it has. (The ratio of variance to mean; J. von
Neumann, "Distribution of the ratio of the mean square successive difference", Ann. Math. Stat. 12, 1941, for taking
neighbours: a rate that drifts does not look like clumps. An outage's two edges do, and make the guard slower, never
rasher.)

What was measured is uncertain, and an evidence that is tempered too little gives false alarms. So phi is the measured
value's upper bound, by two standard errors: clumps of geometric sizes give the sum of their squares a relative variance
of about four by their number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.policy.evidence import Count

_ERRORS, _VARIANCE_OF_ONE = 2.0, 4.0
"""Standard errors above what was measured; the relative variance of a clump's square."""


@dataclass(frozen=True)
class Clumping:
    """What the old side's ticks showed so far: sums over pairs of neighbours, and the last tick.

    Attributes:
        squares: of the differences, in units of hits.
        expected: what they would be without clumps; about the number of hits seen.
        last: the tick that the next one is compared with.
    """

    squares: float = 0.0
    expected: float = 0.0
    last: Optional[Count] = None

    @property
    def measured(self) -> float:
        """Variance by mean; 1 as long as nothing was seen."""
        return self.squares / self.expected if self.expected else 1.0

    def phi(self, most: float) -> float:
        """Variance by mean as it may well be, at least 1 and at most ``most``; 1 as long as no clumps were seen."""
        if self.measured <= 1:
            return 1.0
        error = math.sqrt(_VARIANCE_OF_ONE * self.measured / self.expected)
        return min(most, 1.0 + (self.measured - 1.0) * (1.0 + _ERRORS * error))

    def after(self, tick: Count) -> Clumping:
        """With one more tick of the old side; one without requests is passed over."""
        if not tick.requests:
            return self
        if self.last is None:
            return Clumping(self.squares, self.expected, tick)
        one, other = self.last, tick
        every, hits = one.requests + other.requests, one.hits + other.hits
        difference = one.hits * other.requests - other.hits * one.requests
        square = difference * difference / (one.requests * other.requests)
        expected = hits * (every - hits) / (every - 1)
        return Clumping(self.squares + square, self.expected + expected, tick)

    def parted(self) -> Clumping:
        """Where the next tick is no neighbour of the last one."""
        return Clumping(self.squares, self.expected)

    def numbers(self) -> dict[str, Any]:
        """To carry it on as JSON, see :func:`clumping_from`; the next step's first tick is no neighbour."""
        return {"squares": self.squares, "expected": self.expected}


NO_CLUMPS = Clumping()
"""Nothing was seen yet."""


def clumping_from(numbers: Mapping[str, Any]) -> Clumping:
    """What :meth:`Clumping.numbers` told."""
    return Clumping(float(numbers["squares"]), float(numbers["expected"]))
