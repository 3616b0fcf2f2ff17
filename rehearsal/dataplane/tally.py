"""What the balancer counts, second by second, in the terms of its CloudWatch metrics."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from rehearsal.children import Json

COUNTS = (
    "requests",
    "target_2xx",
    "target_3xx",
    "target_4xx",
    "target_5xx",
    "elb_4xx",
    "elb_5xx",
    "elb_502",
    "elb_503",
    "elb_504",
    "connection_errors",
    "redirects",
    "fixed_responses",
)
"""``requests`` are those for which a target was chosen, as in AWS's RequestCount."""


@dataclass
class _Cell:
    counts: Counter[str] = field(default_factory=Counter)
    response_times: list[float] = field(default_factory=list)


class Tally:
    """Counts per balancer and target group (None: no target group was involved) since the last :meth:`take`."""

    def __init__(self) -> None:
        self._cells: dict[tuple[str, str | None], _Cell] = {}

    def count(self, balancer: str, group: str | None, *what: str) -> None:
        """Count one of each of these (see :data:`COUNTS`)."""
        self._cell(balancer, group).counts.update(what)

    def answered(self, balancer: str, group: str, status: int, seconds: float) -> None:
        """Count a target's answer and the time until its headers came."""
        cell = self._cell(balancer, group)
        cell.counts.update(("requests", f"target_{status // 100}xx"))
        cell.response_times.append(round(seconds, 6))

    def failed(self, balancer: str, group: str | None, status: int) -> None:
        """Count an error of the balancer's own."""
        kinds = [f"elb_{status // 100}xx"] + ([f"elb_{status}"] if status in (502, 503, 504) else [])
        self.count(balancer, group, *kinds)

    def take(self, second: int) -> list[Json]:
        """The counts so far as report entries of ``second``; counting starts anew."""
        cells, self._cells = self._cells, {}
        return [
            {
                "balancer": balancer,
                "target_group": group,
                "second": second,
                **{name: cell.counts[name] for name in COUNTS},
                "response_times": cell.response_times,
            }
            for (balancer, group), cell in cells.items()
        ]

    def _cell(self, balancer: str, group: str | None) -> _Cell:
        return self._cells.setdefault((balancer, group), _Cell())
