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

from rehearsal.attack import MODES, Outcome, is_good
from rehearsal.home import CHAOS

HEAD = """\
# What chaos found

`make test-chaos` writes this page, see [Chaos](rehearsal.md#chaos). Each point is a call of a clean run; the run is
disturbed there, run again where it stopped, and the end is compared with the clean one, while visitors come. The modes:
`kill` ends the whole run after the call took effect, `kill-main` its main process alone; with `lost` the call takes
effect and its connection is cut before the answer; `500`, `429`, `reset`, `garbage` and `hang` come instead of the
call. The first three and `hang` (each costs half a minute of a client's patience) are tried at writes, the others at
all calls.

- *tried*: of so many points; where fewer, the budget of seconds was used up, and those tried are spread over the run.
- *not stopped*: runs that came to a good end by themselves; all others were run again.
- *clear*: no traceback, and a run that failed says so in its summary by a sentence that names the vendor or the thing.

| playbook | mode | on | points | tried | not stopped | same end | clear | as promised | requests | failed | seconds |
|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
"""

NOT_RUN = "not run"


class FindingsError(ValueError):
    """A file cannot be used; the message says which, and why."""


class Cause(BaseModel):
    """Why points are not as promised: those of a playbook and mode whose name holds ``at``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    playbook: str
    mode: str
    at: str
    cause: str


@dataclass(frozen=True)
class Table:
    """The outcomes of one playbook in one mode; ``day`` is "not run" where it was not."""

    playbook: str
    mode: str
    day: str
    points: int
    outcomes: list[Outcome]


def page(tables: Iterable[Table], causes: Sequence[Cause] = ()) -> str:
    """The page, in Markdown."""
    tables = list(tables)
    bad = [(table, outcome) for table in tables for outcome in table.outcomes if not is_good(outcome)]
    found = [_told(table, outcome, causes) for table, outcome in bad] or ["Nothing of what was tried."]
    return HEAD + "\n".join(map(_row, tables)) + "\n\n## Not as promised\n\n" + "\n".join(found) + "\n"


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
    return tables_of(json.loads(path.read_text())) if path.exists() else [Table(home.name, "all", NOT_RUN, 0, [])]


def _table(playbook: str, mode: str, kept: dict[str, Any] | None) -> Table:
    if kept is None:
        return Table(playbook, mode, NOT_RUN, 0, [])
    return Table(playbook, mode, kept["on"], kept["points"], [Outcome.kept(row) for row in kept["outcomes"]])


def _row(table: Table) -> str:
    outcomes = table.outcomes
    if table.day == NOT_RUN:
        return f"| {table.playbook} | {table.mode} | {NOT_RUN} |" + " |" * 9
    counts = [
        table.points,
        len(outcomes),
        sum(outcome.stopped == 0 for outcome in outcomes),
        sum(not outcome.differences for outcome in outcomes),
        sum(not outcome.unclear for outcome in outcomes),
        sum(is_good(outcome) for outcome in outcomes),
        sum(outcome.requests for outcome in outcomes),
        sum(outcome.failed for outcome in outcomes),
        round(sum(outcome.took for outcome in outcomes)),
    ]
    return " | ".join([f"| {table.playbook}", table.mode, table.day, *(f"{count:,}" for count in counts)]) + " |"


def _told(table: Table, outcome: Outcome, causes: Sequence[Cause]) -> str:
    point = outcome.point
    where = " ".join(part for part in (point.service, point.operation, point.target, f"[{point.caller}]") if part)
    known = [
        cause.cause
        for cause in causes
        if (cause.playbook, cause.mode) == (table.playbook, table.mode) and cause.at in where
    ]
    return f"- {table.playbook}, {table.mode}, `{where}`: {_breach(outcome)}. {known[0] if known else 'NOT EXPLAINED.'}"


def _breach(outcome: Outcome) -> str:
    said = [
        "" if outcome.struck else "the call did not come",
        "" if outcome.again in (None, 0) else f"run again, it ended with {outcome.again}",
        f"differs: {'; '.join(outcome.differences[:2])}" if outcome.differences else "",
        f"unclear: {outcome.unclear[0]}" if outcome.unclear else "",
        f"{outcome.orphans} orphans" if outcome.orphans else "",
        f"{outcome.failed} of {outcome.requests} requests failed" if outcome.failed else "",
    ]
    return "; ".join(part for part in said if part)
