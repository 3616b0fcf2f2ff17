"""Series of attacks: several points in one world, and what may be concluded from it for each of them. Without a world.

A series begins at the start. All its points are armed; a run is disturbed at those that it comes to, and where it
stops, the next run goes on with the points that were not struck yet, until a run comes to its end. That is cheap, and
may not be weaker than one point alone in a world of its own. So a point is *settled* by a series only if what came
after could not have mended what it did; every other one is tried again, in smaller company and alone at last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rehearsal.attack import Look, Mode, Point, look_of
from rehearsal.faults import Rule
from rehearsal.requestlog import Entry


@dataclass(frozen=True)
class Run:
    """One run of a series.

    ``struck`` are the points that disturbed it, ``stops`` those of them that it did not get over: where it stopped.
    ``code`` is its exit code, ``said`` what it told of its failure, ``orphans`` counts workers that outlived it and the
    writes that they made. ``again`` names writes that belong before the place where the run before it stopped.
    """

    struck: list[Point]
    stops: list[Point]
    code: int
    unclear: list[str]
    said: list[str]
    orphans: int
    again: list[str]


@dataclass(frozen=True)
class Series:
    """What came of one series; ``failed`` counts the requests of visitors that failed, ``took`` is in seconds."""

    points: list[Point]
    runs: list[Run]
    differences: list[str]
    failed: int
    requests: int
    took: float

    @property
    def struck(self) -> list[Point]:
        """The points that disturbed one of its runs."""
        return [point for run in self.runs for point in run.struck]

    @property
    def is_alone(self) -> bool:
        """Whether it has one point, of which all is true that is true of the series."""
        return len(self.points) == 1

    @classmethod
    def kept(cls, row: dict[str, Any]) -> Series:
        """From what ``asdict`` made of it."""
        runs = [Run(**{**run, "struck": _points(run["struck"]), "stops": _points(run["stops"])}) for run in row["runs"]]
        return cls(**{**row, "points": _points(row["points"]), "runs": runs})


def armed(points: Iterable[Point], mode: Mode, before: Counter[Look]) -> dict[Point, Rule]:
    """The rules that strike points in the next run of a series, where their turn can still come.

    What was written stays written, what was read is read again: the turn of a write counts from the start (``before``
    are the writes that were made since, by their looks), that of a read from the beginning of the run. A call that is
    answered wrongly comes once more before the next one that looks like it.
    """
    found: dict[Point, Rule] = {}
    alike: Counter[Look] = Counter()
    for point in sorted(points, key=lambda point: point.nth):
        turn = point.nth - (before[point.look] if point.kind == "write" else 0)
        if turn >= 1:
            found[point] = mode.rule(replace(point, nth=turn + (0 if mode.kill else alike[point.look])))
            alike[point.look] += 1
    return found


def told_of(struck: Sequence[Point], stops: Sequence[Point], before: Sequence[Point]) -> list[Point]:
    """The points of which a run that failed may tell: where it stopped, and what disturbed it last.

    Those need not be the same: a run that stops at a call may make the same call once more on its way out, which looks
    as if it had got over it. A run that nothing disturbed tells of the stops ``before`` it.
    """
    return list(dict.fromkeys([*stops, *struck[-1:]])) or list(before)


def made_again(clean: Sequence[Entry], stops: Sequence[Point], made: Iterable[Look]) -> list[str]:
    """Which of the writes ``made`` by a run belong before the place where the run before it stopped, or nowhere.

    It mends something by them, and nobody can say what: the last disturbance, or one of those before it, which the
    runs between should have mended. Not so where a write about the same thing is still to come: a lock that is to be
    released is taken again, and released once more where another step of the run finds it first.
    """
    looks = [look_of(entry) for entry in clean]
    first = min([place for place, look in enumerate(looks) if look == point.look][point.nth - 1] for point in stops)
    to_come = Counter(look_of(entry) for entry in clean[first:] if entry.kind == "write")
    again = Counter(made) - to_come
    return sorted(" ".join(part for part in look if part) for look in again if not _is_under_way(look, to_come))


def is_good(series: Series) -> bool:
    """Whether everything was as promised."""
    return bool(series.struck) and _went_well(series)


def settled(series: Series) -> list[Point]:
    """The points of whose disturbance the end of the series tells, as if each had been alone.

    Not those that a run got over before it stopped at another: the next run would have mended what they did. Nor those
    before the last stop, where a run made writes again. All others were gone past by a run that had nothing to mend.
    """
    found: list[Point] = []
    last: list[Point] = []
    for run in series.runs:
        if run.again:
            found = [point for point in found if point in last]
        last = run.stops
        found += run.stops if run.code else run.struck
    return found


def fine(series: Series) -> list[Point]:
    """The points that a series shows to be as promised."""
    if not _ended_well(series):
        return []
    doubted = _suspects(series)
    if not doubted and not is_good(series):
        return []
    return [point for point in settled(series) if point not in doubted]


def following(series: Series) -> list[list[Point]]:
    """The series that are to be tried after one, smaller each; nothing where every point has its answer."""
    rest = [point for point in series.points if point not in fine(series)]
    if series.is_alone or not rest:
        return []
    struck = [point for point in rest if point in series.struck]
    if suspects := [point for point in _suspects(series) if point in rest]:
        parts = [*([point] for point in suspects), [point for point in rest if point not in suspects]]
    elif is_good(series):
        parts = [rest]
    elif struck:
        half = (len(struck) + 1) // 2
        parts = [struck[:half], struck[half:], [point for point in rest if point not in struck]]
    else:
        parts = [[point] for point in rest]
    return [part for part in parts if part]


@dataclass(frozen=True)
class Verdicts:
    """What many series say of the points together.

    ``fine`` and ``bad`` give the series that tells it of a point: a bad one had the point alone. ``together`` are the
    smallest series that were not as promised although each of their points is, in other company or alone.
    """

    fine: dict[Point, Series]
    bad: dict[Point, Series]
    together: list[Series]


def verdicts(many: Sequence[Series], points: Iterable[Point]) -> Verdicts:
    """What series, in their order, say of the points that there still are; a later one corrects an earlier one."""
    there, good, bad = set(points), dict[Point, Series](), dict[Point, Series]()
    for series in many:
        for point in there.intersection(fine(series)):
            good[point] = series
            bad.pop(point, None)
        if series.is_alone and not is_good(series) and series.points[0] in there:
            bad[series.points[0]] = series
            good.pop(series.points[0], None)
    open_ = [
        series
        for place, series in enumerate(many)
        if not series.is_alone
        and not _went_well(series)
        and good.keys() >= set(series.struck)
        and not any(is_good(later) and set(later.struck) >= set(series.struck) for later in many[place:])
    ]
    smallest = [series for series in open_ if not any(set(other.struck) < set(series.struck) for other in open_)]
    return Verdicts(good, bad, smallest)


def breach(series: Series) -> str:
    """What was not as promised, in a few words; "" where nothing was."""
    last = series.runs[-1]
    said = [
        "" if series.struck else "the call did not come",
        f"run again, it ended with {last.code}" if last.code else "",
        f"differs: {'; '.join(series.differences[:2])}" if series.differences else "",
        *(f"unclear: {run.unclear[0]}" for run in series.runs if run.unclear),
        *(f"{run.orphans} orphans" for run in series.runs if run.orphans),
        f"{series.failed} of {series.requests} requests failed" if series.failed else "",
    ]
    return "; ".join(part for part in said if part)


def row(number: int, series: Series) -> str:
    """One line on a series."""
    named = series.points[0].where if series.is_alone else f"{len(series.points)} points"
    stopped = sum(run.code != 0 for run in series.runs)
    counts = (
        f"{len(series.struck)} struck, {len(settled(series))} settled, {stopped} of {len(series.runs)} runs stopped"
    )
    judged = "ok " if is_good(series) else "BAD"
    told = f": {breach(series)}" if breach(series) else ""
    return f"{judged} {number:3} {named}: {counts}, {series.requests} requests ({series.took:g} s){told}"


def _is_under_way(write: Look, to_come: Iterable[Look]) -> bool:
    service, _, _, target = write
    return any(target and (look[0], look[3]) == (service, target) for look in to_come)


def _went_well(series: Series) -> bool:
    """Also where nothing was struck, which says nothing of its points."""
    return _ended_well(series) and not any(_is_bad(run) for run in series.runs)


def _ended_well(series: Series) -> bool:
    return series.runs[-1].code == 0 and not series.differences and not series.failed


def _is_bad(run: Run) -> bool:
    return bool(run.unclear or run.orphans)


def _suspects(series: Series) -> list[Point]:
    """The points at which something went wrong that is one run's own: where it stopped, or the run before it did."""
    found: list[Point] = []
    last: list[Point] = []
    for run in series.runs:
        if _is_bad(run) or (run.code and not run.struck):
            found += run.stops or last
        last = run.stops
    return list(dict.fromkeys(found))


def _points(rows: list[dict[str, Any]]) -> list[Point]:
    return [Point(**row) for row in rows]
