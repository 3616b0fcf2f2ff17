"""Where to attack a run, in which way, and what of its words is clear: rules without a world."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rehearsal.calls import Kind, Service
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
        return Rule(**asdict(point), kill=self.kill, answer=self.answer, after=self.after)

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
    kind: Kind
    nth: int

    @property
    def look(self) -> Look:
        """What it shares with the calls that look like it."""
        return self.service, self.operation, self.caller, self.target

    @property
    def where(self) -> str:
        """What people call it."""
        named = (self.service, self.operation, self.target, f"[{self.caller}]", f"#{self.nth}" if self.nth > 1 else "")
        return " ".join(part for part in named if part)


def points_of(entries: Iterable[Entry], *, writes_only: bool, each_write: bool = False) -> list[Point]:
    """The distinct calls in their order, by service, operation, caller and target: a poll is one.

    With ``each_write`` every write is a point of its own, as each step of a ramp is one.
    """
    looks: Counter[Look] = Counter()
    points: dict[tuple[Look, int], Point] = {}
    for entry in entries:
        key, look = (entry.service, entry.operation, entry.caller, entry.target), look_of(entry)
        looks[look] += 1
        if entry.kind != "read" or not writes_only:
            turn = looks[look] if each_write and entry.kind != "read" else 0
            points.setdefault((key, turn), Point(*look, kind=entry.kind, nth=looks[look]))
    return list(points.values())


def look_of(entry: Entry) -> Look:
    """How a call looks in any world."""
    return entry.service, entry.operation, entry.caller, without_ids(entry.target)


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


def unclear(output: str, code: int, points: Sequence[Point]) -> list[str]:
    """What in a run's output is no clear word for people.

    A run that failed (its exit code is above 0: it was not killed) must tell so in its summary, and one of its
    sentences must name the vendor, or the thing that one of the ``points`` was about: those where it stopped.
    """
    found = tracebacks(output)
    if code <= 0:
        return found
    told = sentences(output)
    if not told:
        return [*found, "the summary has no sentence on the failure"]
    names = sorted({_VENDORS[point.service] for point in points} | {point.target for point in points if point.target})
    if not any(name in sentence for name in names for sentence in told):
        found.append(f"names neither {' nor '.join(names)}: {told[0][:160]}")
    return found
