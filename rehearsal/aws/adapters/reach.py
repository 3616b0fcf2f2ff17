"""Looking up names that another package does not promise to keep."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.metadata import version
from typing import Any


class EmulatorChangedError(RuntimeError):
    """The installed emulator has no such name: it is not the version that the rehearsal was built on."""


def reach(module: str, *names: str) -> Any:
    """The attribute of ``module`` under the dotted path ``names`` (a key, where the thing on the way is a dict).

    Raises:
        EmulatorChangedError: it is not there.
    """
    thing: Any = importlib.import_module(module)
    for name in names:
        found = thing.get(name, _MISSING) if isinstance(thing, dict) else getattr(thing, name, _MISSING)
        if found is _MISSING:
            package = module.partition(".")[0]
            raise EmulatorChangedError(
                f"{package} {version(package)} has no {module}.{'.'.join(names)} any more: the rehearsal's adapter for "
                f"it (rehearsal/aws/adapters) must follow, or the pinned version must go back."
            )
        thing = found
    return thing


class Patches:
    """Replacements in an emulator's modules and tables, which can all be taken back (in reverse order)."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def attribute(self, module: str, name: str, value: Any) -> Any:
        """Replace ``module.name``, which must exist. Returns what was there."""
        before = reach(module, name)
        holder = importlib.import_module(module)
        setattr(holder, name, value)
        self._undo.append(lambda: setattr(holder, name, before))
        return before

    def member(self, holder: Any, name: str, value: Any) -> Any:
        """Replace an attribute of a class or object; it must exist. Returns what was there."""
        before = getattr(holder, name, _MISSING)
        if before is _MISSING:
            raise EmulatorChangedError(f"{holder!r} has no {name} any more: rehearsal/aws/adapters must follow.")
        setattr(holder, name, value)
        self._undo.append(lambda: setattr(holder, name, before))
        return before

    def entry(self, table: dict[Any, Any], key: Any, value: Any) -> Any:
        """Set an entry of a table (new or not). Returns what was there, or None."""
        before = table.get(key, _MISSING)
        table[key] = value
        self._undo.append(lambda: table.pop(key, None) if before is _MISSING else table.__setitem__(key, before))
        return None if before is _MISSING else before

    def afterwards(self, undo: Callable[[], None]) -> None:
        """Have ``undo`` called when everything is taken back."""
        self._undo.append(undo)

    def undo(self) -> None:
        """Take back everything, the last first."""
        while self._undo:
            self._undo.pop()()


_MISSING = object()
