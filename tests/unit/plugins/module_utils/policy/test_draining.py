"""The times with which tasks come and go: the cases in ``draining/``, one file each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.offramp.ecs.plugins.module_utils.policy.draining import Balancer, Process, faults, slowest

CASES = sorted((Path(__file__).parent / "draining").glob("*.yml"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_is_in_the_wrong_order_is_told_with_the_numbers(path: Path) -> None:
    case: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    processes = [Process(**each) for each in case["processes"]]
    found = faults(Balancer(**case["balancer"]), processes, case["request"], case.get("deadline", 0))
    assert [each.told for each in found] == case["faults"]
    assert [each.hint for each in found] == case.get("hints", [each.hint for each in found])
    assert all(each.hint for each in found)


def test_what_was_seen_counts_where_it_is_slower() -> None:
    assert (slowest(30, 41.2), slowest(30, 0.4)) == (41.2, 30)
