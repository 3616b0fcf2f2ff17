"""The steps of walk.js."""

from __future__ import annotations

from pathlib import Path

from tests.contract.strangers import environment
from tests.unit.rehearsal.cloudflare.stage import Stage

WALK = Path(__file__).with_name("walk.js")
STEPS = ("zones", "records", "monitors", "pools", "balancers", "pagination", "errors")


def take_step(step: str, stage: Stage, url: str, home: Path) -> None:
    """One step, which must succeed; ``url`` is that of the stand-in, or of a proxy in front of it."""
    environment.from_npm("cloudflare", "index.js")
    known = {
        "NODE_PATH": str(environment.MODULES),
        "CLOUDFLARE_BASE_URL": url,
        "CLOUDFLARE_API_TOKEN": stage.cloudflare.token,
        "ACCOUNT": stage.cloudflare.account,
    }
    environment.run(["node", WALK, step], home, known)
