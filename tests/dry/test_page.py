"""docs/dry.md: filled piece by piece, with what was not tried and what is not as promised."""

from __future__ import annotations

from pathlib import Path

from tests.dry.__main__ import section
from tests.dry.judge import Told
from tests.dry.matrix import Cell
from tests.dry.states import COMMANDS, STATES
from tests.kept import Kept

CHANGE = {"verb": "update", "target": "stack a", "before": None, "after": {"a": 1}}


def told(code: int = 0, changes: int = 0, writes: tuple[str, ...] = ()) -> Told:
    return Told(code, [CHANGE] * changes, [], [], list(writes), [])


def page(*cells: Cell) -> str:
    return section({f"{cell.state}/{cell.command}": cell for cell in cells}, 0.5)


def test_a_cell_tells_what_was_listed_and_done() -> None:
    text = page(Cell("fresh", "provision", told(changes=2), told(changes=2, writes=("CreateStack",) * 4), [], 1.0))
    row = next(line for line in text.splitlines() if line.startswith("| fresh |"))
    cells = [each.strip() for each in row.strip("|").split("|")]
    assert cells[1:] == ["0w 2=2" if command == "provision" else "not tried" for command in COMMANDS]
    whole = len(STATES) * len(COMMANDS)
    assert f"1 of {whole} cells are as promised, {whole - 1} were not tried." in text


def test_a_cell_that_is_not_as_promised_tells_why() -> None:
    bad = Cell("fresh", "copy", told(writes=("PutSecretValue",)), told(code=2), ["the dry run made the write a"], 1.0)
    text = page(bad)
    assert "| 1w 0!0 BAD |" in text
    assert "0 of " in text
    assert text.rstrip().endswith("Not as promised:\n\n- fresh/copy: the dry run made the write a")


def test_cells_of_names_that_are_gone_are_left_out() -> None:
    assert page(Cell("long ago", "copy", told(), None, [], 1.0)) == page()


def test_what_was_found_is_found_again(tmp_path: Path) -> None:
    found = {
        "fresh/copy": Cell("fresh", "copy", told(changes=1), told(code=2), ["bad"], 1.5),
        "fresh/shift": Cell("fresh", "shift", told(), None, [], 2.5),
    }
    kept = Kept(tmp_path / "dry.json", Cell.read)
    for name, cell in found.items():
        kept.keep(name, cell)
    assert Kept(tmp_path / "dry.json", Cell.read).outcomes == found
