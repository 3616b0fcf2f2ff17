"""ministack's CloudWatch: metrics of AWS's own services, which nobody may put there by its API."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.aws.adapters.reach import Patches, reach
from rehearsal.aws.adapters.server import request_scope

_CLOUDWATCH = "ministack.services.cloudwatch"


@dataclass(frozen=True)
class Datum:
    """Values of one metric in one second. ``at`` is in seconds since the epoch."""

    name: str
    dimensions: Mapping[str, str]
    at: float
    values: tuple[float, ...]
    unit: str = "Count"


def store(account: str, region: str, namespace: str, data: Iterable[Datum]) -> None:
    """Store what a service measured, and let alarms look at it."""
    put, evaluate = reach(_CLOUDWATCH, "_store_datum"), reach(_CLOUDWATCH, "_evaluate_all_alarms")
    with request_scope(account, region):
        for datum in data:
            dimensions = dict(datum.dimensions)
            put(namespace, datum.name, dimensions, datum.at, datum.unit, None, list(datum.values), None, None)
        evaluate()


def read(
    account: str, region: str, namespace: str, name: str, dimensions: Mapping[str, str], since: float
) -> dict[int, list[float]]:
    """The values of one metric from ``since`` on, by second."""
    with request_scope(account, region):
        key = namespace, name, reach(_CLOUDWATCH, "_dims_key")(dict(dimensions))
        points = list(reach(_CLOUDWATCH, "_metrics").get(key, []))
    found: dict[int, list[float]] = {}
    for point in reversed(points):
        if point["Timestamp"] < since:
            break
        found.setdefault(int(point["Timestamp"]), []).append(point["Value"])
    return found


_TRIMMED_COUNT = re.compile(r"TC\((?P<above>[\d.]*):(?P<to>[\d.]*)\)")


def count_trimmed(patches: Patches) -> None:
    """Let it know "TC(0.25:1)", how many values lie above 0.25 and not above 1; what it lacks is "Average" to it.

    Percentages as bounds are not taken (see
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html).
    """
    known = reach(_CLOUDWATCH, "_stat_value")

    def value(stats: Any, statistic: str, points: Any = None) -> Any:
        counted = trimmed_count([(point["Value"], point.get("Count", 1.0)) for point in points or ()], statistic)
        return known(stats, statistic, points) if counted is None else counted

    patches.attribute(_CLOUDWATCH, "_stat_value", value)


def trimmed_count(values: Iterable[tuple[float, float]], statistic: str) -> float | None:
    """How many of these values, each seen so many times, a trimmed count counts; None for other statistics."""
    found = _TRIMMED_COUNT.fullmatch(statistic)
    if found is None:
        return None
    above, to = float(found["above"] or "-inf"), float(found["to"] or "inf")
    return float(sum(times for value, times in values if above < value <= to))


for _name in ("_store_datum", "_evaluate_all_alarms", "_metrics", "_dims_key"):
    reach(_CLOUDWATCH, _name)
