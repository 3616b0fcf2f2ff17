"""How far polls are apart."""

from __future__ import annotations

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine.settle import quick_at_first, steady


@pytest.mark.parametrize(
    ("every", "elapsed", "expected"),
    [(15, 0, 1), (15, 4, 1), (15, 20, 5), (15, 59, 14.75), (15, 60, 15), (15, 600, 15), (0.5, 0, 0.5), (0.5, 90, 0.5)],
)
def test_polls_are_close_at_first(every: float, elapsed: float, expected: float) -> None:
    assert quick_at_first(every, elapsed) == expected


def test_other_waits_are_steady() -> None:
    assert [steady(10, elapsed) for elapsed in (0, 30, 90)] == [10, 10, 10]
