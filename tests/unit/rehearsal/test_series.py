"""What may be concluded from a series of attacks, and what is tried next."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, replace
from typing import Any

import pytest

from rehearsal.attack import MODES, Point, look_of
from rehearsal.calls import Kind
from rehearsal.requestlog import Entry
from rehearsal.series import (
    Run,
    Series,
    armed,
    breach,
    fine,
    following,
    is_good,
    made_again,
    row,
    settled,
    told_of,
    verdicts,
)


def point(operation: str, kind: Kind = "write", nth: int = 1, target: str = "") -> Point:
    return Point("aws", operation, "me", target, kind, nth)


A, B, C, D = (point(name) for name in "ABCD")


def entry(operation: str, kind: Kind = "write", target: str = "") -> Entry:
    return Entry(0.0, "aws", operation, kind, target, "me", 200, 0.0)


def run(*struck: Point, code: int = 0, stops: list[Point] | None = None, **more: Any) -> Run:
    """By default it stops at the last that struck it, if it stops."""
    at = (list(struck[-1:]) if code else []) if stops is None else stops
    return replace(Run(list(struck), at, code, [], [], 0, []), **more)


def killed(at: Point, **more: Any) -> Run:
    return run(at, code=-9, **more)


def series(points: list[Point], *runs: Run, **more: Any) -> Series:
    return replace(Series(points, list(runs), [], 0, 99, 1.0), **more)


def test_it_is_kept_whole() -> None:
    kept = series([A, B], killed(A), killed(B), run())
    assert Series.kept(json.loads(json.dumps(asdict(kept)))) == kept


def test_a_run_that_made_the_call_at_which_it_stopped_again_on_its_way_out_tells_of_that_call() -> None:
    assert told_of([A, B], [A], [D]) == [A, B]
    assert told_of([A, B], [B], [D]) == [B]
    assert told_of([], [], [D]) == [D]


def test_a_run_killed_at_each_point_settles_each() -> None:
    found = series([A, B], killed(A), killed(B), run())
    assert is_good(found)
    assert (settled(found), following(found), breach(found)) == ([A, B], [], "")


def test_a_run_that_takes_no_notice_is_good() -> None:
    found = series([A, B], run(A, B))
    assert (fine(found), following(found)) == ([A, B], [])


def test_what_a_run_got_over_before_it_stopped_is_tried_again() -> None:
    """The next run may have mended what the run would have left wrong by itself."""
    found = series([A, B, C], run(A, B, code=2), run(C))
    assert is_good(found)
    assert (fine(found), following(found)) == ([B, C], [[A]])


def test_what_was_not_struck_is_tried_again() -> None:
    assert following(series([A, B, C], killed(A), run())) == [[B, C]]


def test_what_a_second_run_mended_is_tried_again() -> None:
    """A write that belongs before B may mend B, or what the run after A should have mended."""
    found = series([A, B, C], killed(A), killed(B), killed(C, again=["aws A me"]), run())
    assert is_good(found)
    assert (fine(found), following(found)) == ([B, C], [[A]])


@pytest.mark.parametrize(
    "more", [{"differences": ["/aws: 1 -> 2"]}, {"failed": 1}, {"runs": [killed(A), killed(B), run(code=2)]}]
)
def test_each_promise_of_the_whole_is_judged(more: dict[str, Any]) -> None:
    bad = series([A, B], killed(A), killed(B), run(), **more)
    assert not is_good(bad)
    assert fine(bad) == []
    assert row(1, bad).startswith("BAD")
    assert breach(bad)


def test_a_series_that_differs_is_halved() -> None:
    bad = series([A, B, C, D], killed(A), killed(B), killed(C), run(), failed=1)
    assert following(bad) == [[A, B], [C], [D]]


def test_where_the_run_again_failed_the_last_stop_is_suspected() -> None:
    bad = series([A, B, C], killed(A), killed(B), run(code=2))
    assert following(bad) == [[B], [A, C]]


@pytest.mark.parametrize("more", [{"unclear": ["Traceback"]}, {"orphans": 1}])
def test_a_breach_of_one_run_is_held_against_the_point_where_it_stopped_alone(more: dict[str, Any]) -> None:
    bad = series([A, B, C], killed(A), killed(B, **more), killed(C), run())
    assert not is_good(bad)
    assert (fine(bad), following(bad)) == ([A, C], [[B]])
    assert breach(bad)


def test_words_of_a_run_that_was_not_stopped_are_held_against_all() -> None:
    bad = series([A, B], run(A, B, unclear=["Traceback"]))
    assert (fine(bad), following(bad)) == ([], [[A], [B]])


def test_where_nothing_was_struck_each_is_tried_alone() -> None:
    assert following(series([A, B], run())) == [[A], [B]]
    assert breach(series([A], run())) == "the call did not come"
    assert following(series([A], run())) == []


def test_a_point_alone_has_its_answer() -> None:
    bad = series([A], killed(A), run(), failed=1)
    assert following(bad) == []
    assert row(1, bad).startswith("BAD")


def test_trying_always_ends() -> None:
    """Whatever goes wrong, the next series are smaller."""
    for runs in (
        [run()],
        [run(A)],
        [run(A, code=2)],
        [run(A, B, code=2), run(code=2)],
        [killed(A), run(unclear=["x"])],
    ):
        for more in ({}, {"failed": 1}):
            assert all(len(part) < 3 for part in following(series([A, B, C], *runs, **more)))


def test_verdicts_take_the_later_word() -> None:
    bad, good = series([A], killed(A), run(), failed=1), series([A, B], run(A, B))
    found = verdicts([bad, good], [A, B, C])
    assert (found.fine, found.bad, found.together) == ({A: good, B: good}, {}, [])
    assert verdicts([good, bad], [A, B, C]).bad == {A: bad}
    assert verdicts([good], [B]).fine == {B: good}, "A is no point any more"


def test_a_series_that_met_none_of_its_points_says_nothing_of_them_unless_it_went_wrong() -> None:
    alone = [series([each], run(each)) for each in (A, B)]
    assert verdicts([*alone, series([A, B], run())], [A, B]).together == []
    wrong = series([A, B], run(), failed=1)
    assert verdicts([*alone, wrong], [A, B]).together == [wrong]


def test_points_that_are_bad_only_together_are_told() -> None:
    whole, half = series([A, B, C], run(A, B, C), failed=1), series([A, B], run(A, B), failed=1)
    alone = [series([each], run(each)) for each in (A, B, C)]
    assert verdicts([whole, half], [A, B, C]).together == [], "who knows yet"
    assert verdicts([whole, half, *alone], [A, B, C]).together == [half]
    assert verdicts([whole, half, *alone, series([A, B, C], run(A, B, C))], [A, B, C]).together == []


def test_a_series_is_explained_by_a_point_that_is_bad_alone() -> None:
    whole = series([A, B], run(A, B), failed=1)
    alone = [series([A], run(A), failed=1), series([B], run(B))]
    found = verdicts([whole, *alone], [A, B])
    assert (list(found.bad), list(found.fine), found.together) == ([A], [B], [])


def turns(points: list[Point], mode: str, **before: int) -> list[int]:
    made = Counter({point(name).look: count for name, count in before.items()})
    return [rule.nth for rule in armed(points, MODES[mode], made).values()]


def test_the_turn_of_a_write_counts_from_the_start_and_that_of_a_read_from_its_run() -> None:
    steps = [point("PATCH", nth=nth) for nth in (1, 2, 3)]
    assert turns(steps, "kill") == [1, 2, 3]
    assert turns(steps[1:], "kill", PATCH=1) == [1, 2]
    assert turns(steps[1:], "kill", PATCH=2) == [1], "the turn of the second has gone by"
    assert turns([point("GET", "read", 2)], "garbage", GET=1) == [2]


def test_a_call_that_is_answered_wrongly_comes_once_more_before_the_next_that_looks_like_it() -> None:
    assert turns([point("PATCH", nth=nth) for nth in (1, 2, 4)], "500") == [1, 3, 6]


CLEAN = [entry("A"), entry("Look", "read"), entry("B"), entry("A"), entry("C")]


@pytest.mark.parametrize(
    ("stop", "made", "again"),
    [
        (A, "ABAC", []),
        (B, "BAC", []),
        (B, "AABC", ["aws A me"]),
        (point("A", nth=2), "AC", []),
        (point("A", nth=2), "AAC", ["aws A me"]),
        (point("Look", "read"), "BAC", []),
        (C, "BC", ["aws B me"]),
        (C, "CX", ["aws X me"]),
    ],
)
def test_writes_that_belong_before_the_last_stop_are_noticed(stop: Point, made: str, again: list[str]) -> None:
    assert made_again(CLEAN, [stop], [point(name).look for name in made]) == again


def test_a_lock_that_is_to_be_released_is_taken_again() -> None:
    take, put, release = (entry(operation, target="lock") for operation in ("Take", "Put", "Release"))
    clean = [take, replace(put, target="thing"), release, replace(put, target="end")]
    stop = point("Put", target="thing")
    assert made_again(clean, [stop], map(look_of, [take, clean[1], release])) == []
    assert made_again(clean, [stop], map(look_of, [take, release, take, clean[1], release])) == []
    assert made_again(clean, [point("Put", target="end")], map(look_of, [take])) == ["aws Take me lock"]
