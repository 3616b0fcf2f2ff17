#!/usr/bin/python
"""Module inventory_check: finds mistakes in a host's variables before anything is done with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import spec
from ansible_collections.offramp.ecs.plugins.module_utils.policy import inventory

DOCUMENTATION = """
module: inventory_check
short_description: Find mistakes in the variables of a host
description:
  - Refuses variables that start like those of the roles of this collection and are none, with the nearest that is one;
    hosts that lack a variable they need; and apps whose stage no host of the group C(stages) bears.
  - Runs on the controller only, without a request to anybody. Its action plugin fills in all options from the
    inventory and from the roles' argument specs; a task gives none.
options:
  host:
    description: The host's name.
    type: str
    default: ""
  variables:
    description: Names of the host's variables.
    type: list
    elements: str
    default: []
  values:
    description: The variables that the host must have, with their values.
    type: dict
    default: {}
  known:
    description: The variables that the collection takes.
    type: list
    elements: str
    default: []
  prefixes:
    description: What the collection's variables start with.
    type: list
    elements: str
    default: []
  others:
    description:
      - Patterns of variables that look like the collection's and are of other playbooks, C(offramp_others) of the host.
    type: list
    elements: str
    default: []
  stages:
    description: The stages that hosts of the group C(stages) bear.
    type: list
    elements: str
    default: []
version_added: 0.1.0
author: The Offramp founders (@offramp)
"""

EXAMPLES = """
- name: Check the inventory
  offramp.ecs.inventory_check:
"""

RETURN = """
inventory:
  description: The host.
  returned: success
  type: dict
  contains:
    host: {description: Its name., type: str}
    stage: {description: Its stage., type: str}
"""

_NAMES = {"type": "list", "elements": "str", "default": []}
SPEC = spec(
    options={
        "host": {"type": "str", "default": ""},
        "variables": _NAMES,
        "values": {"type": "dict", "default": {}},
        "known": _NAMES,
        "prefixes": _NAMES,
        "others": _NAMES,
        "stages": _NAMES,
    }
)


@dataclass(frozen=True)
class Have:
    """A host as the inventory tells it, and what the collection takes."""

    host: str
    variables: tuple[str, ...]
    values: Mapping[str, Any]
    stages: tuple[str, ...]
    terms: inventory.Terms


def connect(_params: Mapping[str, Any], _door: Door) -> None:
    """Nobody is asked."""


def want(params: Mapping[str, Any]) -> Have:
    """What the action plugin found."""
    terms = inventory.Terms(frozenset(params["known"]), frozenset(params["prefixes"]), tuple(params["others"]))
    return Have(params["host"], tuple(params["variables"]), dict(params["values"]), tuple(params["stages"]), terms)


def observe(_api: None, want: Have) -> Have:
    """The arguments are all there is."""
    return want


def plan(have: Have, _want: Have) -> list[Change]:
    """Never a change.

    Raises:
        BadInput: the host's variables have mistakes; the message names all of them.
    """
    found = inventory.mistakes(have.host, have.variables, have.values, have.terms)
    found += inventory.stage_mistakes(have.host, have.values.get("offramp_stage"), have.stages)
    if not found:
        return []
    count = "a mistake" if len(found) == 1 else f"{len(found)} mistakes"
    raise BadInput(
        f"The inventory of {have.host} has {count}: {'; '.join(found)}.".replace("?.", "?"),
        target=have.host,
        hint="Correct the inventory (or the -e on the command line), or name what is of other playbooks in "
        f"{inventory.OTHERS}; nothing was done yet.",
        details={"mistakes": found},
    )


def report(have: Have) -> dict[str, Any]:
    """What playbooks may use."""
    return {"host": have.host, "stage": str(have.values.get("offramp_stage", ""))}


MODULE = runner.Module(
    name="inventory_check",
    noun="inventory",
    spec=SPEC,
    connect=connect,
    want=want,
    observe=observe,
    plan=plan,
    report=report,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
