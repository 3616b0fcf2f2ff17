"""Values that are known only after apply."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown, first_unknown, is_unknown

ARN = Unknown("ClusterArn of stack offramp-staging-platform", "playbooks/provision.yml")


@dataclass(frozen=True)
class Want:
    cluster: str


@pytest.mark.parametrize(
    "value",
    [ARN, str(ARN), f"{ARN}:v42", ["a", ARN], {"a": {"b": (ARN,)}}, Want(ARN), json.loads(json.dumps({"a": ARN}))],
)
def test_unknown_is_found_at_any_depth_and_after_any_journey(value: object) -> None:
    assert is_unknown(value)
    assert first_unknown(value) == ("ClusterArn of stack offramp-staging-platform", "playbooks/provision.yml")


@pytest.mark.parametrize("value", ["", "known", None, 3, [], {"a": ["b", 1]}, Want("arn:aws:ecs"), Want])
def test_known_values_are_known(value: object) -> None:
    assert not is_unknown(value)


def test_a_person_reads_what_it_is_and_who_makes_it() -> None:
    assert ARN == "(known after apply: ClusterArn of stack offramp-staging-platform; by playbooks/provision.yml)"
