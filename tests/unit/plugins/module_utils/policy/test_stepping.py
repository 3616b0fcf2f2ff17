from __future__ import annotations

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.policy import stepping

LADDER = [1, 10, 50, 100]


@pytest.mark.parametrize(
    ("share", "left"),
    [
        (0, [1, 10, 50, 100]),
        (1, [1, 10, 50, 100]),
        (10, [10, 50, 100]),
        (20, [20, 50, 100]),
        (99, [99, 100]),
        (100, []),
    ],
)
def test_a_ramp_goes_on_where_it_stands_and_judges_that_first(share: int, left: list[int]) -> None:
    assert stepping.remaining(LADDER, share) == left


@pytest.mark.parametrize(("share", "following"), [(0, 1), (1, 10), (20, 50), (50, 100), (100, None)])
def test_a_step_knows_the_one_after_it(share: int, following: int | None) -> None:
    assert stepping.after(LADDER, share) == following


def test_a_ladder_may_end_before_the_whole() -> None:
    assert stepping.remaining([5, 20], 0) == [5, 20]
    assert stepping.remaining([5, 20], 20) == []
    assert stepping.remaining([5, 20], 30) == []


@pytest.mark.parametrize(("share", "to", "left"), [(10, 25, [25]), (50, 25, [25]), (50, 0, [0]), (25, 25, [])])
def test_one_step_by_hand_goes_either_way(share: int, to: int, left: list[int]) -> None:
    assert stepping.remaining(LADDER, share, to) == left


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([], "There are no shift steps."),
        ([10, 5, 100], "The shift steps 10, 5, 100 do not rise."),
        ([10, 10], "The shift steps 10, 10 do not rise."),
        ([0, 10], "The shift steps 0, 10 do not rise."),
        ([10, 101], "A share of 101 % is none."),
        ([-1, 10], "A share of -1 % is none."),
    ],
)
def test_a_ladder_that_cannot_be_meant_is_refused(steps: list[int], said: str) -> None:
    with pytest.raises(BadInput) as caught:
        stepping.remaining(steps, 0)
    assert caught.value.msg == said


def test_a_share_by_hand_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput, match="A share of 120 % is none"):
        stepping.remaining(LADDER, 0, 120)
