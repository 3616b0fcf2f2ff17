"""``make test-dry``: every command dry from every state, and whether the real run then does what it listed.

Prints a line for each cell and the table at the end; all of it is in the home's ``dry.json``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rehearsal.running import SEED, running_world
from tests.dry.matrix import Cell, Matrix
from tests.dry.states import COMMANDS, STATES


def main() -> int:
    """Run the cells that are asked for; returns 0 when all are as promised."""
    options = _options()
    until, cells = time.monotonic() + options.budget, []
    wanted = cells_of(options.cells)
    with running_world(SEED, options.home) as world:
        matrix = Matrix(world, options.home)
        for state, command in wanted:
            if time.monotonic() > until:
                break
            cell = matrix.prove(state, command, real=not options.dry_only)
            cells.append(cell)
            print(row(cell), flush=True)
            (options.home / "dry.json").write_text(json.dumps([asdict(each) for each in cells], indent=1))
    good = sum(not cell.faults for cell in cells)
    print(f"\n{table(cells)}\n\n{good} of {len(cells)} cells as promised, {len(wanted) - len(cells)} not tried")
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


def table(cells: list[Cell]) -> str:
    """States by commands, as Markdown."""
    found = {(cell.state, cell.command): f"{shown(cell)}{' BAD' if cell.faults else ''}" for cell in cells}
    states = [state for state in STATES if any(cell.state == state for cell in cells)]
    commands = [command for command in COMMANDS if any(cell.command == command for cell in cells)]
    rows = [["state", *commands], ["---"] * (len(commands) + 1)]
    rows += [[state, *(found.get((state, command), "") for command in commands)] for state in states]
    return "\n".join(f"| {' | '.join(each)} |" for each in rows)


if __name__ == "__main__":
    sys.exit(main())
