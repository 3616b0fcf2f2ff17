from __future__ import annotations

import json

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.policy.counts import STILL, Side, Tick
from ansible_collections.offramp.ecs.plugins.module_utils.policy.ticks import Rhythm, Untold, doubted, lay, untold_from

MINUTES = Rhythm(period=60, grace=10, delay=90)


@pytest.mark.parametrize(
    ("began", "now", "starts"),
    [
        (0, 0, []),
        (0, 209, []),  # 60..120 is complete at 210
        (0, 210, [60]),
        (0, 330, [60, 120, 180]),
        (50, 210, [60]),  # weights set at 50 are in force at 60
        (51, 210, []),
        (51, 270, [120]),
    ],
)
def test_whole_periods_count_once_they_are_complete(began: float, now: float, starts: list[int]) -> None:
    assert list(MINUTES.complete(began, now)) == starts


def test_the_longest_wait_is_long_enough() -> None:
    for began in range(60):
        assert len(MINUTES.complete(began, began + MINUTES.longest(120))) >= 2


def test_sides_are_laid_over_each_other() -> None:
    laid = lay(range(60, 240, 60), {60: (10, 1, 1), 120: (0, 0)}, {60: (90, 2), 120: None, 180: (5, 0)})
    assert laid == [Tick(60, Side(10, 1, own=1), Side(90, 2)), Tick(60, STILL, None), Tick(60, None, Side(5, 0))]


def test_a_change_of_the_weights_is_seen_after_grace_a_period_and_the_delay() -> None:
    assert MINUTES.reaction == 160


def test_what_a_step_leaves_untold_travels_as_numbers() -> None:
    untold = Untold(range(120, 300, 60), {"old": {120: (90, 2), 180: None, 240: (5, 0, 0, 1)}})
    assert untold_from(json.loads(json.dumps(untold.numbers()))) == untold
    assert untold_from({}) == Untold()
    complete = [list(untold.complete(now, 30)) for now in (0, 209, 210, 290, 1000)]
    assert complete == [[], [], [120], [120, 180], [120, 180, 240]]


@pytest.mark.parametrize(
    ("new", "old", "share", "seen"),
    [
        (Side(0), Side(180), 10, False),  # twenty should have come
        (Side(0), Side(170), 10, True),
        (Side(1), Side(9000), 10, True),
        (Side(0), Side(9000), 0, True),
        (Side(0), Side(0), 100, True),
    ],
)
def test_none_at_all_is_not_believed_where_surely_some_came(new: Side, old: Side, share: int, seen: bool) -> None:
    assert (doubted(Tick(60, new, old), share).new is not None) is seen
