"""What a home keeps of cases that were played, so that their page can be filled piece by piece."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class Kept[Outcome: DataclassInstance]:
    """The last outcome of each case, in a file.

    Args:
        path: of the file, which need not be there.
        read: makes an outcome of its ``asdict``.
    """

    def __init__(self, path: Path, read: Callable[[Mapping[str, Any]], Outcome]) -> None:
        self._path = path
        rows = json.loads(path.read_text()) if path.exists() else {}
        self.outcomes: dict[str, Outcome] = {name: read(row) for name, row in rows.items()}

    def keep(self, name: str, outcome: Outcome) -> None:
        """Remember an outcome in place of the case's last one."""
        self.outcomes[name] = outcome
        rows = {name: asdict(each) for name, each in self.outcomes.items()}
        self._path.write_text(json.dumps(rows, indent=1))
