"""The variables that the collection takes, gathered from its own roles, so that no list of them goes stale."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from ansible.module_utils.common.yaml import yaml_load

from ansible_collections.offramp.ecs.plugins.module_utils.policy.inventory import OTHERS

_COLLECTION = Path(__file__).parents[2]
_SHARED = re.compile(r"\bofframp_\w+")
_OF_MIGRATE = re.compile(r"\bmigrate_\w+")
_NOT_OF_EVERY_RUN = frozenset({"retire", "rollback", "run"})
_STAGE_ENTRY = "stage"


@cache
def known() -> frozenset[str]:
    """Public variables of all roles, shared ones (those that role defaults name), and those of migrate.yml."""
    names = {name for entries in _specs().values() for options in entries.values() for name in options}
    for defaults in (_COLLECTION / "roles").glob("*/defaults/main.yml"):
        names.update(_SHARED.findall(defaults.read_text(encoding="utf-8")))
    names.update(_OF_MIGRATE.findall((_COLLECTION / "playbooks" / "migrate.yml").read_text(encoding="utf-8")))
    return frozenset({*names, OTHERS})


@cache
def prefixes() -> frozenset[str]:
    """What our variables start with, up to the first underscore."""
    return frozenset({*_specs(), "offramp", "migrate"})


@cache
def needed(group: str) -> tuple[str, ...]:
    """The role variables without a default that a host of a group ("stages", "apps") needs for a migration."""
    names = []
    for role, entries in _specs().items():
        defaults = yaml_load((_COLLECTION / "roles" / role / "defaults" / "main.yml").read_text("utf-8")) or {}
        for entry, options in entries.items():
            if role not in _NOT_OF_EVERY_RUN and (entry == _STAGE_ENTRY) == (group == "stages"):
                names += [name for name, option in options.items() if option.get("required") and name not in defaults]
    return tuple(dict.fromkeys(names))


@cache
def _specs() -> dict[str, dict[str, dict[str, Any]]]:
    """Role -> entry point -> options."""
    found = {}
    for path in sorted((_COLLECTION / "roles").glob("*/meta/argument_specs.yml")):
        entries = yaml_load(path.read_text(encoding="utf-8"))["argument_specs"]
        found[path.parents[1].name] = {entry: spec.get("options") or {} for entry, spec in entries.items()}
    return found
