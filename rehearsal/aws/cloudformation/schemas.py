"""What AWS's published resource schemas say of updates: which properties of a type make a resource anew.

They come with cfn-lint, a file for each version of a schema and an index for each region; only those of the types that
are asked for are read.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

Recreation = Literal["Always", "Conditionally", "Never"]

_REGION = "us-east-1"
"""Where all types are; a type's schema differs between regions in nothing that is asked for here."""
_CREATE_ONLY: dict[Recreation, str] = {
    "Always": "createOnlyProperties",
    "Conditionally": "conditionalCreateOnlyProperties",
}


def recreation_of(resource_type: str, name: str) -> Recreation:
    """Whether a change of a property makes a resource anew, in the words of DescribeChangeSet.

    What no schema is known of is made anew perhaps.
    """
    known = _create_only(resource_type)
    if known is None:
        return "Conditionally"
    return next((how for how, names in known.items() if name in names), "Never")


def is_replaced(resource_type: str, old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether an update from ``old`` to ``new`` properties makes the resource anew."""
    changed = (name for name in {*old, *new} if old.get(name) != new.get(name))
    return any(recreation_of(resource_type, name) == "Always" for name in changed)


@cache
def _create_only(resource_type: str) -> dict[Recreation, frozenset[str]] | None:
    """The names of the properties that make a resource anew, by whether they always do; None without a schema."""
    schemas = _schemas()
    version = json.loads((schemas / "providers" / f"{_REGION}.json").read_text(encoding="utf-8")).get(resource_type)
    if version is None:
        return None
    schema = json.loads((schemas / "resources" / f"{version}.json").read_text(encoding="utf-8"))
    paths = {how: [path.split("/")[2:] for path in schema.get(key, [])] for how, key in _CREATE_ONLY.items()}
    whole = frozenset(path[0] for path in paths["Always"] if len(path) == 1)
    within = frozenset(path[0] for path in paths["Always"] if len(path) > 1)
    return {"Always": whole, "Conditionally": within | {path[0] for path in paths["Conditionally"]}}


def _schemas() -> Path:
    """Found without an import of cfn-lint, which takes seconds."""
    found = find_spec("cfnlint")
    if found is None or found.origin is None:
        raise RuntimeError("cfn-lint is not installed, whose resource schemas the rehearsal needs")
    return Path(found.origin).parent / "data" / "schemas"
