"""Targets that leave a group drain for its deregistration delay."""

from __future__ import annotations

import time
from typing import Any

import pytest

from rehearsal.aws.adapters.moto_balancers import GroupState
from rehearsal.aws.elb.draining import DELAY, Draining, Target

ONE, TWO = ("10.0.0.1", 8080), ("10.0.0.2", 8080)


class Clock:
    """Time that only passes when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that draining looks at."""
    made = Clock()
    monkeypatch.setattr(time, "monotonic", made)
    return made


def group(*targets: Target, delay: str | None = "30", **changes: Any) -> GroupState:
    """A group in use with these targets."""
    attributes = {} if delay is None else {DELAY: delay}
    state = {"protocol": "HTTP", "port": 8080, "health": {}, "balancers": ("arn:elb",), **changes}
    return GroupState(arn="arn:group", attributes=attributes, targets=list(targets), **state)


def test_a_target_that_left_drains_until_the_delay_is_over(clock: Clock) -> None:
    draining = Draining()
    draining.look([group(ONE, TWO)])
    assert draining.next_end() is None
    draining.look([group(TWO)])
    assert (draining.of("arn:group"), draining.next_end()) == ([ONE], 30.0)
    clock.now += 29
    draining.look([group(TWO)])
    assert (draining.of("arn:group"), draining.next_end()) == ([ONE], 1.0)
    clock.now += 1
    draining.look([group(TWO)])
    assert (draining.of("arn:group"), draining.next_end()) == ([], None)


def test_the_delay_is_five_minutes_unless_it_is_set(clock: Clock) -> None:
    draining = Draining()
    draining.look([group(ONE, delay=None)])
    draining.look([group(delay=None)])
    assert draining.next_end() == 300.0


def test_a_target_that_comes_back_drains_no_more(clock: Clock) -> None:
    draining = Draining()
    for targets in ([ONE], [], [ONE]):
        draining.look([group(*targets)])
    assert draining.of("arn:group") == []


def test_a_group_that_nothing_uses_and_one_that_is_gone_drain_nothing(clock: Clock) -> None:
    draining = Draining()
    draining.look([group(ONE, balancers=())])
    draining.look([group(balancers=())])
    assert draining.of("arn:group") == []
    draining.look([group(ONE)])
    draining.look([])
    assert (draining.of("arn:group"), draining.next_end()) == ([], None)
