from __future__ import annotations

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.policy.counts import STILL, Side
from ansible_collections.offramp.ecs.plugins.module_utils.policy.pace import Ahead, at_risk, bound


def test_no_request_bounds_nothing() -> None:
    assert bound(STILL) == 1


@pytest.mark.parametrize(("requests", "errors"), [(30, 0), (600, 0), (600, 6), (60_000, 60)])
def test_the_bound_lies_above_the_rate_and_nears_it(requests: int, errors: int) -> None:
    once, longer = bound(Side(requests, errors)), bound(Side(100 * requests, 100 * errors))
    assert once > longer > errors / requests


def test_what_is_at_risk_is_what_the_next_step_gets_until_it_is_seen() -> None:
    """h = ln 20 + 2 ln(1 + log2 1024); U = 2 h / n where there was no error."""
    high = 2 * (2.995732 + 2 * 2.397895) / 1024
    new, old = Side(1024, 0), Side(8976, 0)
    assert at_risk(new, old, 100, Ahead(10, 25, 70)) == pytest.approx(high * 0.25 * 100 * 70, rel=1e-5)


@pytest.mark.parametrize(
    ("new", "old", "ahead"),
    [
        ((1000, 0), (9000, 0), Ahead(10, None, 70)),
        ((1000, 0), (9000, 0), Ahead(10, 25, 0)),
        ((100_000, 0), (900_000, 45_000), Ahead(10, 25, 70)),
    ],
    ids=["no step ahead", "seen at once", "surely better than the old side"],
)
def test_nothing_is_at_risk(new: tuple[int, int], old: tuple[int, int], ahead: Ahead) -> None:
    assert at_risk(Side(*new), Side(*old), 100, ahead) == 0


@pytest.mark.parametrize(
    ("share", "next_share", "last"),
    [(95, 100, True), (5, 100, True), (50, 75, False), (95, None, False), (100, None, False)],
)
def test_the_last_step_that_can_be_compared_is_the_one_before_the_whole(
    share: int, next_share: int | None, last: bool
) -> None:
    assert Ahead(share, next_share).compares_last is last
