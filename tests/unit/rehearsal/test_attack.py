"""Where a run is attacked, and how the outcome is judged."""

from __future__ import annotations

import dataclasses

import pytest

from rehearsal.attack import Outcome, Point, clear, is_good, points_of, row, spread
from rehearsal.calls import Kind, Service
from rehearsal.requestlog import Entry

POOL, OTHER = "5d41402abc4b2a76b9719d911017c592", "7d793037a0760186574b0282f2f435e7"
GOOD = Outcome(Point("aws", "CreateService", "me", "web", 1), True, -9, 0, [], [], 0, 0, 99, 1.0)


def entry(operation: str, kind: Kind = "write", target: str = "", service: Service = "aws") -> Entry:
    return Entry(0.0, service, operation, kind, target, "me", 200, 0.0)


def test_a_poll_is_one_point_and_reads_are_none_for_kills() -> None:
    entries = [entry("Describe", "read"), entry("Create"), entry("Describe", "read"), entry("Create")]
    assert [point.operation for point in points_of(entries, writes_only=True)] == ["Create"]
    assert [point.operation for point in points_of(entries, writes_only=False)] == ["Describe", "Create"]


def test_targets_make_points_of_their_own() -> None:
    found = points_of([entry("Create", target="web"), entry("Create", target="worker")], writes_only=True)
    assert [(point.target, point.nth) for point in found] == [("web", 1), ("worker", 1)]


def test_a_target_that_the_world_named_is_found_by_its_turn() -> None:
    """The next run makes another id of it: the third call that looks like this is the one."""
    entries = [entry("PATCH", target=POOL), entry("PATCH", target=POOL), entry("PATCH", target=OTHER)]
    first, second = points_of(entries, writes_only=True)
    assert (first.nth, second.nth) == (1, 3)
    assert first.rule(kill="all").target is None
    assert second.rule(answer="reset").nth == 3


def test_each_step_of_a_ramp_may_be_a_point() -> None:
    entries = [entry("PATCH", target=POOL), entry("GET", "read"), entry("PATCH", target=POOL), entry("GET", "read")]
    assert len(points_of(entries, writes_only=False)) == 2
    assert [point.nth for point in points_of(entries, writes_only=True, each_write=True)] == [1, 2]


def test_a_change_set_that_only_looks_is_a_point_too() -> None:
    assert points_of([entry("CreateChangeSet", "preview", "app")], writes_only=True)


@pytest.mark.parametrize("size", [0, 1, 2, 5, 8, 13])
def test_spreading_keeps_every_item(size: int) -> None:
    assert sorted(spread(list(range(size)))) == list(range(size))


def test_a_beginning_of_the_spread_is_spread() -> None:
    assert spread(list(range(8)))[:4] == [0, 4, 2, 6]


@pytest.mark.parametrize(
    "bad",
    [
        {"struck": False},
        {"again": 2},
        {"again": None},
        {"stopped": 0},
        {"differences": ["/aws: 1 -> 2"]},
        {"unclear": ["Traceback (most recent call last)"]},
        {"orphans": 1},
        {"failed": 1},
    ],
)
def test_each_promise_is_judged(bad: dict[str, object]) -> None:
    assert is_good(GOOD)
    assert row(1, GOOD).startswith("ok ")
    outcome = dataclasses.replace(GOOD, **bad)  # type: ignore[arg-type]
    assert not is_good(outcome)
    assert row(1, outcome).startswith("BAD")


def test_a_run_that_takes_no_notice_is_good() -> None:
    assert is_good(dataclasses.replace(GOOD, stopped=0, again=None))


def test_tracebacks_are_no_sentences() -> None:
    assert clear("fatal: no\nTraceback (most recent call last):\n  File") == ["Traceback (most recent call last):"]
    assert clear("Heroku did not answer; run again.") == []
