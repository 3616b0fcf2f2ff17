"""Target tracking: which alarms are on, and how many tasks follow."""

from __future__ import annotations

import pytest

from rehearsal.aws.scaler.tracking import Course, Limits, Policy, Reading, decide, readings

REQUESTS = Policy("requests", "ALBRequestCountPerTarget", "", 40.0, 10.0, 5.0, scales_in=True)
CPU = Policy("cpu", "ECSServiceAverageCPUUtilization", "", 60.0, 10.0, 5.0, scales_in=True)
ONLY_OUT = Policy("memory", "ECSServiceAverageMemoryUtilization", "", 75.0, 10.0, 5.0, scales_in=False)
LIMITS = Limits(2, 8)


def read(
    values: dict[int, float], *, since: float = 0.0, policy: Policy = REQUESTS
) -> tuple[float | None, float | None]:
    (found,) = readings([policy], {policy.name: values}, last=100, high=3, low=5, since=since)
    return found.high, found.low


def steady(value: float, first: int = 80) -> dict[int, float]:
    return dict.fromkeys(range(first, 101), value)


def test_the_high_alarm_takes_three_periods_in_a_row() -> None:
    assert read(steady(90.0)) == (90.0, None)
    assert read({**steady(90.0), 99: 40.0}) == (None, None)
    assert read({98: 50.0, 99: 60.0, 100: 70.0}) == (60.0, None)
    assert read({99: 90.0, 100: 90.0}) == (None, None)


def test_the_low_alarm_is_at_nine_tenths_and_takes_the_worst_of_its_periods() -> None:
    assert read({**steady(10.0), 97: 30.0}) == (None, 30.0)
    assert read(steady(36.0)) == (None, None)
    assert read({**steady(10.0), 96: 39.0}) == (None, None)


def test_alarms_look_past_missing_periods_but_not_far() -> None:
    assert read(dict.fromkeys(range(92, 101, 2), 10.0)) == (None, 10.0)
    assert read(dict.fromkeys(range(80, 101, 3), 10.0)) == (None, None)
    assert read({}) == (None, None)


def test_the_low_alarm_knows_nothing_of_the_time_before_the_last_change() -> None:
    assert read(steady(10.0), since=95.0) == (None, 10.0)
    assert read(steady(10.0), since=95.5) == (None, None)


def test_tasks_are_added_in_proportion_and_no_further_than_the_maximum() -> None:
    decision = decide(2, LIMITS, [Reading(REQUESTS, high=90.0)], Course(), 50.0)
    assert decision is not None
    assert (decision.desired, decision.alarm, decision.policy) == (5, "AlarmHigh", "requests")
    assert decision.course == Course(out_until=55.0, base=2, since=50.0)
    far = decide(2, LIMITS, [Reading(REQUESTS, high=900.0)], Course(), 50.0)
    assert far is not None
    assert far.desired == 8


def test_new_tasks_are_not_added_again_while_the_metric_does_not_show_them() -> None:
    course = Course(out_until=55.0, base=2, since=50.0)
    assert decide(5, LIMITS, [Reading(REQUESTS, high=90.0)], course, 51.0) is None
    larger = decide(5, LIMITS, [Reading(REQUESTS, high=130.0)], course, 51.0)
    assert larger is not None
    assert (larger.desired, larger.course.base) == (7, 2)
    later = decide(5, LIMITS, [Reading(REQUESTS, high=50.0)], course, 55.0)
    assert later is not None
    assert (later.desired, later.course.base) == (7, 5)


def test_the_largest_wish_wins() -> None:
    decision = decide(2, LIMITS, [Reading(REQUESTS, high=90.0), Reading(CPU, high=90.0)], Course(), 50.0)
    assert decision is not None
    assert (decision.desired, decision.policy) == (5, "requests")


def test_tasks_go_only_when_every_policy_that_may_take_some_away_wants_it() -> None:
    low = Reading(REQUESTS, low=10.0)
    assert decide(6, LIMITS, [low, Reading(CPU)], Course(), 50.0) is None
    decision = decide(6, LIMITS, [low, Reading(CPU, low=30.0), Reading(ONLY_OUT)], Course(), 50.0)
    assert decision is not None
    assert (decision.desired, decision.policy, decision.alarm) == (3, "cpu", "AlarmLow")
    assert decision.course == Course(in_until=60.0, since=50.0)


def test_no_task_goes_within_the_cooldown_or_below_the_minimum() -> None:
    low = [Reading(REQUESTS, low=1.0)]
    assert decide(6, LIMITS, low, Course(in_until=60.0), 59.9) is None
    decision = decide(6, LIMITS, low, Course(in_until=60.0), 60.0)
    assert decision is not None
    assert decision.desired == 2
    assert decide(2, LIMITS, low, Course(), 50.0) is None
    assert decide(1, LIMITS, low, Course(), 50.0) is None


def test_a_larger_load_ends_the_cooldown_of_scaling_in() -> None:
    decision = decide(2, LIMITS, [Reading(REQUESTS, high=90.0)], Course(in_until=99.0, since=50.0), 51.0)
    assert decision is not None
    assert decision.course.in_until == 0.0


@pytest.mark.parametrize(
    ("limits", "reading"),
    [(Limits(2, 8, no_out=True), Reading(REQUESTS, high=90.0)), (Limits(2, 8, no_in=True), Reading(REQUESTS, low=1.0))],
)
def test_what_is_suspended_does_not_happen(limits: Limits, reading: Reading) -> None:
    assert decide(4, limits, [reading], Course(), 50.0) is None


def test_numbers_beyond_the_bounds_come_back_with_the_next_alarm_of_their_direction() -> None:
    high, low = [Reading(REQUESTS, high=41.0)], [Reading(REQUESTS, low=35.0)]
    below, above = decide(1, LIMITS, high, Course(), 50.0), decide(12, LIMITS, low, Course(), 50.0)
    assert below is not None
    assert below.desired == 2
    assert above is not None
    assert above.desired == 8
    assert decide(12, LIMITS, high, Course(), 50.0) is None


def test_a_service_of_no_tasks_stays_so() -> None:
    assert decide(0, LIMITS, [Reading(CPU, high=90.0)], Course(), 50.0) is None
