from __future__ import annotations

import math
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.offramp.ecs.plugins.module_utils.policy.evidence import (
    ERRORS,
    SLOW,
    Bets,
    Count,
    Wealth,
    bet,
    wealth_from,
)
from ansible_collections.offramp.ecs.plugins.module_utils.policy.hypergeometric import Split

ALPHA = 0.005


def laid(wealth: Wealth, new: tuple[int, int], old: tuple[int, int], seconds: float = 60, phi: float = 1) -> Wealth:
    return bet(wealth, ERRORS, Count(*new), Count(*old), seconds, phi, ALPHA)


@st.composite
def wealths(draw: st.DrawFn, bets: Bets) -> Wealth:
    worth = st.floats(0, 10, allow_subnormal=False)
    return Wealth(draw(worth), tuple(draw(worth) for _ in bets.odds))


@settings(deadline=None)
@given(
    data=st.data(),
    bets=st.sampled_from([ERRORS, SLOW]),
    new=st.integers(0, 25),
    old=st.integers(0, 25),
    part=st.floats(0, 1),
    seconds=st.sampled_from([1, 10, 60, 3600]),
    phi=st.floats(1, 5),
)
def test_evidence_does_not_grow_in_the_mean_while_the_new_side_is_no_worse(
    data: st.DataObject, bets: Bets, new: int, old: int, part: float, seconds: float, phi: float
) -> None:
    """Exactly, over the law of the errors of one tick, for every odds ratio up to the tolerated one."""
    errors, odds = data.draw(st.integers(0, new + old)), bets.null * part
    before, split = data.draw(wealths(bets)), Split(new, old, errors)
    chances = {
        count: math.comb(new, count) * math.comb(old, errors - count) * odds**count
        for count in range(split.least, split.most + 1)
    }
    mean = sum(
        chance * bet(before, bets, Count(new, count), Count(old, errors - count), seconds, phi, ALPHA).value
        for count, chance in chances.items()
    )
    whole = sum(chances.values())
    if whole:  # an odds ratio of 0 has no law where errors must fall on the new side
        assert mean / whole <= before.value * (1 + 1e-9) + 1e-12


@settings(deadline=None)
@given(wealths(ERRORS))
def test_a_promotion_moves_money_and_makes_none(wealth: Wealth) -> None:
    promoted = wealth.promoted()
    assert promoted.value == pytest.approx(wealth.value)
    assert promoted.bank == pytest.approx(0.75 * wealth.bank)


def test_it_starts_with_one() -> None:
    assert [bets.start().value for bets in (ERRORS, SLOW)] == pytest.approx([1, 1])


@pytest.mark.parametrize(
    ("new", "old"),
    [((100, 0), (900, 0)), ((0, 0), (900, 90)), ((100, 100), (0, 0)), ((0, 0), (0, 0))],
    ids=["no errors", "nothing on the new side", "nothing on the old side", "nothing at all"],
)
def test_a_tick_that_cannot_tell_the_sides_apart_is_no_evidence(new: tuple[int, int], old: tuple[int, int]) -> None:
    assert laid(ERRORS.start(), new, old).value == pytest.approx(1)


def test_an_outage_of_both_sides_is_evidence_for_the_new_one() -> None:
    assert laid(ERRORS.start(), (600, 300), (5400, 2700)).value < 1


@pytest.mark.parametrize(
    ("seconds", "errors", "capped"),
    [(10, 9, True), (59, 9, True), (60, 9, False), (10, 10, False)],
)
def test_a_short_tick_of_few_errors_never_ends_a_ramp_alone(seconds: float, errors: int, capped: bool) -> None:
    wealth = laid(ERRORS.start(), (10, errors), (100_000, 0), seconds)
    assert (wealth.value <= 1 / math.sqrt(ALPHA) * 1.000001) is capped
    assert (wealth.value < 1 / ALPHA) is capped


def test_two_short_ticks_of_few_errors_may() -> None:
    twice = reduce(lambda so_far, _: laid(so_far, (10, 9), (100_000, 0), 10), range(2), ERRORS.start())
    assert twice.value >= 1 / ALPHA * 0.999


def test_the_bank_keeps_money_for_a_fault_that_begins_late() -> None:
    hour = reduce(lambda so_far, _: laid(so_far, (500, 0), (500, 2)), range(60), ERRORS.start())
    assert hour.bank > 0.005
    assert hour.bets[0] < ERRORS.start().bets[0]
    assert laid(laid(hour, (500, 25), (500, 1)), (500, 25), (500, 1)).value > 1 / ALPHA


def test_tempering_takes_the_root_of_what_a_tick_says() -> None:
    plain, tempered = (laid(Wealth(0, (1,) * 8), (100, 8), (900, 1), phi=phi) for phi in (1, 4))
    assert [it**4 for it in tempered.bets] == pytest.approx(plain.bets)


def test_evidence_stays_a_number_however_much_there_is() -> None:
    wealth = reduce(lambda so_far, _: laid(so_far, (60_000, 60_000), (60_000, 0)), range(9), ERRORS.start())
    assert math.isfinite(wealth.value)
    assert wealth.value > 1e300


def test_it_is_carried_on_as_plain_numbers() -> None:
    wealth = laid(ERRORS.start(), (100, 3), (900, 1))
    assert wealth_from(wealth.numbers(), ERRORS) == wealth
    with pytest.raises(ValueError, match="8 bets, where there are 5"):
        wealth_from(wealth.numbers(), SLOW)
