"""The evidence of a ramp, tick by tick. Pure.

``weigh`` takes the evidence so far and one tick and gives the evidence after it. What is carried from one step to the
next is plain numbers, :class:`Ramp`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.policy.clumping import NO_CLUMPS, Clumping, clumping_from
from ansible_collections.offramp.ecs.plugins.module_utils.policy.counts import STILL, Divided, Side, Tick
from ansible_collections.offramp.ecs.plugins.module_utils.policy.evidence import (
    ERRORS,
    SLOW,
    Count,
    Wealth,
    bet,
    wealth_from,
)
from ansible_collections.offramp.ecs.plugins.module_utils.policy.limits import Limits

_LAST_MINUTE_S = 60.0


@dataclass(frozen=True)
class Ramp:
    """What is carried from step to step: the evidence, how hits clump, and what the old side answered so far."""

    errors: Wealth = field(default_factory=ERRORS.start)
    slow: Wealth = field(default_factory=SLOW.start)
    error_clumps: Clumping = NO_CLUMPS
    slow_clumps: Clumping = NO_CLUMPS
    old: Side = STILL

    def promoted(self) -> Ramp:
        """As the next step begins with it."""
        return replace(self, errors=self.errors.promoted(), slow=self.slow.promoted())

    def numbers(self) -> dict[str, Any]:
        """To carry it on as JSON, see :func:`ramp_from`."""
        return {
            "errors": {**self.errors.numbers(), **self.error_clumps.numbers()},
            "slow": {**self.slow.numbers(), **self.slow_clumps.numbers()},
            "old": {"requests": self.old.requests, "errors": self.old.errors},
        }


def ramp_from(numbers: Mapping[str, Any]) -> Ramp:
    """What :meth:`Ramp.numbers` told; a new ramp where there is nothing.

    Raises:
        BadInput: it is something else.
    """
    try:
        return _ramp_from(numbers) if numbers else Ramp()
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"The evidence of the step before cannot be read ({type(error).__name__}: {error}).",
            target="traffic",
            hint="Hand on what the step before reported as health.evidence, or nothing at the beginning of a ramp.",
        ) from error


def _ramp_from(numbers: Mapping[str, Any]) -> Ramp:
    errors, slow, old = numbers["errors"], numbers["slow"], numbers["old"]
    return Ramp(
        errors=wealth_from(errors, ERRORS),
        slow=wealth_from(slow, SLOW),
        error_clumps=clumping_from(errors),
        slow_clumps=clumping_from(slow),
        old=Side(int(old["requests"]), int(old["errors"])),
    )


@dataclass(frozen=True)
class Evidence:
    """What is known so far: of the ramp, and of the step in force.

    Attributes:
        ramp: what is carried from step to step.
        new: what the new side answered in this step.
        old: what the old side answered in this step.
        seconds: of this step's ticks that are known on both sides.
        missing: seconds of ticks that are not.
        silence: those of them that are the last in a row.
        silent: the sides ("new", "old") that could not tell in the last tick.
        late: whether the last tick belongs to an earlier step.
        recent: the ticks of the last minute, all known.
        edge: how the edge divided the traffic of this step; None where it does not tell.
    """

    ramp: Ramp = field(default_factory=Ramp)
    new: Side = STILL
    old: Side = STILL
    seconds: float = 0.0
    missing: float = 0.0
    silence: float = 0.0
    silent: tuple[str, ...] = ()
    late: bool = False
    recent: tuple[Tick, ...] = ()
    edge: Optional[Divided] = None

    @property
    def value(self) -> float:
        """M of errors."""
        return self.ramp.errors.value

    @property
    def worst(self) -> float:
        """M of errors or of slow requests, whichever is higher, where both sources count the slow ones."""
        return self.value if self.new.slow is None else max(self.value, self.ramp.slow.value)

    @property
    def divided(self) -> Divided:
        """The requests of both sides: as the edge counted them, else as the sources did."""
        return self.edge or Divided(self.new.requests, self.old.requests)

    @property
    def share(self) -> float:
        """The measured share of the new side, in percent of all requests."""
        return 100.0 * self.divided.new / self.divided.total if self.divided.total else 0.0

    def told(self) -> str:
        """The numbers in words."""
        where = " at the edge" if self.edge else ""
        return f"{self.share:.1f} % measured{where}; new: {self.new.told()}; old: {self.old.told()}"


def weigh(evidence: Evidence, tick: Tick, limits: Limits) -> Evidence:
    """The evidence after one more tick. A tick that one side is silent about counts for neither."""
    if tick.new is None or tick.old is None:
        ramp = replace(
            evidence.ramp,
            error_clumps=evidence.ramp.error_clumps.parted(),
            slow_clumps=evidence.ramp.slow_clumps.parted(),
        )
        missing, silence = evidence.missing + tick.seconds, evidence.silence + tick.seconds
        return replace(evidence, ramp=ramp, missing=missing, silence=silence, silent=tick.silent, late=tick.late)
    ramp = _carried_on(evidence.ramp, tick.new, tick.old, tick.seconds, limits)
    told = replace(evidence, ramp=ramp, silence=0.0, silent=(), late=tick.late)
    if tick.late:
        return told
    return replace(
        told,
        new=evidence.new + tick.new,
        old=evidence.old + tick.old,
        seconds=evidence.seconds + tick.seconds,
        recent=_last_minute((*evidence.recent, tick)),
    )


def measure(evidence: Evidence, tick: Tick) -> Evidence:
    """The evidence after one more tick before the ramp, which tells only how the old side's hits clump."""
    if tick.old is None:
        return replace(evidence, missing=evidence.missing + tick.seconds, silent=("old",))
    ramp = replace(
        evidence.ramp,
        error_clumps=evidence.ramp.error_clumps.after(_errors(tick.old)),
        slow_clumps=evidence.ramp.slow_clumps.after(_slow(tick.old)),
    )
    old, seconds = evidence.old + tick.old, evidence.seconds + tick.seconds
    return replace(evidence, ramp=ramp, old=old, seconds=seconds, silent=())


def _carried_on(ramp: Ramp, new: Side, old: Side, seconds: float, limits: Limits) -> Ramp:
    """Each bet is tempered by what was known before the tick, and only then the tick tells more of the clumps."""
    phi, slow_phi = ramp.error_clumps.phi(limits.max_phi), ramp.slow_clumps.phi(limits.max_phi)
    return Ramp(
        errors=bet(ramp.errors, ERRORS, _errors(new), _errors(old), seconds, phi, limits.alpha),
        slow=bet(ramp.slow, SLOW, _slow(new), _slow(old), seconds, slow_phi, limits.alpha),
        error_clumps=ramp.error_clumps.after(_errors(old)),
        slow_clumps=ramp.slow_clumps.after(_slow(old)),
        old=ramp.old + Side(old.requests, old.errors),
    )


def _errors(side: Side) -> Count:
    return Count(side.requests, side.errors)


def _slow(side: Side) -> Count:
    """Nothing at all where the source does not count them, which is no evidence."""
    return Count(0, 0) if side.slow is None else Count(side.requests, side.slow)


def _last_minute(ticks: tuple[Tick, ...]) -> tuple[Tick, ...]:
    """The last ticks that make a minute together."""
    while len(ticks) > 1 and sum(tick.seconds for tick in ticks[1:]) >= _LAST_MINUTE_S:
        ticks = ticks[1:]
    return ticks
