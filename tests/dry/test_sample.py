"""A sample of ``make test-dry``, in under 90 seconds on a quiet machine: the beginning of a migration."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.running import SEED, running_world
from tests.dry.matrix import Matrix

CELLS = [
    ("fresh", "provision", True),
    ("provisioned", "copy", True),
    ("copied", "rollback", True),
    ("copied", "migrate", False),
]
"""State, command, and whether it is run in earnest, too."""
MADE = [
    "stack offramp-production-network",
    "EC2 prefix list offramp-production-cloudflare",
    "stack offramp-production-platform",
    "ACM certificate of api.bond.example",
    "DNS record that validates api.bond.example at Cloudflare",
    "stack offramp-production-bond-server",
    "stack offramp-production-bond-server-kpis",
]
"""What provisioning makes in a fresh world, in this order."""


@pytest.mark.timeout(600)
def test_a_dry_run_writes_nothing_and_lists_what_the_real_run_does(tmp_path: Path) -> None:
    with running_world(SEED, tmp_path) as world:
        matrix = Matrix(world, tmp_path)
        found = {cell[:2]: matrix.prove(*cell[:2], real=cell[2]) for cell in CELLS}
    assert {name: cell.faults for name, cell in found.items()} == {name: [] for name in found}
    assert [each["target"] for each in found["fresh", "provision"].dry.changes] == MADE
    assert found["copied", "migrate"].dry.changes[-1]["target"] == "formation of Heroku app bond-server"
