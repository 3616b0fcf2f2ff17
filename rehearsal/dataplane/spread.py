"""Shares of traffic."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

GOLDEN = 0.6180339887498949


class Spread:
    """Picks by weight so evenly that the share is right over few requests too.

    The picks walk the unit interval in steps of the golden ratio (an additive recurrence), which fills it evenly and
    without a rhythm: 100 picks hit a share to about one request. The seed only says where the walk starts, so a run
    can be repeated.
    """

    def __init__(self, seed: str) -> None:
        self._at = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8]) / 2**64

    def pick(self, weights: Sequence[float]) -> int | None:
        """The index of the picked weight; None when no weight is above zero."""
        total = sum(weights)
        if total <= 0:
            return None
        self._at = (self._at + GOLDEN) % 1.0
        point = self._at * total
        for index, weight in enumerate(weights):
            if point < weight:
                return index
            point -= weight
        return max(index for index, weight in enumerate(weights) if weight > 0)
