"""Which config vars travel from Heroku to AWS, under which name, and why; pure.

What decides knows names alone; :func:`travelling` puts the values to them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, Optional, Protocol

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import Options

Rule = Literal[
    "constant", "replaced", "reference", "rename", "exclude", "platform", "include", "logging", "name", "own", "addon"
]

OPTIONS: Options = {
    "include": {"type": "list", "elements": "str", "default": ["*"]},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "rename": {"type": "dict", "default": {}},
    "constants": {"type": "dict", "default": {}},
    "references": {"type": "dict", "default": {}},
}
"""The rules of an inventory as a module's options (documentation fragment ``offramp.ecs.rules``)."""

PLATFORM_KEYS = ("PORT", "DYNO", "DYNO_*", "PS", "HEROKU_*", "ECS_CONTAINER_*", "ECS_AGENT_*", "AWS_EXECUTION_ENV")
"""Patterns of keys that a platform sets for the processes that it runs; the other platform sets its own."""

LOGGING_SERVICES = frozenset(
    {"logdna", "mezmo", "papertrail", "logentries", "coralogix", "sumologic", "logtail", "solarwinds", "logit-io"}
)
"""Add-on services whose key belongs to the add-on's own account and log drain, and dies with it."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_NAME_RULE = "letters, digits, '_', '-' and '.', not starting with a digit"
_NOT_FROM_HEROKU = ("constant", "replaced", "reference")


@dataclass(frozen=True)
class Owner:
    """The add-on that sets a key: its name and its service ("heroku-redis")."""

    name: str
    service: str


class Addon(Protocol):
    """What is needed of an add-on to name it as an owner."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def service(self) -> str:
        """Its service."""


def owners_of(addons: Mapping[str, Addon]) -> dict[str, Owner]:
    """Key -> owner, from the add-on that sets each key."""
    return {key: Owner(addon.name, addon.service) for key, addon in addons.items()}


@dataclass(frozen=True)
class Rules:
    """What an inventory says about an app's keys.

    Attributes:
        include: patterns (``*`` and ``?``) of keys that travel. A key written out here travels even when it is a
            platform's or an add-on's.
        exclude: patterns of keys that do not.
        rename: key at Heroku -> name on AWS. A key named here travels.
        constants: name on AWS -> its text, which is no secret. It wins over a key from Heroku of that name.
        references: name on AWS -> the secret that its value is read from (see ``aws.references``). It wins as well.
    """

    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """What becomes of one key. ``name`` is its name on AWS, None where it is refused.

    ``key`` is the key at Heroku; a constant or a reference that stands for none is called by its name on AWS.
    """

    key: str
    name: Optional[str]
    reason: str
    rule: Rule
    owner: Optional[Owner] = None

    @property
    def verdict(self) -> str:
        """ "constant", "replaced", "reference", "copied" or "refused"."""
        if self.name is None:
            return "refused"
        return self.rule if self.rule in _NOT_FROM_HEROKU else "copied"


def rules_of(params: Mapping[str, Any]) -> Rules:
    """The rules that a module's :data:`OPTIONS` give.

    Raises:
        BadInput: a name is none that ECS takes, is given twice, or stands for something that is no text.
    """
    rename, constants, references = (_texts(it, params[it]) for it in ("rename", "constants", "references"))
    for option, names in (("rename", rename.values()), ("constants", constants), ("references", references)):
        for name in names:
            if not _NAME.fullmatch(name):
                raise BadInput(f"{option} has the name {name!r}, which ECS does not take.", hint=f"Use {_NAME_RULE}.")
    twice = sorted(set(constants) & set(references))
    if twice:
        raise BadInput(
            f"{', '.join(twice)} cannot be both a constant and a reference.", target=twice[0], hint="Take out one."
        )
    return Rules(tuple(params["include"]), tuple(params["exclude"]), rename, constants, references)


def _texts(option: str, given: Mapping[Any, Any]) -> dict[str, str]:
    """A map of an inventory; no guess is made how a number or a switch was written before YAML read it."""
    for name, value in given.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise BadInput(
                f"{option} gives {name} something that is no text ({type(value).__name__}).",
                target=str(name),
                hint=f'Write it in quotes, as in {name}: "2".',
            )
    return dict(given)


def decide(keys: Iterable[str], owners: Mapping[str, Owner], rules: Rules) -> list[Decision]:
    """One decision for each key and each name that constants and references add, by key; the first rule decides.

    Raises:
        BadInput: two keys would get one name.
    """
    decisions = [_decide(key, owners.get(key), rules) for key in keys]
    there = {decision.name for decision in decisions}
    added = [_given(name, name, None, rules) for name in (*rules.constants, *rules.references) if name not in there]
    decisions = sorted([*decisions, *filter(None, added)], key=lambda decision: (decision.key, decision.name or ""))
    _refuse_collisions(decisions)
    return decisions


def travelling(
    decisions: Iterable[Decision], source: Mapping[str, str], constants: Mapping[str, str], read: Mapping[str, str]
) -> dict[str, str]:
    """Name on AWS -> value, of all that travels.

    Args:
        decisions: what the rules say.
        source: the app's config vars.
        constants: the rules' constants.
        read: name on AWS -> the value that a reference stands for.
    """
    values: dict[str, str] = {}
    for decision in decisions:
        if decision.name is not None:
            given = {"constant": constants, "reference": read, "replaced": read}.get(decision.rule)
            values[decision.name] = source[decision.key] if given is None else given[decision.name]
    return values


def unmet(keys: Iterable[str], rules: Rules) -> list[str]:
    """The keys that rules write out (in include or rename) and the app does not have."""
    written = {pattern for pattern in rules.include if not _is_pattern(pattern)} | set(rules.rename)
    return sorted(written - set(keys))


def _decide(key: str, owner: Optional[Owner], rules: Rules) -> Decision:
    def copied(rule: Rule, reason: str) -> Decision:
        return Decision(key, rules.rename.get(key, key), reason, rule, owner)

    def refused(rule: Rule, reason: str) -> Decision:
        return Decision(key, None, reason, rule, owner)

    given = _given(key, rules.rename.get(key, key), owner, rules)
    if given is not None:
        return given
    if key in rules.rename:
        return copied("rename", f"renamed to {rules.rename[key]}")
    excluded = _first(key, rules.exclude)
    if excluded is not None:
        return refused("exclude", f"excluded by {excluded}")
    if not _NAME.fullmatch(key):
        return refused("name", f"ECS takes names of {_NAME_RULE}: rename it")
    if key in rules.include:
        return copied("include", "named in include")
    if is_platform(key):
        return refused("platform", "set by the platform")
    if _first(key, rules.include) is None:
        return refused("include", "no include pattern covers it")
    if owner is None:
        return copied("own", "the app's own")
    if owner.service in LOGGING_SERVICES:
        return refused("logging", f"belongs to add-on {owner.name} ({owner.service}) and ends with it")
    return copied("addon", f"set by add-on {owner.name}, which Heroku still runs for both sides")


def is_platform(key: str) -> bool:
    """Whether a platform sets this key for the processes that it runs."""
    return _first(key, PLATFORM_KEYS) is not None


def _given(key: str, name: str, owner: Optional[Owner], rules: Rules) -> Optional[Decision]:
    """What constants and references say of a name, if anything."""
    if name in rules.constants:
        return Decision(key, name, "a constant of the inventory", "constant", owner)
    if name not in rules.references:
        return None
    where = f"read from secret {rules.references[name]}"
    if owner is None:
        return Decision(key, name, where, "reference")
    return Decision(key, name, f"{where}, in place of add-on {owner.name}", "replaced", owner)


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
