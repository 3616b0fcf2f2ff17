"""Evidence that the new side is worse, which may be looked at after every tick. Pure.

It is the wealth M of someone who bets against "the new side's odds of an error are at most ``null`` times the old
side's". M starts at 1 and does not grow in the mean while that is true, so by Ville's inequality (Etude critique de la
notion de collectif, 1939) it ever reaches 1/alpha with a chance of at most alpha: however often one looks, however
long one waits, whatever one does in between. (Wald 1945 for the ratio; Lindon, Sanden and Shirikian, KDD 2022, for
canaries; Ramdas, Gruenwald, Vovk and Shafer, Stat. Sci. 38, 2023, for betting; Shin, Ramdas and Rinaldo, "E-detectors",
for the bank, which keeps money for faults that begin late.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.policy.hypergeometric import Split, log_ratio

_STAKE_PER_S = 0.001
_STAKE_AT_PROMOTION = 0.25
_SHORT_S = 60
"""Ticks below this are looked at so often that one with a handful of errors shall not abort alone."""
_HANDFUL = 10
_MOST, _MOST_LOG = 1e300, 300.0
"""A bet's worth, and the logarithm of what one tick can multiply it by; what is beyond is thrown away."""


@dataclass(frozen=True)
class Count:
    """What is counted of a side in a tick: ``hits`` among ``requests``."""

    requests: int
    hits: int


@dataclass(frozen=True)
class Bets:
    """What the bets are laid on: odds ratios above the tolerated one, with equal stakes."""

    null: float
    odds: tuple[float, ...]

    def start(self) -> Wealth:
        """Half the money in the bank, half on the bets."""
        return Wealth(0.5, (0.5 / len(self.odds),) * len(self.odds))


@dataclass(frozen=True)
class Wealth:
    """The evidence as plain numbers: the bank, and what stands on each bet."""

    bank: float
    bets: tuple[float, ...]

    @property
    def value(self) -> float:
        """M."""
        return self.bank + sum(self.bets)

    def numbers(self) -> dict[str, Any]:
        """To carry it on as JSON, see :func:`wealth_from`."""
        return {"bank": self.bank, "bets": list(self.bets)}

    def staked(self, part: float) -> Wealth:
        """After a part of the bank was put on the bets, equally."""
        each = part * self.bank / len(self.bets)
        return Wealth(self.bank * (1 - part), tuple(bet + each for bet in self.bets))

    def promoted(self) -> Wealth:
        """After the extra stake of a promotion, for faults that begin with the load."""
        return self.staked(_STAKE_AT_PROMOTION)


ERRORS = Bets(1.25, (1.5, 2, 3, 5, 10, 30, 100, 1000))
"""On errors: a quarter more is tolerated."""
SLOW = Bets(1.5, (2, 3, 5, 10, 30))
"""On requests slower than a fixed threshold: half as many more are tolerated."""


def wealth_from(numbers: Mapping[str, Any], bets: Bets) -> Wealth:
    """The evidence that :meth:`Wealth.numbers` told.

    Raises:
        ValueError: it is about other bets.
    """
    wealth = Wealth(float(numbers["bank"]), tuple(float(bet) for bet in numbers["bets"]))
    if len(wealth.bets) != len(bets.odds):
        raise ValueError(f"{len(wealth.bets)} bets, where there are {len(bets.odds)}")
    return wealth


def bet(wealth: Wealth, bets: Bets, new: Count, old: Count, seconds: float, phi: float, alpha: float) -> Wealth:
    """The evidence after one tick: stake, update, cap.

    Args:
        wealth: before the tick.
        bets: what it stands on.
        new: the new side's count.
        old: the old side's count.
        seconds: the tick's length.
        phi: by how much hits clump (variance by mean); known before the tick. F^(1/phi) has a mean of at most 1 where
            F has, and allows for hits that do not fall independently.
        alpha: the chance of a false alarm that is accepted over the whole ramp.
    """
    staked = wealth.staked(min(1.0, _STAKE_PER_S * seconds))
    factors = _factors(bets, new, old, phi)
    after = replace(staked, bets=tuple(min(it * factor, _MOST) for it, factor in zip(staked.bets, factors)))
    ceiling = wealth.value / math.sqrt(alpha)
    if seconds < _SHORT_S and new.hits < _HANDFUL and after.value > ceiling:
        part = ceiling / after.value
        return Wealth(after.bank * part, tuple(it * part for it in after.bets))
    return after


def _factors(bets: Bets, new: Count, old: Count, phi: float) -> list[float]:
    """F^(1/phi) of each bet; 1 where the tick cannot tell the sides apart."""
    hits = new.hits + old.hits
    if not (hits and new.requests and old.requests):
        return [1.0] * len(bets.odds)
    split = Split(new.requests, old.requests, hits)
    null_total = split.log_total(bets.null)
    logs = (log_ratio(split, new.hits, odds, bets.null, null_total) for odds in bets.odds)
    return [math.exp(min(log / phi, _MOST_LOG)) for log in logs]
