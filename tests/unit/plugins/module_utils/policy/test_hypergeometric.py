from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.offramp.ecs.plugins.module_utils.policy.hypergeometric import Split, log_ratio

SMALL = st.integers(1, 40)


@st.composite
def splits(draw: st.DrawFn) -> Split:
    new, old = draw(SMALL), draw(SMALL)
    return Split(new, old, draw(st.integers(1, new + old)))


def by_brute_force(split: Split, odds: float) -> float:
    return sum(
        math.comb(split.new, count) * math.comb(split.old, split.errors - count) * odds**count
        for count in range(split.least, split.most + 1)
    )


@settings(deadline=None)
@given(splits(), st.sampled_from([0.01, 0.5, 1.0, 1.25, 1.5, 3, 30, 1000]))
def test_the_sum_is_that_of_all_terms(split: Split, odds: float) -> None:
    assert split.log_total(odds) == pytest.approx(math.log(by_brute_force(split, odds)), rel=1e-9, abs=1e-9)


@settings(deadline=None)
@given(splits(), st.sampled_from([0.5, 1.0, 1.25, 2, 1000]))
def test_the_mode_is_the_greatest_term_or_beside_it(split: Split, odds: float) -> None:
    def term(count: int) -> float:
        return math.comb(split.new, count) * math.comb(split.old, split.errors - count) * odds**count

    greatest = max(range(split.least, split.most + 1), key=term)
    assert abs(split.mode(odds) - greatest) <= 1


def test_a_million_requests_are_summed_as_exactly_as_fractions_can() -> None:
    """With an odds ratio of 1 the sum is that of Vandermonde: C(new + old, errors)."""
    split = Split(400_000, 600_000, 5_000)
    whole = math.lgamma(1_000_001) - math.lgamma(5_001) - math.lgamma(995_001)
    assert split.log_total(1.0) == pytest.approx(whole, abs=1e-6)


def test_a_wholly_broken_new_side_says_what_it_is_worth() -> None:
    """45 of 45 failed and 0 of 15: at equal odds the chance is 1 in C(60, 15)."""
    split = Split(45, 15, 45)
    likelihood = log_ratio(split, 45, 1e9, 1.0, split.log_total(1.0))
    assert likelihood == pytest.approx(math.log(math.comb(60, 15)), rel=1e-6)
