"""What a plan is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Verb = Literal["create", "update", "rotate", "delete", "scale", "shift", "start", "stop"]


@dataclass(frozen=True)
class Change:
    """One thing to do, in words a person can read before it is done.

    Attributes:
        verb: what will be done.
        target: the thing, with its kind and its name as known before the change ("ECS service bond-web"). A dry run
            and the real run after it name the same targets.
        before: the readable state before (plain JSON values), None where there is nothing.
        after: the readable state after, None where nothing will be left.
        payload: what the call needs; never printed, never compared, may hold secrets.
    """

    verb: Verb
    target: str
    before: Any = None
    after: Any = None
    payload: Any = field(default=None, repr=False, compare=False)


def render(changes: list[Change]) -> str:
    """The plan as text for ``--diff``: a line for each change, and below it each value that differs."""
    return "".join(f"{_SIGNS[change.verb]} {change.verb} {change.target}\n{_values(change)}" for change in changes)


_SIGNS = {
    "create": "+",
    "update": "~",
    "rotate": "~",
    "delete": "-",
    "scale": "~",
    "shift": "~",
    "start": "+",
    "stop": "-",
}


def _values(change: Change) -> str:
    before, after = dict(_flat(change.before)), dict(_flat(change.after))
    lines = []
    for path in [*before, *(path for path in after if path not in before)]:
        if path not in before:
            lines.append(f"    {path}: {after[path]}\n" if path else f"    {after[path]}\n")
        elif path not in after:
            lines.append(f"    {path}: {before[path]} -> (gone)\n" if path else f"    {before[path]} -> (gone)\n")
        elif before[path] != after[path]:
            lines.append(f"    {path + ': ' if path else ''}{before[path]} -> {after[path]}\n")
    return "".join(lines)


def _flat(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """The leaves of nested mappings and lists with their dotted paths; a list's items are numbered from 0."""
    if value is None:
        return []
    if isinstance(value, dict) and value:
        pairs = [(str(key), part) for key, part in value.items()]
    elif isinstance(value, (list, tuple)) and any(isinstance(part, (dict, list, tuple)) for part in value):
        pairs = [(str(number), part) for number, part in enumerate(value)]
    elif isinstance(value, (list, tuple)):
        return [(path, ", ".join(str(part) for part in value) or "(none)")]
    else:
        return [(path, value)]
    return [leaf for key, part in pairs for leaf in _flat(part, f"{path}.{key}" if path else key)]
