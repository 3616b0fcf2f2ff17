"""How fast a ramp may go: by what the next step could harm before anybody sees it. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Optional

from ansible_collections.offramp.ecs.plugins.module_utils.policy.counts import Side

WHOLE = 100
_BETA = 0.05
"""The chance that the bound on the new side's error rate is too low at any time."""


@dataclass(frozen=True)
class Ahead:
    """Where a step stands in its ramp.

    Attributes:
        share: the new side's weight, in percent; at 100 the old side is expected to be still.
        next_share: that of the step after it; None where there is none.
        reaction: seconds from the next change of the weights until the first tick of the next step is known (tick,
            delay of the sources, time to apply).
    """

    share: int
    next_share: Optional[int] = None
    reaction: float = 0.0

    @property
    def compares_last(self) -> bool:
        """Whether nothing is left to compare with after this step."""
        return self.share < WHOLE and self.next_share == WHOLE


def bound(side: Side) -> float:
    """The highest error rate (0 to 1) that the counts leave possible, however often one looks.

    A stitched bound over doublings of n, in the manner of Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform,
    nonparametric, nonasymptotic confidence sequences", Ann. Statist. 49, 2021: h = ln(1/beta) + 2 ln(1 + log2 n),
    U = p + h/n + sqrt((h/n)^2 + 2 p h/n).
    """
    if not side.requests:
        return 1.0
    rate = side.errors / side.requests
    part = (math.log(1 / _BETA) + 2 * math.log(1 + math.log2(side.requests))) / side.requests
    return rate + part + math.sqrt(part * part + 2 * rate * part)


def at_risk(new: Side, old: Side, seconds: float, ahead: Ahead) -> float:
    """How many requests the next step could harm at most before its first tick is known.

    R = (U - old rate) * next share * requests per second * reaction, all from this step's counts.
    """
    if ahead.next_share is None or not seconds:
        return 0.0
    excess = min(1.0, max(0.0, bound(new) - old.error_rate / 100))
    per_second = (new.requests + old.requests) / seconds
    return excess * ahead.next_share / WHOLE * per_second * ahead.reaction
