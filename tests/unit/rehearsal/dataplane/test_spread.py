"""Shares are right over few requests too."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rehearsal.dataplane.spread import Spread


@given(share=st.floats(0, 1), seed=st.text(max_size=8))
def test_a_hundred_picks_hit_any_share_to_about_a_request(share: float, seed: str) -> None:
    spread = Spread(seed)
    picks = [spread.pick([1 - share, share]) for _ in range(100)]
    assert abs(sum(pick == 1 for pick in picks) - 100 * share) <= 3


def test_a_weight_of_zero_is_never_picked() -> None:
    spread = Spread("x")
    assert {spread.pick([0, 1, 0]) for _ in range(1000)} == {1}


def test_nothing_is_picked_where_nothing_has_a_weight() -> None:
    assert Spread("x").pick([]) is None
    assert Spread("x").pick([0, 0]) is None


def test_the_same_seed_gives_the_same_picks() -> None:
    one, other, third = Spread("a"), Spread("a"), Spread("b")
    picks = [[spread.pick([1, 1]) for _ in range(50)] for spread in (one, other, third)]
    assert picks[0] == picks[1] != picks[2]
