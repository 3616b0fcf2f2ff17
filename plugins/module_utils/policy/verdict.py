"""The verdict on traffic that is split between an old and a new platform. Pure, and of the standard library alone.

``decide`` reads the evidence that :mod:`policy.ramp` gathers tick by tick. docs/guard.md tells the whole rule, and what
it rests on. Thin data and silent sources are outcomes of their own, never good or bad health.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.policy.counts import STILL, Side
from ansible_collections.offramp.ecs.plugins.module_utils.policy.limits import Limits
from ansible_collections.offramp.ecs.plugins.module_utils.policy.pace import WHOLE, Ahead, at_risk
from ansible_collections.offramp.ecs.plugins.module_utils.policy.ramp import Evidence

Outcome = Literal["pass", "fail", "not_enough", "broken"]

_SUSPICION = 3.0
"""Evidence at which nothing is promoted any more."""
_ROUNDED = 1 - 1e-9
"""Two capped ticks make exactly 1 / alpha of a whole M: rounding shall not decide whether they reach it."""
_INCIDENT_RATE, _INCIDENT_REQUESTS = 2.0, 20
"""An error rate in percent that, beside twice the ramp's, is an incident; and the requests that it takes to say so."""


@dataclass(frozen=True)
class Judgement:
    """An outcome and its reason in a sentence's clause.

    ``not_enough`` and ``broken`` also say "go on looking", unless they are ``final``: then a person must look.
    """

    outcome: Outcome
    reason: str
    final: bool = False


def decide(evidence: Evidence, limits: Limits, ahead: Ahead) -> Judgement:
    """The outcome of the evidence so far: the first of the rule's clauses that applies."""
    return (
        _alarm(evidence, limits)
        or _silence(evidence, limits)
        or _uncompared(evidence, ahead)
        or _hold(evidence, limits, ahead)
        or _thin(evidence, limits, ahead)
        or Judgement("pass", "nothing speaks against the new side")
    )


def decide_baseline(evidence: Evidence, seconds: float) -> Judgement:
    """Whether the old side was watched for so many seconds before a ramp."""
    told = f"the old side was watched for {evidence.seconds:g} of {seconds:g} s; {evidence.old.told()}"
    return Judgement("pass" if evidence.seconds >= seconds else "not_enough", told)


def _evidence(evidence: Evidence, limits: Limits) -> str:
    return f"{evidence.worst:.3g} of {1 / limits.alpha:g}"


def _alarm(evidence: Evidence, limits: Limits) -> Optional[Judgement]:
    """The test itself: it alone ends a compared ramp."""
    for what, wealth in (("errors", evidence.ramp.errors), ("slow requests", evidence.ramp.slow)):
        if wealth.value >= 1 / limits.alpha * _ROUNDED:
            return Judgement(
                "fail",
                f"the new side has more {what} than the old one has in the same time: evidence "
                f"{wealth.value:.3g}, where {1 / limits.alpha:g} is the limit",
            )
    return None


def _silence(evidence: Evidence, limits: Limits) -> Optional[Judgement]:
    if not evidence.silent:
        return None
    reason = f"the source of the {' and the '.join(evidence.silent)} side does not tell"
    final = evidence.silence > limits.max_silence
    return Judgement("broken", f"{reason}, for {evidence.silence:g} s" if final else reason, final)


def _uncompared(evidence: Evidence, ahead: Ahead) -> Optional[Judgement]:
    """At 100 % the old side is still. The new side's own errors end a ramp only where no step before could compare."""
    if ahead.share < WHOLE or not _is_incident(_minute(evidence, "new"), evidence.ramp.old.error_rate):
        return None
    told = f"the new side answered {_minute(evidence, 'new').told()} in the last minute, and nothing can be compared"
    return Judgement("not_enough" if evidence.ramp.old.requests else "fail", told)


def _hold(evidence: Evidence, limits: Limits, ahead: Ahead) -> Optional[Judgement]:
    """Why nothing is promoted now, however long the step has soaked."""
    own, old = _minute(evidence, "new").own, _minute(evidence, "old")
    reason = ""
    if evidence.late:
        reason = "the last counts are of the step before"
    elif _is_incident(old, _rate_before(evidence.ramp.old, old)):
        reason = f"the old side has an incident: {old.told()} in the last minute"
    elif evidence.worst >= _SUSPICION:
        reason = f"the evidence against the new side is {_evidence(evidence, limits)}, and {_SUSPICION:g} holds a step"
    elif own:
        reason = (
            f"the load balancer itself answered {own} requests with an error in the last minute: the app closed or "
            "refused the connection, or did not answer in time. Look at its keep-alive and idle timeouts and its health"
        )
    elif evidence.seconds < limits.soak(ahead):
        reason = f"{evidence.seconds:g} of {limits.soak(ahead):g} s of traffic were seen"
    return Judgement("not_enough", reason) if reason else None


def _thin(evidence: Evidence, limits: Limits, ahead: Ahead) -> Optional[Judgement]:
    """Whether too little was seen of the new side to go on before the step has soaked for long."""
    new = evidence.new.requests
    if not new:
        return Judgement("not_enough", "the new side saw no requests")
    if _is_off(evidence, limits, ahead):
        told = f"the measured share is {evidence.share:.1f} %, where {ahead.share} % are wanted"
        return Judgement("not_enough", told)
    if evidence.seconds >= limits.max_soak:
        return None
    if new < limits.min_requests:
        return Judgement("not_enough", f"the new side saw {new} requests of at least {limits.min_requests}")
    risk = at_risk(evidence.new, evidence.old, evidence.seconds, ahead)
    if risk <= limits.max_harm:
        return None
    return Judgement(
        "not_enough",
        f"{ahead.next_share} % could harm {risk:.0f} requests before they are seen, of at most {limits.max_harm:g}",
    )


def _minute(evidence: Evidence, side: Literal["new", "old"]) -> Side:
    """What a side answered in the last minute of this step."""
    return sum((told for tick in evidence.recent if (told := getattr(tick, side)) is not None), STILL)


def _is_incident(minute: Side, usual: float) -> bool:
    return minute.requests >= _INCIDENT_REQUESTS and minute.error_rate > _INCIDENT_RATE + 2 * usual


def _rate_before(ramp: Side, minute: Side) -> float:
    """The error rate of the ramp without its last minute, which shall not excuse itself; in percent."""
    return Side(ramp.requests - minute.requests, ramp.errors - minute.errors).error_rate


def _is_off(evidence: Evidence, limits: Limits, ahead: Ahead) -> bool:
    """Whether the measured share differs by more than tolerance and chance (three standard deviations)."""
    wanted, divided = ahead.share / 100, evidence.divided
    chance = 300 * math.sqrt(wanted * (1 - wanted) * divided.interval / divided.total)
    return abs(evidence.share - ahead.share) > limits.share_tolerance + chance
