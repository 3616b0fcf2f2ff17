"""Which config vars travel from Heroku to AWS, under which name, and why; pure, and without any value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput

Rule = Literal["rename", "exclude", "platform", "include", "logging", "name", "own", "addon"]

PLATFORM_KEYS = ("PORT", "DYNO", "DYNO_*", "PS", "HEROKU_*", "ECS_CONTAINER_*", "ECS_AGENT_*", "AWS_EXECUTION_ENV")
"""Patterns of keys that a platform sets for the processes that it runs; the other platform sets its own."""

LOGGING_SERVICES = frozenset(
    {"logdna", "mezmo", "papertrail", "logentries", "coralogix", "sumologic", "logtail", "solarwinds", "logit-io"}
)
"""Add-on services whose key belongs to the add-on's own account and log drain, and dies with it."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_NAME_RULE = "letters, digits, '_', '-' and '.', not starting with a digit"


@dataclass(frozen=True)
class Owner:
    """The add-on that sets a key: its name and its service ("heroku-redis")."""

    name: str
    service: str


@dataclass(frozen=True)
class Rules:
    """What an inventory says about an app's keys.

    Attributes:
        include: patterns (``*`` and ``?``) of keys that travel. A key written out here travels even when it is a
            platform's or an add-on's.
        exclude: patterns of keys that do not.
        rename: key at Heroku -> name on AWS. A key named here travels.
    """

    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """What becomes of one key. ``name`` is its name on AWS, None where it is refused."""

    key: str
    name: Optional[str]
    reason: str
    rule: Rule
    owner: Optional[Owner] = None

    @property
    def verdict(self) -> str:
        """ "copied" or "refused"."""
        return "refused" if self.name is None else "copied"


def decide(keys: Iterable[str], owners: Mapping[str, Owner], rules: Rules) -> list[Decision]:
    """One decision for each key, by key; the first rule that speaks decides.

    Raises:
        BadInput: two keys would get one name, or a name in ``rename`` is none that ECS takes.
    """
    for key, name in rules.rename.items():
        if not _NAME.fullmatch(name):
            raise BadInput(f"rename gives {key} the name {name!r}, which ECS does not take.", hint=f"Use {_NAME_RULE}.")
    decisions = [_decide(key, owners.get(key), rules) for key in sorted(keys)]
    _refuse_collisions(decisions)
    return decisions


def unmet(keys: Iterable[str], rules: Rules) -> list[str]:
    """The keys that rules write out (in include or rename) and the app does not have."""
    written = {pattern for pattern in rules.include if not _is_pattern(pattern)} | set(rules.rename)
    return sorted(written - set(keys))


def _decide(key: str, owner: Optional[Owner], rules: Rules) -> Decision:
    def copied(rule: Rule, reason: str) -> Decision:
        return Decision(key, rules.rename.get(key, key), reason, rule, owner)

    def refused(rule: Rule, reason: str) -> Decision:
        return Decision(key, None, reason, rule, owner)

    if key in rules.rename:
        return copied("rename", f"renamed to {rules.rename[key]}")
    excluded = _first(key, rules.exclude)
    if excluded is not None:
        return refused("exclude", f"excluded by {excluded}")
    if not _NAME.fullmatch(key):
        return refused("name", f"ECS takes names of {_NAME_RULE}: rename it")
    if key in rules.include:
        return copied("include", "named in include")
    if _first(key, PLATFORM_KEYS) is not None:
        return refused("platform", "set by the platform")
    if _first(key, rules.include) is None:
        return refused("include", "no include pattern covers it")
    if owner is None:
        return copied("own", "the app's own")
    if owner.service in LOGGING_SERVICES:
        return refused("logging", f"belongs to add-on {owner.name} ({owner.service}) and ends with it")
    return copied("addon", f"set by add-on {owner.name}, which Heroku still runs for both sides")


def _refuse_collisions(decisions: list[Decision]) -> None:
    taken: dict[str, str] = {}
    for decision in decisions:
        if decision.name is None:
            continue
        if decision.name in taken:
            raise BadInput(
                f"{taken[decision.name]} and {decision.key} would both be called {decision.name} on AWS.",
                target=decision.name,
                hint="Change rename, or exclude one of them.",
            )
        taken[decision.name] = decision.key


def _first(key: str, patterns: Iterable[str]) -> Optional[str]:
    return next((pattern for pattern in patterns if fnmatchcase(key, pattern)), None)


def _is_pattern(text: str) -> bool:
    return any(sign in text for sign in "*?[")
