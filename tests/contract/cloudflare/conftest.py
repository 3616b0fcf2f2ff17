"""A Cloudflare stand-in for strangers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.plugins.cloudflare_world import CloudflareWorld

pytest.register_assert_rewrite("tests.contract.cloudflare.walk")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[CloudflareWorld]:
    """With an edge that finds every pool healthy."""
    made = CloudflareWorld(tmp_path)
    yield made
    made.stop()
