"""Tags as an inventory gives them, and the one thing of a kind that has them. Nothing here makes a request."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput

Tags = Mapping[str, str]


def tags_of(given: Mapping[str, Any]) -> dict[str, str]:
    """Tags as AWS takes them: YAML gives numbers and booleans where AWS knows text alone."""
    return {str(key): str(value) for key, value in given.items()}


def told(tags: Tags) -> str:
    """Tags for a sentence ("Name=main, tier=public")."""
    return ", ".join(f"{key}={value}" for key, value in sorted(tags.items()))


def the_one(found: Collection[str], tags: Tags, *, kind: str, one: str, by: str) -> str:
    """The only name or id among those that have these tags.

    Args:
        found: what has them.
        tags: the tags.
        kind: what was looked at, in the plural ("VPCs of eu-west-1").
        one: one of them ("VPC").
        by: what names one without tags ("id").

    Raises:
        BadInput: none has them, or several have.
    """
    if len(found) == 1:
        return next(iter(found))
    names = f": {', '.join(sorted(found))}" if found else ""
    raise BadInput(
        f"{len(found) or 'No'} {kind} have the tags {told(tags)}{names}.",
        target=f"{one} with {told(tags)}",
        hint=f"Let the tags name exactly one, or give its {by}.",
    )
