"""A Cloudflare stand-in for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.rehearsal.cloudflare.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A stand-in with one zone that has load balancing, and one that has not."""
    made = Stage(tmp_path)
    yield made
    made.stop()
