"""What an inventory says about a host, held against what the collection takes; pure."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

NEEDED: Mapping[str, tuple[str, ...]] = {
    "stages": ("offramp_stage", "offramp_region"),
    "apps": (
        "offramp_stage",
        "offramp_region",
        "offramp_app",
        "offramp_heroku_app",
        "offramp_hostname",
        "offramp_zone",
    ),
}
"""The shared variables that every host of a group must have."""
OTHERS = "offramp_others"
"""The variable that names variables of other playbooks; it may hold patterns with * and ?."""

_NEAR = 0.6
_NEAR_PREFIX = 0.75
_NEAR_WITH_OTHER_PREFIX = 0.85


@dataclass(frozen=True)
class Terms:
    """What the collection takes.

    Attributes:
        known: the public variables of all roles, and the shared ones.
        prefixes: what our variables start with, up to the first underscore ("shift", "offramp").
        others: patterns of names that look like ours and are of other playbooks.
    """

    known: Collection[str]
    prefixes: Collection[str]
    others: Collection[str] = ()


def mistakes(host: str, variables: Collection[str], values: Mapping[str, Any], terms: Terms) -> list[str]:
    """What is wrong with a host's variables, each a clause that names what is there and what was meant.

    Args:
        host: the host's name.
        variables: names of all its variables.
        values: what it must have, with the values it has; None and empty text count as missing.
        terms: what the collection takes.
    """
    wrong = [told for name in sorted(variables) if (told := _unknown(name, terms))]
    missing = [name for name, value in values.items() if value in (None, "")]
    return wrong + [f"{name} is not set for {host}" for name in missing]


def stage_mistakes(host: str, stage: Any, stages: Collection[str]) -> list[str]:
    """What is wrong with an app's stage: some host of the group ``stages`` must bear it."""
    if stage in (None, "") or stage in stages:
        return []
    there = f"there are: {', '.join(sorted(stages))}" if stages else "the group is empty"
    near = difflib.get_close_matches(str(stage), stages, n=1, cutoff=_NEAR)
    meant = f"; did you mean {near[0]}?" if near else ""
    return [f"{host} is of stage {stage}, which no host of the group stages bears ({there}{meant})"]


def _unknown(name: str, terms: Terms) -> str:
    """A clause about a variable that looks like ours and is not, else nothing."""
    prefix, _, rest = name.partition("_")
    if not prefix or not rest or name in terms.known or _is_others(name, terms):
        return ""
    if prefix in terms.prefixes:
        near = difflib.get_close_matches(name, terms.known, n=1, cutoff=_NEAR)
        return f"{name} is not a variable of offramp.ecs" + (f": did you mean {near[0]}?" if near else "")
    if not difflib.get_close_matches(prefix, terms.prefixes, n=1, cutoff=_NEAR_PREFIX):
        return ""
    near = difflib.get_close_matches(name, terms.known, n=1, cutoff=_NEAR_WITH_OTHER_PREFIX)
    return f"{name} is not a variable of offramp.ecs: did you mean {near[0]}?" if near else ""


def _is_others(name: str, terms: Terms) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in terms.others)
