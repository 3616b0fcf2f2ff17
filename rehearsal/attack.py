"""Where to attack a run, and how to judge what came of it: rules without a world."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rehearsal.calls import Service
from rehearsal.faults import Rule
from rehearsal.requestlog import Entry
from rehearsal.state.canonical import has_id

_UNCLEAR = re.compile(r"Traceback \(most recent call last\)|Unexpected failure during|The full traceback|<class '")

Look = tuple[Service, str, str, str]
"""Service, operation, caller, target."""


@dataclass(frozen=True)
class Point:
    """A call of the clean run at which to attack; ``nth`` counts the calls that look like it up to there.

    A target with an id of the world's making is called otherwise in the next run, so it is not part of the look.
    """

    service: Service
    operation: str
    caller: str
    target: str
    nth: int

    def rule(self, **what: Any) -> Rule:
        """The rule that strikes this call."""
        target = None if has_id(self.target) else self.target
        return Rule(
            service=self.service,
            operation=self.operation,
            caller=self.caller,
            target=target,
            nth=self.nth,
            **what,
        )


@dataclass(frozen=True)
class Outcome:
    """What came of one attack.

    ``stopped`` and ``again`` are exit codes (``again`` is None where the run came to a good end by itself), ``orphans``
    counts workers that outlived their run and the writes they made, ``failed`` the requests of visitors that failed.
    """

    point: Point
    struck: bool
    stopped: int
    again: int | None
    differences: list[str]
    unclear: list[str]
    orphans: int
    failed: int
    requests: int
    took: float


def points_of(entries: Iterable[Entry], *, writes_only: bool, each_write: bool = False) -> list[Point]:
    """The distinct calls in their order, by service, operation, caller and target: a poll is one.

    With ``each_write`` every write is a point of its own, as each step of a ramp is one.
    """
    looks: Counter[Look] = Counter()
    points: dict[tuple[Look, int], Point] = {}
    for entry in entries:
        key = (entry.service, entry.operation, entry.caller, entry.target)
        look = (*key[:3], "") if has_id(entry.target) else key
        looks[look] += 1
        if entry.kind != "read" or not writes_only:
            turn = looks[look] if each_write and entry.kind != "read" else 0
            points.setdefault((key, turn), Point(*key, nth=looks[look]))
    return list(points.values())


def spread(items: list[Any]) -> list[Any]:
    """The same items in an order in which each beginning is spread over the whole: halves, quarters, eighths..."""
    width = max(1, (len(items) - 1).bit_length())
    places = (int(f"{number:0{width}b}"[::-1], 2) for number in range(2**width))
    return [items[place] for place in places if place < len(items)]


def clear(output: str) -> list[str]:
    """The lines of an output that are no sentences for people."""
    return [line.strip()[:160] for line in output.splitlines() if _UNCLEAR.search(line)]


def is_good(outcome: Outcome) -> bool:
    """Whether everything was as promised."""
    ended = outcome.struck and (outcome.again == 0 if outcome.stopped else outcome.again is None)
    return ended and not (outcome.differences or outcome.unclear or outcome.orphans or outcome.failed)


def row(place: int, outcome: Outcome) -> str:
    """One line of the table."""
    point = outcome.point
    where = f"{point.service} {point.operation} {point.target}".strip()
    ends = f"{outcome.stopped}, then {outcome.again}" if outcome.again is not None else f"{outcome.stopped}"
    said = [
        "" if outcome.struck else "NOT STRUCK",
        "same end" if not outcome.differences else f"DIFFERS in {len(outcome.differences)}",
        "clear" if not outcome.unclear else "UNCLEAR",
        f"orphans {outcome.orphans}" if outcome.orphans else "",
        f"{outcome.failed} of {outcome.requests} requests failed",
    ]
    judged = "ok " if is_good(outcome) else "BAD"
    told = "; ".join(part for part in said if part)
    return f"{judged} {place:3} {where[:80]:80} [{point.caller}] exit {ends}: {told} ({outcome.took:g} s)"
