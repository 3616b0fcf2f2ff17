"""What the visitors counted, from their reports on disk."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Visits:
    """What the visitors counted since the world began."""

    requests: int
    failed: int
    sides: dict[str, int]
    reasons: dict[str, int]


def count_visits(path: Path) -> Visits:
    """Sum up the visitors' reports."""
    requests = failed = 0
    sides: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for line in path.read_text().splitlines():
        second = json.loads(line)
        requests += second["requests"]
        failed += second["failed"]
        sides.update({side: counts["requests"] for side, counts in second["sides"].items()})
        reasons.update(second["reasons"])
    return Visits(requests, failed, dict(sides), dict(reasons))
