from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.policy.counters import WHOLE, Reading, Totals, counted


def reading(**instances: Any) -> Reading:
    return {name: Totals(*totals) for name, totals in instances.items()}


def whole(*totals: Any) -> Reading:
    return {WHOLE: Totals(*totals)}


@pytest.mark.parametrize(
    ("before", "after", "gone", "told"),
    [
        (reading(a=(100, 1)), reading(a=(150, 3)), set(), (50, 2)),
        (reading(a=(100, 1), b=(10, 0)), reading(a=(150, 3), b=(30, 0)), set(), (70, 2)),
        (reading(a=(100, 1, 5)), reading(a=(150, 3, 9)), set(), (50, 2, 0, 4)),
        # started again: what it has since
        (reading(a=(100, 1), b=(10, 0)), reading(a=(7, 1), b=(30, 0)), set(), (27, 1)),
        # new, and gone
        (reading(a=(100, 1)), reading(a=(150, 1), b=(9000, 80)), set(), (50, 0)),
        (reading(a=(100, 1), b=(9000, 80)), reading(a=(150, 1)), set(), (50, 0)),
        # one total over all
        (whole(100, 1), whole(150, 1), set(), (50, 0)),
        (whole(100, 1), whole(50, 1), set(), None),
        # an address that tells of one instance at a time
        (reading(a=(100, 1)), reading(b=(150, 1)), set(), None),
        (reading(a=(100, 1)), reading(a=(150, 1), b=(9, 0)), {"b"}, None),
        # what cannot be
        (reading(a=(100, 1)), reading(a=(101, 9)), set(), None),
        # nobody is there
        (reading(), reading(), set(), (0, 0)),
        (reading(), reading(a=(5, 0)), set(), (0, 0)),
    ],
)
def test_what_totals_say_of_the_time_between_two_readings(
    before: Reading, after: Reading, gone: set[str], told: tuple[int, ...] | None
) -> None:
    assert counted(before, after, gone) == told
