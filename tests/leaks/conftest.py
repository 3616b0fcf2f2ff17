"""A home for runs whose temporary files all go below it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder with a short path: Ansible's and Python's Unix sockets below ``TMPDIR`` take 107 bytes (unix(7)), and
    pytest's own folders are deep under xdist."""
    with tempfile.TemporaryDirectory(prefix="leaks-", dir="/tmp") as folder:
        yield Path(folder)
