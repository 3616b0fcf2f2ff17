"""The stand-in under the official SDK for Node.js, npm's cloudflare."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.cloudflare.steps import STEPS, take_step
from tests.unit.plugins.cloudflare_world import CloudflareWorld


@pytest.mark.parametrize("step", STEPS)
def test_the_sdk_takes(world: CloudflareWorld, tmp_path: Path, step: str) -> None:
    take_step(step, world, world.cloudflare.url, tmp_path)
