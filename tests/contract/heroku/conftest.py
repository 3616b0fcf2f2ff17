"""A Heroku stand-in for strangers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.rehearsal.heroku.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """With all web dynos up."""
    made = Stage(tmp_path)
    made.listen()
    yield made
    made.stop()
