from __future__ import annotations

import random
from functools import reduce

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.policy.clumping import NO_CLUMPS, Clumping, clumping_from
from ansible_collections.offramp.ecs.plugins.module_utils.policy.evidence import Count

MOST = 5.0


def seen(counts: list[tuple[int, int]]) -> Clumping:
    return reduce(lambda so_far, count: so_far.after(Count(*count)), counts, NO_CLUMPS)


def independent(ticks: int, requests: list[int], rate: float) -> list[tuple[int, int]]:
    drawn = random.Random(7)  # noqa: S311 - the same in every run
    sizes = [requests[at % len(requests)] for at in range(ticks)]
    return [(size, sum(drawn.random() < rate for _ in range(size))) for size in sizes]


def by_three(ticks: int) -> Clumping:
    return seen([(size, 3 * errors) for size, errors in independent(ticks, [500], 0.01)])


def test_nothing_seen_tempers_nothing() -> None:
    assert seen([]).phi(MOST) == seen([(600, 3)]).phi(MOST) == seen([(600, 0), (600, 0)]).phi(MOST) == 1


@pytest.mark.parametrize("requests", [[500], [900, 100]], ids=["even traffic", "traffic that changes"])
def test_independent_errors_have_a_phi_of_about_one(requests: list[int]) -> None:
    clumping = seen(independent(400, requests, 0.02))
    assert clumping.measured == pytest.approx(1, abs=0.15)


def test_errors_that_always_come_by_three_have_a_phi_of_about_three() -> None:
    assert by_three(400).measured == pytest.approx(3, abs=0.5)


def test_what_is_known_by_few_clumps_tempers_more() -> None:
    few, many = by_three(4), by_three(400)
    assert 1.5 * few.measured < few.phi(100) < 3 * few.measured
    assert many.measured < many.phi(100) < 1.1 * many.measured


def test_one_rare_clump_counts_with_its_size() -> None:
    assert seen([(10_000, 0), (10_000, 4), (10_000, 0)]).measured == pytest.approx(4, rel=0.01)


def test_a_rate_that_drifts_is_no_clump() -> None:
    drifting = [(100_000, 1000 + 5 * minute) for minute in range(100)]
    assert seen(drifting).phi(MOST) == 1


def test_it_is_at_most_what_is_allowed() -> None:
    assert seen([(10_000, 0), (10_000, 400)]).phi(MOST) == MOST
    assert seen([(10_000, 0), (10_000, 400)]).phi(1) == 1


def test_ticks_without_requests_are_passed_over() -> None:
    assert seen([(500, 3), (0, 0), (500, 1)]) == seen([(500, 3), (500, 1)])


def test_what_lies_on_both_sides_of_a_gap_is_no_pair() -> None:
    assert seen([(500, 3)]).parted().after(Count(500, 30)).expected == 0


def test_it_is_carried_on_without_its_last_tick() -> None:
    clumping = seen([(500, 3), (500, 1), (500, 2)])
    assert clumping_from(clumping.numbers()) == clumping.parted()
