"""``make test-dry``: every command dry from every state, and whether the real run then does what it listed.

Prints a line for each cell, and writes docs/dry.md; all of it is in the home's ``dry.json``.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rehearsal.running import SEED, running_world
from tests.bench.document import circumstances_of_one, table, write
from tests.dry.matrix import Cell, Matrix
from tests.dry.states import COMMANDS, STATES
from tests.kept import Kept

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "dry.md"
PART = "matrix"
HEAD = """# Dry runs

Written by `make test-dry` (`DRY="mid-ramp drifted/shift"` proves some cells again and leaves the others), see
[Dry runs](rehearsal.md#dry-runs). Each command is run from each state with `--check --diff`, then in earnest. A cell
tells the writes that the dry run made on the wire, the changes that it listed, and those that the real run made: `0w
3=3`. With `!` in place of `=` the real run refuses, as it should there, in words that `tests/dry/states.py` has; it has
made the beginning of what was listed then. What else makes a cell good is told there.
"""


def main() -> int:
    """Run the cells that are asked for; returns 0 when all are as promised."""
    options = _options()
    wanted, kept = cells_of(options.cells), Kept(options.home / "dry.json", Cell.read)
    load, until, cells = os.getloadavg()[0], time.monotonic() + options.budget, []
    with running_world(SEED, options.home) as world:
        matrix = Matrix(world, options.home)
        for state, command in wanted:
            if time.monotonic() > until:
                break
            cell = matrix.prove(state, command, real=not options.dry_only)
            cells.append(cell)
            print(row(cell), flush=True)
            kept.keep(f"{state}/{command}", cell)
    write(section(kept.outcomes, load), PART, [PART], DOCUMENT, HEAD)
    good = sum(not cell.faults for cell in cells)
    print(f"{good} of {len(cells)} cells as promised, {len(wanted) - len(cells)} not tried")
    return 0 if cells and good == len(cells) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dry", description=__doc__)
    parser.add_argument("cells", nargs="*", metavar="STATE[/COMMAND]", help="only these (default: all)")
    parser.add_argument("--dry-only", action="store_true", help="make no real run, and so compare nothing")
    parser.add_argument("--budget", type=float, default=float("inf"), metavar="SECONDS", help="begin no cell after it")
    parser.add_argument("--home", type=Path, default=Path(".rehearsal/test-dry"))
    return parser.parse_args()


def cells_of(named: Sequence[str]) -> list[tuple[str, str]]:
    """(state, command) of the cells that are named, all commands where only a state is; in the table's order.

    Raises:
        SystemExit: there is no such cell.
    """
    there = [(state, command) for state in STATES for command in COMMANDS]
    if unknown := [
        name for name in named if not any(name in (state, f"{state}/{command}") for state, command in there)
    ]:
        raise SystemExit(f"No such cells: {sorted(unknown)}. There are {list(STATES)}, each with {list(COMMANDS)}.")
    return [each for each in there if not named or each[0] in named or "/".join(each) in named]


def row(cell: Cell) -> str:
    """One cell in a line, its faults below."""
    told = f"{'BAD' if cell.faults else 'ok '} {cell.state:20} {cell.command:9} {shown(cell):12} {cell.took:5.1f} s"
    return "\n".join([told, *(f"      {fault}" for fault in cell.faults)])


def shown(cell: Cell) -> str:
    """Writes of the dry run, and changes foreseen and done: ``0w 3=3``; ``!`` where the real run is to fail."""
    if cell.real is None:
        return f"{len(cell.dry.writes)}w {len(cell.dry.changes)}"
    sign = "!" if cell.real.code else "="
    return f"{len(cell.dry.writes)}w {len(cell.dry.changes)}{sign}{len(cell.real.changes)}"


def section(found: Mapping[str, Cell], load: float) -> str:
    """States by commands, and what is not as promised; of the cells by their names."""
    names = {f"{state}/{command}" for state, command in cells_of([])}
    there = {name: cell for name, cell in found.items() if name in names}
    faults = [f"- {name}: {fault}" for name, cell in there.items() for fault in cell.faults]
    rows = [[state, *(_mark(there.get(f"{state}/{command}")) for command in COMMANDS)] for state in STATES]
    good = sum(not cell.faults for cell in there.values())
    bad = "\n".join(["Not as promised:", "", *faults]) if faults else ""
    return f"""{circumstances_of_one(load)} Cells that were not proven again are of an earlier run.

{good} of {len(names)} cells are as promised, {len(names) - len(there)} were not tried.

{table(["state", *COMMANDS], rows)}

{bad}
"""


def _mark(cell: Cell | None) -> str:
    if cell is None:
        return "not tried"
    return f"{shown(cell)}{' BAD' if cell.faults else ''}"


if __name__ == "__main__":
    sys.exit(main())
