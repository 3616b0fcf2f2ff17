"""Fisher's noncentral hypergeometric law: how the errors of two samples fall on one of them. Pure.

Given the sizes of both samples and the number of errors in both together, the number of errors in the first depends on
the odds ratio alone (R. A. Fisher, "The logic of inductive inference", J. R. Stat. Soc. 98, 1935). The common error
rate drops out, so that an outage which both share, of whatever size, says nothing about either.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_NEGLIGIBLE = 1e-12
"""Terms this much smaller than the greatest are left out of a sum."""


@dataclass(frozen=True)
class Split:
    """Two samples with errors among them: ``new`` and ``old`` requests, ``errors`` in both, at least one of each."""

    new: int
    old: int
    errors: int

    @property
    def least(self) -> int:
        """The fewest errors that the new side can have."""
        return max(0, self.errors - self.old)

    @property
    def most(self) -> int:
        """The most errors that the new side can have."""
        return min(self.errors, self.new)

    def mode(self, odds: float) -> int:
        """About the likeliest number of errors of the new side: the root of ratio = 1, kept in range.

        (A. Fog, "Calculation methods for Wallenius' noncentral hypergeometric distribution", Commun. Stat. Simul.
        Comput. 37, 2008, gives it in this form, which loses no digits near an odds ratio of 1.)
        """
        a = odds - 1
        b = odds * (self.new + self.errors) + self.old - self.errors
        c = odds * self.new * self.errors
        root = 2 * c / (b + math.sqrt(max(0.0, b * b - 4 * a * c)))
        return min(max(int(root), self.least), self.most)

    def ratio(self, odds: float, count: int) -> float:
        """The term of ``count`` + 1 errors by that of ``count``."""
        return odds * (self.new - count) * (self.errors - count) / ((count + 1) * (self.old - self.errors + count + 1))

    def log_total(self, odds: float) -> float:
        """ln Z: the logarithm of the sum of C(new, j) C(old, errors - j) odds^j over all j, outwards from the mode."""
        mode = self.mode(odds)
        total = term = 1.0
        for count in range(mode, self.most):
            term *= self.ratio(odds, count)
            total += term
            if term < _NEGLIGIBLE:
                break
        term = 1.0
        for count in range(mode - 1, self.least - 1, -1):
            term /= self.ratio(odds, count)
            total += term
            if term < _NEGLIGIBLE:
                break
        scale = _log_choose(self.new, mode) + _log_choose(self.old, self.errors - mode)
        return scale + mode * math.log(odds) + math.log(total)


def log_ratio(split: Split, errors: int, odds: float, null: float, null_total: float) -> float:
    """ln F: how much likelier ``errors`` on the new side are at ``odds`` than at ``null``.

    Args:
        split: the samples.
        errors: those of the new side.
        odds: the odds ratio of new to old that is bet on.
        null: the one that is tolerated.
        null_total: ``split.log_total(null)``, which all bets on one split share.
    """
    return errors * math.log(odds / null) + null_total - split.log_total(odds)


def _log_choose(all_: int, some: int) -> float:
    return math.lgamma(all_ + 1) - math.lgamma(some + 1) - math.lgamma(all_ - some + 1)
