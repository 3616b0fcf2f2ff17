"""What chaos found, as a page: a row for each playbook and mode, and below every point that was not as promised."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from rehearsal.attack import MODES, Point
from rehearsal.home import CHAOS
from rehearsal.series import Series, breach, verdicts

HEAD = """\
# What chaos found

`make test-chaos` writes this page, see [Chaos](rehearsal.md#chaos). Each point is a call of a clean run. Points are
tried in series: a run is disturbed at those that it comes to; where it stops, it is run again and disturbed at the
next, until a run comes to its end, which is compared with the clean one, while visitors come. The modes: `kill` ends
the whole run after the call took effect, `kill-main` its main process alone; with `lost` the call takes effect and its
connection is cut before the answer; `500`, `429`, `reset`, `garbage` and `hang` come instead of the call. The first
three and `hang` (each costs half a minute of a client's patience) are tried at writes, the others at all calls.

- *tried*: of so many points; where fewer, the budget of seconds was used up. *In series*: of those, as many were not
  alone in their world. A series counts for a point only where no later run could have mended what was done there.
- *got over*: tried points at which the run went on by itself. *As promised*: see [Chaos](rehearsal.md#chaos).
- *series*, *runs*: how many worlds there were, and runs of the playbook in them. *Same end*: series, by their end.
- *clear*: runs without a traceback, which say so where they failed: in the summary, by a sentence that names the
  vendor or the thing of the call at which they stopped.

"""

_COUNTS = "points, tried, in series, got over, as promised, series, same end, runs, clear, requests, failed, seconds"
COLUMNS = _COUNTS.split(", ")
NOT_RUN = "not run"
_NAMED = 3
"""So many points of a series are named; all of them stand in its ``chaos.json``."""
ALL = "all"


class FindingsError(ValueError):
    """A file cannot be used; the message says which, and why."""


class Cause(BaseModel):
    """Why points (or series) are not as promised: those of a playbook and mode ("all" for each), whose name holds
    ``at``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    playbook: str
    mode: str
    at: str
    cause: str


@dataclass(frozen=True)
class Table:
    """The series of one playbook in one mode; ``day`` is "not run" where it was not."""

    playbook: str
    mode: str
    day: str
    points: list[Point]
    series: list[Series]


def page(tables: Iterable[Table], causes: Sequence[Cause] = ()) -> str:
    """The page, in Markdown."""
    tables = list(tables)
    found = [line for table in tables for line in _told(table, causes)] or ["Nothing of what was tried."]
    head = f"| playbook | mode | on | {' | '.join(COLUMNS)} |\n|---|---|---|{'--:|' * len(COLUMNS)}\n"
    return HEAD + head + "\n".join(map(_row, tables)) + "\n\n## Not as promised\n\n" + "\n".join(found) + "\n"


def tables_of(report: dict[str, Any]) -> list[Table]:
    """The tables of a ``chaos.json``: all modes, those that were not run as well."""
    playbook = next(Path(word).name for word in report["command"] if word.endswith((".yml", ".yaml")))
    modes = [*MODES, *(name for name in report["modes"] if name not in MODES)]
    return [_table(playbook, mode, report["modes"].get(mode)) for mode in modes]


def load_causes(path: Path) -> list[Cause]:
    """Read what is known of points that are not as promised.

    Raises:
        FindingsError: the file does not hold causes.
    """
    try:
        return TypeAdapter(list[Cause]).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")) or [])
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise FindingsError(f"The causes in {path} cannot be used: {error}") from error


def add_command(commands: Any) -> None:
    """Add ``chaos-table`` to the command line."""
    table = commands.add_parser("chaos-table", help="print what chaos found, as a page")
    table.add_argument("--causes", type=Path, metavar="FILE", help="why points are not as promised")
    table.add_argument("homes", nargs="+", type=Path, metavar="HOME", help="homes in which chaos ran")
    table.set_defaults(does=print_page)


def print_page(options: argparse.Namespace) -> int:
    """Print the page of the homes."""
    causes = load_causes(options.causes) if options.causes else []
    print(page([table for home in options.homes for table in _tables_in(home)], causes), end="")
    return 0


def _tables_in(home: Path) -> list[Table]:
    path = home / CHAOS
    return tables_of(json.loads(path.read_text())) if path.exists() else [Table(home.name, ALL, NOT_RUN, [], [])]


def _table(playbook: str, mode: str, kept: dict[str, Any] | None) -> Table:
    if kept is None:
        return Table(playbook, mode, NOT_RUN, [], [])
    points = [Point(**row) for row in kept["points"]]
    return Table(playbook, mode, kept["on"], points, [Series.kept(row) for row in kept["series"]])


def _row(table: Table) -> str:
    if table.day == NOT_RUN:
        return f"| {table.playbook} | {table.mode} | {NOT_RUN} |" + " |" * len(COLUMNS)
    found = verdicts(table.series, table.points)
    tried = {**found.fine, **found.bad}
    runs = [run for series in table.series for run in series.runs]
    counts = [
        len(table.points),
        len(tried),
        sum(not series.is_alone for series in tried.values()),
        sum(not any(point in run.stops for run in series.runs) for point, series in tried.items()),
        len(found.fine),
        len(table.series),
        sum(not series.differences for series in table.series),
        len(runs),
        sum(not run.unclear for run in runs),
        sum(series.requests for series in table.series),
        sum(series.failed for series in table.series),
        round(sum(series.took for series in table.series)),
    ]
    return " | ".join([f"| {table.playbook}", table.mode, table.day, *(f"{count:,}" for count in counts)]) + " |"


def _told(table: Table, causes: Sequence[Cause]) -> list[str]:
    """A line for each point that was not as promised, and for each series that was not although its points were."""
    found = verdicts(table.series, table.points)
    bad = [(f"`{point.where}`", f"`{point.where}`", series) for point, series in found.bad.items()]
    for series in found.together:
        names = [f"`{point.where}`" for point in series.struck]
        head = f"{len(names)} points together, each as promised without the others"
        bad.append((f"{head} ({_some(names)})", f"{head} ({', '.join(names)})", series))
    return [
        f"- {table.playbook}, {table.mode}, {told}: {breach(series)}. {_cause(table, at, causes)}"
        for told, at, series in bad
    ]


def _some(names: Sequence[str]) -> str:
    left = len(names) - _NAMED
    return ", ".join([*names[:_NAMED], *([f"and {left} more"] if left > 0 else [])])


def _cause(table: Table, where: str, causes: Sequence[Cause]) -> str:
    known = (
        cause.cause
        for cause in causes
        if cause.playbook == table.playbook and cause.mode in (ALL, table.mode) and cause.at in where
    )
    return next(known, "NOT EXPLAINED.")
