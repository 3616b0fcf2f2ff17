"""The verdict on traffic that is split between an old and a new platform. Pure, and of the standard library alone.

Evidence is gathered tick by tick (one tick is one period of the metrics): ``weigh`` takes the evidence so far and one
tick and gives the evidence after it; ``decide`` reads evidence. Evidence is plain numbers, so that it can be carried
from one look to the next, and from one step of a ramp to the next.

The rule is one of plain thresholds: the new side fails when its error rate exceeds the old side's, in the same ticks,
by more than the allowance, with enough requests and errors to mean it. Thin data and silent sources are outcomes of
their own, never good or bad health.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, Optional

Outcome = Literal["pass", "fail", "not_enough", "broken"]


@dataclass(frozen=True)
class Side:
    """What one platform answered; ``errors`` are among ``requests``."""

    requests: int = 0
    errors: int = 0

    def __add__(self, other: Side) -> Side:
        return Side(self.requests + other.requests, self.errors + other.errors)

    @property
    def error_rate(self) -> float:
        """Errors in percent of the requests; 0 where there were none."""
        return 100.0 * self.errors / self.requests if self.requests else 0.0

    def numbers(self) -> dict[str, float]:
        """The side as plain numbers."""
        return {"requests": self.requests, "errors": self.errors, "error_rate": round(self.error_rate, 3)}

    def told(self) -> str:
        """The side in words."""
        return f"{self.requests} requests, {self.errors} errors ({self.error_rate:.2f} %)"


STILL = Side()
"""No requests at all, which is not the same as not to know."""


@dataclass(frozen=True)
class Tick:
    """One period of both sides; None where its source could not tell (no requests at all is :data:`STILL`)."""

    seconds: float
    new: Optional[Side]
    old: Optional[Side]


@dataclass(frozen=True)
class Limits:
    """What is asked of a step.

    Attributes:
        window: seconds of traffic, known on both sides, that a step has to show.
        min_requests: requests on the new side below which nothing is judged.
        min_errors: errors on the new side below which it never fails.
        max_error_rate: how many percentage points the new side's error rate may exceed the old side's.
        share_tolerance: how many percentage points the measured share may be off the wanted one, beside chance.
    """

    window: float
    min_requests: int
    min_errors: int
    max_error_rate: float
    share_tolerance: float


@dataclass(frozen=True)
class Evidence:
    """What is known so far. ``seconds`` counts ticks known on both sides, ``missing`` the others; both in seconds."""

    new: Side = STILL
    old: Side = STILL
    seconds: float = 0.0
    missing: float = 0.0
    silent: tuple[str, ...] = ()
    """The sides ("new", "old") that could not tell in the last tick."""

    @property
    def share(self) -> float:
        """The measured share of the new side, in percent of all requests."""
        total = self.new.requests + self.old.requests
        return 100.0 * self.new.requests / total if total else 0.0

    def told(self) -> str:
        """The numbers in words."""
        return f"{self.share:.1f} % measured; new: {self.new.told()}; old: {self.old.told()}"


@dataclass(frozen=True)
class Judgement:
    """An outcome and its reason in a sentence's clause. ``not_enough`` also says "go on looking"."""

    outcome: Outcome
    reason: str


def weigh(evidence: Evidence, tick: Tick) -> Evidence:
    """The evidence after one more tick. A tick that one side is silent about counts for neither."""
    if tick.new is None or tick.old is None:
        silent = tuple(name for name, side in (("new", tick.new), ("old", tick.old)) if side is None)
        return replace(evidence, missing=evidence.missing + tick.seconds, silent=silent)
    return Evidence(
        new=evidence.new + tick.new,
        old=evidence.old + tick.old,
        seconds=evidence.seconds + tick.seconds,
        missing=evidence.missing,
    )


def decide(evidence: Evidence, limits: Limits, wanted_share: int) -> Judgement:
    """The outcome of the evidence so far.

    Args:
        evidence: of the step in force.
        limits: what is asked of it.
        wanted_share: the new side's weight, in percent; at 100 the old side is expected to be still.
    """
    new, old = evidence.new, evidence.old
    allowed = old.error_rate + limits.max_error_rate
    enough = new.requests >= limits.min_requests
    if enough and new.errors >= limits.min_errors and new.error_rate > allowed:
        return Judgement(
            "fail",
            f"the new side answered {new.errors} of {new.requests} requests with errors ({new.error_rate:.2f} %), the "
            f"old side {old.errors} of {old.requests} ({old.error_rate:.2f} %); {limits.max_error_rate:g} points more "
            f"are allowed",
        )
    if evidence.seconds < limits.window and evidence.silent:
        return Judgement("broken", f"the source of the {' and the '.join(evidence.silent)} side does not tell")
    if evidence.seconds < limits.window:
        return Judgement("not_enough", f"{evidence.seconds:g} of {limits.window:g} s of traffic were seen")
    if not enough:
        return Judgement("not_enough", f"the new side saw {new.requests} requests of at least {limits.min_requests}")
    if _is_off(evidence, limits, wanted_share):
        return Judgement(
            "not_enough", f"the measured share is {evidence.share:.1f} %, where {wanted_share} % are wanted"
        )
    return Judgement("pass", f"the new side's error rate is {new.error_rate:.2f} %, of at most {allowed:.2f} %")


def _is_off(evidence: Evidence, limits: Limits, wanted_share: int) -> bool:
    """Whether the measured share differs by more than tolerance and chance (three standard deviations)."""
    wanted, total = wanted_share / 100, evidence.new.requests + evidence.old.requests
    chance = 300 * math.sqrt(wanted * (1 - wanted) / total)
    return abs(evidence.share - wanted_share) > limits.share_tolerance + chance
