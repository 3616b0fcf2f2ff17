"""Where to attack a run, and how to judge what came of it: rules without a world."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from rehearsal.calls import Service
from rehearsal.faults import Answer, Rule, Victims
from rehearsal.requestlog import Entry
from rehearsal.state.canonical import without_ids

_UNCLEAR = re.compile(
    r"Traceback \(most recent call last\)|Unexpected failure during|The full traceback|<class '"
    r"|met an error it does not know"
)
_SENTENCE = re.compile(r"^- FAILED: (.+)$", re.MULTILINE)
_VENDORS: dict[Service, str] = {"aws": "AWS", "cloudflare": "Cloudflare", "heroku": "Heroku"}

Look = tuple[Service, str, str, str]
"""Service, operation, caller, target."""


@dataclass(frozen=True)
class Mode:
    """What is done at a point: the run is killed, or its call is answered wrongly.

    ``after``: the call takes effect and its answer is lost; ``writes_only``: reads are left alone.
    """

    kill: Victims | None = None
    answer: Answer | None = None
    after: bool = False
    writes_only: bool = False

    @property
    def name(self) -> str:
        """What the tables call it."""
        return next((name for name, mode in MODES.items() if mode == self), self._described())

    def rule(self, point: Point) -> Rule:
        """The rule that does it there."""
        return point.rule(kill=self.kill, answer=self.answer, after=self.after)

    def _described(self) -> str:
        parts = [str(self.answer), "after the effect" if self.after else "", "at writes" if self.writes_only else ""]
        return ", ".join(part for part in parts if part)


MODES = {
    "kill": Mode(kill="all", writes_only=True),
    "kill-main": Mode(kill="main", writes_only=True),
    "lost": Mode(answer="reset", after=True, writes_only=True),
    "500": Mode(answer=500),
    "429": Mode(answer=429),
    "reset": Mode(answer="reset"),
    "garbage": Mode(answer="garbage"),
    "hang": Mode(answer="hang", writes_only=True),
}
"""The modes of ``make test-chaos``. Each hang costs the caller's patience of half a minute: reads are left alone."""


@dataclass(frozen=True)
class Point:
    """A call of the clean run at which to attack; ``nth`` counts the calls that look like it up to there.

    ``target`` is without the ids of the world's making, which are others in the next run.
    """

    service: Service
    operation: str
    caller: str
    target: str
    nth: int

    def rule(self, **what: Any) -> Rule:
        """The rule that strikes this call."""
        return Rule(**asdict(self), **what)


@dataclass(frozen=True)
class Outcome:
    """What came of one attack.

    ``stopped`` and ``again`` are exit codes (``again`` is None where the run came to a good end by itself), ``orphans``
    counts workers that outlived their run and the writes they made, ``failed`` the requests of visitors that failed,
    ``said`` is what the disturbed run told of its failure.
    """

    point: Point
    struck: bool
    stopped: int
    again: int | None
    differences: list[str]
    unclear: list[str]
    said: list[str]
    orphans: int
    failed: int
    requests: int
    took: float

    @classmethod
    def kept(cls, row: dict[str, Any]) -> Outcome:
        """From what ``asdict`` made of it."""
        return cls(**{**row, "point": Point(**row["point"])})


def points_of(entries: Iterable[Entry], *, writes_only: bool, each_write: bool = False) -> list[Point]:
    """The distinct calls in their order, by service, operation, caller and target: a poll is one.

    With ``each_write`` every write is a point of its own, as each step of a ramp is one.
    """
    looks: Counter[Look] = Counter()
    points: dict[tuple[Look, int], Point] = {}
    for entry in entries:
        key = (entry.service, entry.operation, entry.caller, entry.target)
        look = (*key[:3], without_ids(entry.target))
        looks[look] += 1
        if entry.kind != "read" or not writes_only:
            turn = looks[look] if each_write and entry.kind != "read" else 0
            points.setdefault((key, turn), Point(*look, nth=looks[look]))
    return list(points.values())


def spread(items: list[Any]) -> list[Any]:
    """The same items in an order in which each beginning is spread over the whole: halves, quarters, eighths..."""
    width = max(1, (len(items) - 1).bit_length())
    places = (int(f"{number:0{width}b}"[::-1], 2) for number in range(2**width))
    return [items[place] for place in places if place < len(items)]


def sentences(output: str) -> list[str]:
    """The failures that the summary at the end of a run tells."""
    return _SENTENCE.findall(output)


def tracebacks(output: str) -> list[str]:
    """The lines of an output that are no sentences for people."""
    return [line.strip()[:160] for line in output.splitlines() if _UNCLEAR.search(line)]


def unclear(output: str, code: int, point: Point) -> list[str]:
    """What in a run's output is no clear word for people.

    A run that failed (its exit code is above 0: it was not killed) must tell so in its summary, and one of its
    sentences must name the vendor, or the thing that the call was about.
    """
    found = tracebacks(output)
    if code <= 0:
        return found
    told = sentences(output)
    if not told:
        return [*found, "the summary has no sentence on the failure"]
    names = [_VENDORS[point.service], *([point.target] if point.target else [])]
    if not any(name in sentence for name in names for sentence in told):
        found.append(f"names neither {' nor '.join(names)}: {told[0][:160]}")
    return found


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
