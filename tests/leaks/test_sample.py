"""A sample of ``make test-leaks``, in under 90 seconds: configuration is copied, by all ways, and fails to be."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.leaks.place import place
from tests.leaks.steps import SAMPLE


@pytest.mark.skipif(sys.platform != "linux", reason="processes are watched by /proc")
@pytest.mark.timeout(400)
def test_no_value_and_no_credential_is_shown_or_kept(home: Path) -> None:
    with place(home) as world:
        for step in SAMPLE:
            world.take(step)
    scan = world.keeper.scan()
    assert sorted(map(str, scan.hits)) == []
    assert len(list(home.glob("scanned/outputs/*"))) == len(SAMPLE)
    for kept in (
        "remote/**/AnsiballZ_*.py",
        "runner/artifacts/*/job_events/*.json",
        "ledger/*",
        "world/requests.jsonl",
    ):
        assert list(home.glob(f"scanned/{kept}")), kept
    assert scan.processes > 20
