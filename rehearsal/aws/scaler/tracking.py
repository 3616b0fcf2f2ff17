"""Target tracking, decided: from a policy's readings to a number of tasks.

As on AWS an alarm of a few periods lets a policy add tasks at once, and one of many periods, at nine tenths of the
target value, take some away; the largest of all wishes wins, and tasks go only when every policy that may take
some away wants that. See
https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
and, for numbers of tasks beyond the bounds,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-targettracking.html.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

LOW = 0.9
"""The share of the target value below which the low alarm is."""


@dataclass(frozen=True)
class Policy:
    """A target-tracking policy; cooldowns in seconds."""

    name: str
    metric: str
    label: str
    target: float
    in_cooldown: float
    out_cooldown: float
    scales_in: bool


@dataclass(frozen=True)
class Reading:
    """What a policy's alarms see: the metric's value while the high or the low one is in alarm, else None."""

    policy: Policy
    high: float | None = None
    low: float | None = None


@dataclass(frozen=True)
class Course:
    """What came before: until when tasks are added only for a larger load, and until when none is taken away.

    ``base`` is the number of tasks at which the present scale-out began: new tasks are part of it, though the metric
    does not show them yet. ``since`` is the moment of the last change: the low alarm's periods before it tell of
    another number of tasks.
    """

    out_until: float = 0.0
    in_until: float = 0.0
    base: int = 0
    since: float = 0.0


@dataclass(frozen=True)
class Decision:
    """A number of tasks, by whose alarm, and the course from then on."""

    desired: int
    policy: str
    alarm: Literal["AlarmHigh", "AlarmLow"]
    course: Course


@dataclass(frozen=True)
class Limits:
    """A scalable target's bounds, and what of its scaling is suspended."""

    minimum: int
    maximum: int
    no_out: bool = False
    no_in: bool = False


def readings(
    policies: Sequence[Policy], values: Mapping[str, Mapping[int, float]], last: int, high: int, low: int, since: float
) -> list[Reading]:
    """What each policy's alarms see.

    Args:
        policies: of one scalable target.
        values: policy's name -> period's number -> value of its metric; periods without data are missing.
        last: the last period that is complete.
        high: periods of the high alarm, ``low`` of the low one. As CloudWatch, an alarm takes as many of the newest
            data points, from no more than twice as many periods.
        since: the period of the last change of the number of tasks.
    """
    found = []
    for policy in policies:
        known = values.get(policy.name, {})
        highs = _newest(known, last, high, 0)
        lows = _newest(known, last, low, math.ceil(since) + 1)
        over = bool(highs) and min(highs) > policy.target
        under = bool(lows) and max(lows) < policy.target * LOW
        found.append(Reading(policy, sum(highs) / high if over else None, max(lows) if under else None))
    return found


def _newest(known: Mapping[int, float], last: int, count: int, first: int) -> list[float]:
    periods = [period for period in range(last, max(last - 2 * count, first - 1), -1) if period in known][:count]
    return [known[period] for period in periods] if len(periods) == count else []


def decide(desired: int, limits: Limits, read: Sequence[Reading], course: Course, now: float) -> Decision | None:
    """The new number of tasks, or None where it stays."""
    return _out(desired, limits, read, course, now) or _in(desired, limits, read, course, now)


def _out(desired: int, limits: Limits, read: Sequence[Reading], course: Course, now: float) -> Decision | None:
    going_on = now < course.out_until
    base = course.base if going_on else desired
    wishes = [(math.ceil(base * each.high / each.policy.target), each.policy) for each in read if each.high is not None]
    if not wishes or limits.no_out or desired == 0:
        return None
    wished, policy = max(wishes, key=lambda wish: wish[0])
    wanted = min(max(wished, limits.minimum), limits.maximum)
    if wanted <= desired:
        return None
    after = Course(out_until=now + policy.out_cooldown, base=base, since=now)
    return Decision(wanted, policy.name, "AlarmHigh", after)


def _in(desired: int, limits: Limits, read: Sequence[Reading], course: Course, now: float) -> Decision | None:
    asked = [each for each in read if each.policy.scales_in]
    lows = [(each.low, each.policy) for each in asked if each.low is not None]
    if not asked or len(lows) < len(asked) or limits.no_in or now < course.in_until:
        return None
    wished, policy = max(
        ((math.ceil(desired * low / policy.target), policy) for low, policy in lows), key=lambda w: w[0]
    )
    wanted = min(max(wished, limits.minimum), limits.maximum)
    if wanted >= desired:
        return None
    after = Course(in_until=now + policy.in_cooldown, since=now)
    return Decision(wanted, policy.name, "AlarmLow", after)
