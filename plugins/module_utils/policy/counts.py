"""What two platforms answered in one period. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional


@dataclass(frozen=True)
class Side:
    """What one platform answered.

    Attributes:
        requests: all of them.
        errors: those that were answered with an error.
        own: those of the errors that the balancer gave by itself, without an answer of the app.
        slow: those that took longer than a fixed threshold; None where the source does not count them.
    """

    requests: int = 0
    errors: int = 0
    own: int = 0
    slow: Optional[int] = None

    def __add__(self, other: Side) -> Side:
        slow = None if self.slow is None and other.slow is None else (self.slow or 0) + (other.slow or 0)
        return Side(self.requests + other.requests, self.errors + other.errors, self.own + other.own, slow)

    @property
    def error_rate(self) -> float:
        """Errors in percent of the requests; 0 where there were none."""
        return 100.0 * self.errors / self.requests if self.requests else 0.0

    def numbers(self) -> dict[str, Any]:
        """The side as plain numbers."""
        told = {"requests": self.requests, "errors": self.errors, "error_rate": round(self.error_rate, 3)}
        return {**told, "own": self.own, **({} if self.slow is None else {"slow": self.slow})}

    def told(self) -> str:
        """The side in words."""
        return f"{self.requests} requests, {self.errors} errors ({self.error_rate:.2f} %)"


@dataclass(frozen=True)
class Divided:
    """Requests of both sides as the edge counted them; of how many requests each one stands that it counted."""

    new: int
    old: int
    interval: float = 1.0

    @property
    def total(self) -> int:
        """Of both sides."""
        return self.new + self.old


STILL = Side()
"""No requests at all, which is not the same as not to know."""


@dataclass(frozen=True)
class Tick:
    """One period of both sides; None where its source could not tell (no requests at all is :data:`STILL`).

    ``late`` where the period lies before the present step: what it tells is evidence, but no time of this step.
    """

    seconds: float
    new: Optional[Side]
    old: Optional[Side]
    late: bool = False

    @property
    def silent(self) -> tuple[str, ...]:
        """The sides ("new", "old") that could not tell."""
        return tuple(name for name, side in (("new", self.new), ("old", self.old)) if side is None)
