"""A Heroku stand-in for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.rehearsal.heroku.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A stand-in whose web dynos all listen."""
    made = Stage(tmp_path)
    made.listen()
    yield made
    made.stop()
