#!/usr/bin/python
"""Whether AWS takes the names that would be formed, before anything is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import spec
from ansible_collections.offramp.ecs.plugins.module_utils.policy import names as policy

DOCUMENTATION = """
module: aws_names_check
short_description: Check names against the limits of AWS
version_added: 0.1.0
author: The Offramp founders (@offramp)
description:
  - Refuses names that AWS would not take, all at once, with the limit of each. Nobody is asked.
  - What CloudFormation names itself (load balancers, target groups, roles, security groups) has no name of ours.
options:
  names:
    description: Lists of names by kind - C(stack), C(cluster), C(service), C(family), C(container), C(log_group),
      C(repository), C(secret), C(prefix_list), C(load_balancer), C(tag_value).
    type: dict
    required: true
"""

EXAMPLES = """
- name: Check the names
  offramp.ecs.aws_names_check:
    names:
      stack: [offramp-production-bond-server]
      service: [bond-server-web, bond-server-worker]
"""

RETURN = """
names:
  description: The names by kind.
  returned: success
  type: dict
"""

SPEC = spec(options={"names": {"type": "dict", "required": True}})


@dataclass(frozen=True)
class Names:
    """The names by kind."""

    by_kind: Mapping[str, tuple[str, ...]]


def connect(_params: Mapping[str, Any], _door: Door) -> None:
    """Nobody is asked."""


def want_of(params: Mapping[str, Any]) -> Names:
    """The names, each of a kind that is known."""
    unknown = sorted(set(params["names"]) - set(policy.RULES))
    if unknown:
        raise BadInput(
            f"Names of kind {', '.join(unknown)} are not known.",
            target="names",
            hint=f"Known are {', '.join(policy.RULES)}.",
        )
    return Names({kind: tuple(map(str, given)) for kind, given in params["names"].items()})


def plan(have: Names, _want: Names) -> list[Change]:
    """Never a change.

    Raises:
        BadInput: AWS would not take some of the names; the message tells them all.
    """
    found = policy.mistakes(have.by_kind)
    if not found:
        return []
    raise BadInput(
        f"AWS would not take {'a name' if len(found) == 1 else f'{len(found)} names'}: {'; '.join(found)}.",
        target=found[0],
        hint="Shorten or correct offramp_stage, offramp_app or the process types in the inventory.",
        details={"mistakes": found},
    )


def report(have: Names) -> dict[str, Any]:
    """What playbooks may use."""
    return {kind: list(given) for kind, given in have.by_kind.items()}


MODULE = runner.Module(
    name="aws_names_check",
    noun="names",
    spec=SPEC,
    connect=connect,
    want=want_of,
    observe=lambda _api, want: want,
    plan=plan,
    report=report,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
