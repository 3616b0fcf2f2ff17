"""Rules for a traffic ramp, ours and those that others ship, with the same face: a tick in, a decision out.

The others are modelled from their documentation with their usual defaults; latency, pauses and steps back are not:
Flagger (https://docs.flagger.app/usage/how-it-works), Argo Rollouts (https://argo-rollouts.readthedocs.io,
"Analysis"), Kayenta's Mann-Whitney judge (https://github.com/spinnaker/kayenta).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from typing import Literal, Protocol

from ansible_collections.offramp.ecs.plugins.module_utils.policy import stepping
from ansible_collections.offramp.ecs.plugins.module_utils.policy.counts import Tick
from ansible_collections.offramp.ecs.plugins.module_utils.policy.limits import Limits
from ansible_collections.offramp.ecs.plugins.module_utils.policy.pace import Ahead
from ansible_collections.offramp.ecs.plugins.module_utils.policy.ramp import Evidence, measure, weigh
from ansible_collections.offramp.ecs.plugins.module_utils.policy.verdict import decide

Decision = Literal["hold", "promote", "abort"]
APPLY_S = 10


class Rule(Protocol):
    """One way to judge a ramp.

    Attributes:
        steps: its ladder, in percent.
        period: seconds of one of its ticks.
        last: the share from which a promotion ends the ramp.
        skips: seconds after a change of the weights in which it does not count.
        watches: seconds of the old side that it wants to see before the ramp.
    """

    steps: Sequence[int]
    period: int
    last: int
    skips: int
    watches: int

    def prepare(self, ticks: list[Tick]) -> None:
        """Learn from the ticks before the ramp."""

    def judge(self, tick: Tick, share: int) -> Decision:
        """What to do after one more tick, at the share in force."""


class Ours:
    """The collection's own rule, by the same functions that its module calls."""

    steps: Sequence[int] = (1, 5, 10, 25, 50, 75, 95, 100)
    last = 95

    def __init__(self, period: int, delay: int, watches: int, skips: int = 0) -> None:
        self.period, self.watches, self.skips = period, watches, skips
        self._reaction = period + delay + APPLY_S
        self._limits = Limits()
        self._evidence = Evidence()

    def prepare(self, ticks: list[Tick]) -> None:
        """Learn how the old side's errors clump."""
        self._evidence = Evidence(ramp=reduce(measure, ticks, Evidence()).ramp)

    def judge(self, tick: Tick, share: int) -> Decision:
        """By the evidence and the pace."""
        self._evidence = weigh(self._evidence, tick, self._limits)
        ahead = Ahead(share, stepping.after(self.steps, share), self._reaction)
        outcome = decide(self._evidence, self._limits, ahead).outcome
        if outcome == "pass":
            self._evidence = Evidence(ramp=self._evidence.ramp.promoted())
        return {"pass": "promote", "fail": "abort"}.get(outcome, "hold")  # type: ignore[return-value]


class _Fixed:
    """What the others have in common."""

    steps: Sequence[int] = (1, 5, 10, 25, 50, 75, 100)
    period, last, skips, watches = 60, 100, 0, 0

    def prepare(self, ticks: list[Tick]) -> None:
        """They learn nothing before the ramp."""


class Flagger(_Fixed):
    """A check fails below 99 % success or without data; so many failed checks end it; each passed one promotes."""

    def __init__(self, most: int) -> None:
        self._left = most

    def judge(self, tick: Tick, share: int) -> Decision:  # noqa: ARG002 - the same face for all rules
        """By one window."""
        if tick.new is not None and tick.new.requests and tick.new.error_rate <= 1:
            return "promote"
        self._left -= 1
        return "hold" if self._left else "abort"


class Argo(_Fixed):
    """Five measurements a step; one fails over 1 % errors, and more failures in all than the limit end the ramp."""

    def __init__(self, limit: int) -> None:
        self._limit, self._share, self._seen, self._failed = limit, 0, 0, 0

    def judge(self, tick: Tick, share: int) -> Decision:
        """By the windows of this step; one without data does not count."""
        if share != self._share:
            self._share, self._seen = share, 0
        if tick.new is None or not tick.new.requests:
            return "hold"
        self._seen += 1
        self._failed += tick.new.error_rate > 1
        if self._failed > self._limit:
            return "abort"
        return "promote" if self._seen >= 5 else "hold"


class Kayenta(_Fixed):
    """Ten windows of both sides by Mann and Whitney; nothing is judged at 100 %, where there is no control."""

    def __init__(self) -> None:
        self._share, self._windows = 0, 0
        self._new: list[float] = []
        self._old: list[float] = []

    def judge(self, tick: Tick, share: int) -> Decision:
        """After every tenth window, by the last ten that are usable."""
        if share != self._share:
            self._share, self._windows, self._new, self._old = share, 0, [], []
        self._windows += 1
        for rates, side in ((self._new, tick.new), (self._old, tick.old)):
            if side is not None and side.requests:
                rates.append(side.error_rate)
        if self._windows % 10:
            return "hold"
        if share == 100:
            return "promote"
        new, old = self._new[-10:], self._old[-10:]
        if min(len(new), len(old)) < 3:
            return "hold"
        return "abort" if is_high(new, old) else "promote"


def is_high(new: Sequence[float], old: Sequence[float]) -> bool:
    """Whether the 98 % interval of the shift (Hodges-Lehmann) begins above a quarter of its estimate."""
    shifts = sorted(one - other for one in new for other in old)
    pairs = len(shifts)
    spread = 2.326 * math.sqrt(pairs * (len(new) + len(old) + 1) / 12)
    lower = shifts[max(0, math.floor(pairs / 2 - spread))]
    estimate = (shifts[(pairs - 1) // 2] + shifts[pairs // 2]) / 2
    return estimate > 0 and lower > 0.25 * estimate
