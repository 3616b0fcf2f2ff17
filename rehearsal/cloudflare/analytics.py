"""Cloudflare's GraphQL analytics: loadBalancingRequestsAdaptiveGroups, fed by what the edge reports.

The field names are those of https://developers.cloudflare.com/load-balancing/reference/load-balancing-analytics/.
"""

from __future__ import annotations

import datetime
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from graphql import FieldNode, GraphQLResolveInfo, build_schema, graphql_sync

from rehearsal.restapi import Json

KEPT_S = 3600 * 6
BUCKETS = {
    "datetime": 1,
    "datetimeMinute": 60,
    "datetimeFiveMinutes": 300,
    "datetimeFifteenMinutes": 900,
    "datetimeHour": 3600,
}
"""Dimension -> its width in seconds."""
LABELS = ("lbName", "selectedPoolName", "selectedPoolId", "selectedOriginName", "coloCode", "region")
DIMENSIONS = (*BUCKETS, *LABELS)
_TIME_FILTERS = ("datetime_geq", "datetime_gt", "datetime_leq", "datetime_lt")
_FILTERS = [
    *(f"{name}: Time" for name in _TIME_FILTERS),
    *(f"{label}{suffix}: String" for label in LABELS for suffix in ("", "_neq")),
    *(f"{label}_in: [String!]" for label in LABELS),
]
_ORDERS = [f"{name}_{way}" for name in (*DIMENSIONS, "count") for way in ("ASC", "DESC")]

SCHEMA = build_schema(f"""
scalar Time
scalar uint64
type Query {{ viewer: viewer }}
type viewer {{ zones(filter: ZoneFilter!, limit: uint64): [zone!]! }}
input ZoneFilter {{ zoneTag: String, zoneTag_in: [String!] }}
type zone {{
  zoneTag: String!
  loadBalancingRequestsAdaptiveGroups(filter: Filter, limit: uint64!, orderBy: [Order!]): [Group!]!
}}
input Filter {{ {" ".join(_FILTERS)} AND: [Filter!] OR: [Filter!] }}
enum Order {{ {" ".join(_ORDERS)} }}
type Group {{ count: uint64! avg: Avg dimensions: Dimensions }}
type Avg {{ sampleInterval: Float! }}
type Dimensions {{ {" ".join(f"{name}: Time" for name in BUCKETS)} {" ".join(f"{name}: String" for name in LABELS)} }}
""")


@dataclass(frozen=True)
class Sample:
    """The requests of one second to one origin. ``second`` is since the epoch."""

    second: int
    zone: str
    labels: Mapping[str, str]
    requests: int


class Analytics:
    """Keeps samples, and answers GraphQL queries about those that are older than ``delay`` seconds."""

    def __init__(self, delay: float, now: Callable[[], float] = time.time) -> None:
        self._delay = delay
        self._now = now
        self._lock = threading.Lock()
        self._samples: deque[Sample] = deque()

    def add(self, second: int, zone: str, labels: Mapping[str, str], requests: int) -> None:
        """Take in what the edge counted in one second."""
        with self._lock:
            self._samples.append(Sample(second, zone, {"coloCode": "DUB", "region": "WEU", **labels}, requests))
            while self._samples[0].second < second - KEPT_S:
                self._samples.popleft()

    def answer(self, query: str, variables: Mapping[str, Any]) -> Json:
        """The whole answer to a GraphQL request, errors included."""
        done = graphql_sync(SCHEMA, query, {"viewer": {"zones": self._zones}}, variable_values=dict(variables))
        errors = [{"message": error.message, "path": error.path, "extensions": None} for error in done.errors or []]
        return {"data": done.data, "errors": errors or None}

    def _zones(self, _info: GraphQLResolveInfo, **asked: Any) -> list[Json]:
        wanted = asked["filter"]
        tags = [*wanted.get("zoneTag_in", []), *([wanted["zoneTag"]] if wanted.get("zoneTag") else [])]
        return [
            {"zoneTag": tag, "loadBalancingRequestsAdaptiveGroups": partial(self._groups, tag)}
            for tag in tags[: asked.get("limit")]
        ]

    def _groups(self, tag: str, info: GraphQLResolveInfo, **asked: Any) -> list[Json]:
        with self._lock:
            visible = [sample for sample in self._samples if sample.second <= self._now() - self._delay]
        chosen = [sample for sample in visible if sample.zone == tag and _passes(sample, asked.get("filter") or {})]
        wanted = _dimensions(info)
        counts: dict[tuple[str, ...], int] = {}
        for sample in chosen:
            key = tuple(_dimension(sample, name) for name in wanted)
            counts[key] = counts.get(key, 0) + sample.requests
        groups = [
            {"count": count, "avg": {"sampleInterval": 1.0}, "dimensions": dict(zip(wanted, key, strict=True))}
            for key, count in counts.items()
        ]
        for order in reversed(asked.get("orderBy") or ()):
            name, _, way = order.rpartition("_")
            groups.sort(key=lambda group: _sort_key(group, name), reverse=way == "DESC")
        return groups[: int(asked["limit"])]


def _sort_key(group: Json, name: str) -> Any:
    return group["count"] if name == "count" else group["dimensions"].get(name, "")


def _dimensions(info: GraphQLResolveInfo) -> list[str]:
    """The dimensions that a query selects, by which it is grouped."""
    names: list[str] = []
    for node in info.field_nodes:
        for group in node.selection_set.selections if node.selection_set else ():
            if isinstance(group, FieldNode) and group.name.value == "dimensions" and group.selection_set:
                names += [field.name.value for field in group.selection_set.selections if isinstance(field, FieldNode)]
    return list(dict.fromkeys(name for name in names if name in DIMENSIONS))


def _dimension(sample: Sample, name: str) -> str:
    if name not in BUCKETS:
        return sample.labels.get(name, "")
    return _time(sample.second - sample.second % BUCKETS[name])


def _passes(sample: Sample, wanted: Json) -> bool:
    return all(_holds(sample, name, value) for name, value in wanted.items())


def _holds(sample: Sample, name: str, value: Any) -> bool:
    if name == "AND":
        return all(_passes(sample, part) for part in value)
    if name == "OR":
        return any(_passes(sample, part) for part in value)
    field, _, operator = name.partition("_")
    if field == "datetime":
        at, bound = float(sample.second), _seconds(value)
        return {"geq": at >= bound, "gt": at > bound, "leq": at <= bound, "lt": at < bound}[operator]
    label = sample.labels.get(field, "")
    return bool(label in value if operator == "in" else label != value if operator == "neq" else label == value)


def _seconds(text: str) -> float:
    return datetime.datetime.fromisoformat(text).timestamp()


def _time(second: int) -> str:
    return datetime.datetime.fromtimestamp(second, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
