"""A step as it was judged: what people are told of it, and its numbers. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from itertools import accumulate
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.policy.counts import Divided, Tick
from ansible_collections.offramp.ecs.plugins.module_utils.policy.limits import Limits
from ansible_collections.offramp.ecs.plugins.module_utils.policy.pace import Ahead
from ansible_collections.offramp.ecs.plugins.module_utils.policy.ramp import Evidence, measure, weigh
from ansible_collections.offramp.ecs.plugins.module_utils.policy.verdict import (
    Judgement,
    Outcome,
    decide,
    decide_baseline,
)


def judge(
    ticks: Iterable[Tick],
    start: Evidence,
    ahead: Ahead,
    limits: Limits,
    baseline: float,
    edge: Optional[Divided] = None,
) -> tuple[Evidence, Judgement]:
    """The evidence after these ticks and its outcome; at a share of 0 that of ``baseline`` seconds before a ramp.

    ``edge`` is how the edge divided the traffic meanwhile.
    """
    if not ahead.share:
        watched = reduce(measure, ticks, start)
        return watched, decide_baseline(watched, baseline)
    weighed = replace(reduce(lambda so_far, tick: weigh(so_far, tick, limits), ticks, start), edge=edge)
    return weighed, decide(weighed, limits, ahead)


def windows(told: Iterable[tuple[int, Tick]], start: Evidence, ahead: Ahead, limits: Limits) -> list[dict[str, Any]]:
    """Each period with its numbers and the evidence after it; ``told`` has their starts in seconds since the epoch."""
    listed = list(told)
    after = accumulate(
        (tick for _, tick in listed),
        (lambda so_far, tick: weigh(so_far, tick, limits)) if ahead.share else measure,
        initial=start,
    )
    return [_window(at, tick, evidence, ahead) for (at, tick), evidence in zip(listed, list(after)[1:])]


def _window(at: int, tick: Tick, evidence: Evidence, ahead: Ahead) -> dict[str, Any]:
    sides = {name: side.numbers() for name, side in (("new", tick.new), ("old", tick.old)) if side is not None}
    return {
        "start": at,
        "seconds": tick.seconds,
        "wanted_share": ahead.share,
        **sides,
        **({"late": True} if tick.late else {}),
        "m": round(evidence.worst, 4),
    }


@dataclass(frozen=True)
class Judged:
    """A step, the evidence, what was asked of it, and the outcome."""

    ahead: Ahead
    limits: Limits
    evidence: Evidence
    judgement: Judgement

    @property
    def outcome(self) -> Outcome:
        """The verdict."""
        return self.judgement.outcome

    @property
    def passed(self) -> bool:
        """Whether the next step may come."""
        return self.outcome == "pass"

    @property
    def phi(self) -> float:
        """By how much the evidence on errors is tempered from now on."""
        return self.evidence.ramp.error_clumps.phi(self.limits.max_phi)

    @property
    def left(self) -> float:
        """Seconds of traffic that this step has to show yet, at least."""
        return max(0.0, self.limits.soak(self.ahead) - self.evidence.seconds) if self.ahead.share else 0.0

    def told(self) -> str:
        """The state in one line: shares, requests, errors, evidence, limit, time left, and why it goes on or not."""
        if not self.ahead.share:
            return self.judgement.reason
        left = f", {self.left:g} s left" if self.left else ""
        return f"{self.ahead.share} % wanted, {self._counted()}{left}; {self.judgement.reason}"

    def headline(self) -> str:
        """The step in one sentence."""
        return f"Traffic at {self.ahead.share} %: {self.outcome}; {self._counted()}"

    def numbers(self) -> dict[str, Any]:
        """All numbers, for playbooks and the ledger; ``evidence`` is for the next step."""
        evidence = self.evidence
        carried = evidence.ramp.promoted() if self.passed and self.ahead.share else evidence.ramp
        return {
            "wanted_share": self.ahead.share,
            "next_share": self.ahead.next_share,
            "measured_share": round(evidence.share, 2),
            "measured_by": "edge" if evidence.edge else "counts",
            "new": evidence.new.numbers(),
            "old": evidence.old.numbers(),
            "m": evidence.worst,
            "limit": 1 / self.limits.alpha,
            "phi": round(self.phi, 3),
            "seen": evidence.seconds,
            "missing": evidence.missing,
            "left": self.left,
            "evidence": carried.numbers(),
        }

    def _counted(self) -> str:
        tempered = f", tempered by {self.phi:.2g}" if self.phi > 1 else ""
        return f"{self.evidence.told()}; evidence {self.evidence.worst:.3g} of {1 / self.limits.alpha:g}{tempered}"
