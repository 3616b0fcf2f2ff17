from __future__ import annotations

from functools import reduce

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.policy.verdict import (
    Evidence,
    Limits,
    Outcome,
    Side,
    Tick,
    decide,
    weigh,
)

LIMITS = Limits(window=60, min_requests=30, min_errors=3, max_error_rate=1.0, share_tolerance=5.0)


def tick(new: tuple[int, int] | None, old: tuple[int, int] | None, seconds: float = 60) -> Tick:
    return Tick(seconds, Side(*new) if new else None, Side(*old) if old else None)


def gathered(*ticks: Tick) -> Evidence:
    return reduce(weigh, ticks, Evidence())


@pytest.mark.parametrize(
    ("share", "new", "old", "outcome", "said"),
    [
        (10, (600, 0), (5400, 0), "pass", "0.00 %, of at most 1.00 %"),
        (10, (600, 12), (5400, 54), "pass", "2.00 %, of at most 2.00 %"),
        (10, (600, 13), (5400, 54), "fail", "13 of 600 requests with errors (2.17 %)"),
        (10, (600, 120), (5400, 5), "fail", "1 points more are allowed"),
        (10, (600, 300), (5400, 2700), "pass", "50.00 %, of at most 51.00 %"),  # an outage that both sides share
        (1, (40, 2), (4000, 0), "pass", "5.00 %"),  # two errors are no evidence
        (1, (40, 3), (4000, 0), "fail", "3 of 40"),
        (1, (29, 29), (2900, 0), "not_enough", "29 requests of at least 30"),
        (10, (0, 0), (6000, 0), "not_enough", "0 requests of at least 30"),
        (10, (60, 0), (5940, 0), "not_enough", "measured share is 1.0 %, where 10 % are wanted"),
        (10, (1500, 0), (4500, 0), "not_enough", "measured share is 25.0 %"),
        (50, (40, 0), (60, 0), "pass", "0.00 %"),  # off by chance: few requests
        (100, (6000, 0), (0, 0), "pass", "0.00 %, of at most 1.00 %"),  # a still old side is no silent one
        (100, (6000, 61), (0, 0), "fail", "61 of 6000"),
    ],
)
def test_one_whole_window_is_judged(
    share: int, new: tuple[int, int], old: tuple[int, int], outcome: Outcome, said: str
) -> None:
    judgement = decide(gathered(tick(new, old)), LIMITS, share)
    assert (judgement.outcome, said in judgement.reason) == (outcome, True), judgement.reason


def test_a_step_needs_its_window_of_traffic() -> None:
    half = tick((300, 0), (2700, 0), seconds=30)
    assert decide(gathered(), LIMITS, 10).outcome == "not_enough"
    assert decide(gathered(half), LIMITS, 10).reason == "30 of 60 s of traffic were seen"
    assert decide(gathered(half, half), LIMITS, 10).outcome == "pass"


def test_bad_traffic_fails_before_the_window_is_over() -> None:
    assert decide(gathered(tick((50, 50), (450, 0), seconds=5)), LIMITS, 10).outcome == "fail"


@pytest.mark.parametrize(
    ("silent", "said"),
    [
        (tick(None, (5400, 0)), "the source of the new side does not tell"),
        (tick((600, 0), None), "the source of the old side does not tell"),
        (tick(None, None), "the source of the new and the old side does not tell"),
    ],
)
def test_a_silent_source_is_broken_and_neither_good_nor_bad(silent: Tick, said: str) -> None:
    judgement = decide(gathered(silent), LIMITS, 10)
    assert (judgement.outcome, judgement.reason) == ("broken", said)


def test_a_tick_that_one_side_is_silent_about_counts_for_neither() -> None:
    evidence = gathered(tick((600, 600), None), tick((600, 0), (5400, 0)))
    assert (evidence.new, evidence.seconds, evidence.missing) == (Side(600, 0), 60, 60)
    assert decide(evidence, LIMITS, 10).outcome == "pass"


def test_a_source_that_tells_again_is_not_broken_any_more() -> None:
    evidence = gathered(tick(None, (900, 0), 10), tick((100, 0), (900, 0), 10))
    assert decide(evidence, LIMITS, 10).outcome == "not_enough"
