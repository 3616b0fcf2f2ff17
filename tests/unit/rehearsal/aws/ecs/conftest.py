"""ECS with steered neighbours."""

from collections.abc import Iterator

import pytest

from tests.unit.rehearsal.aws.ecs.region import Region


@pytest.fixture
def region() -> Iterator[Region]:
    """One region's ECS; all its processes end with the test."""
    region = Region()
    yield region
    region.ecs.stop()
