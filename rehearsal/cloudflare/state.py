"""What there is on Cloudflare, as plain values: for comparing worlds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from rehearsal.cloudflare.store import Store
from rehearsal.restapi import Json

_RUN = re.compile(r"\b[0-9a-f]{6}(?=: \d+ % on )")
"""The name of the run that set a balancer's weights, in its description: another in each world."""


def state_of(store: Store) -> Json:
    """Zones with their records and balancers, pools and monitors, under their own names where they have one."""
    with store.lock:
        names = {pool["id"]: pool["name"] for pool in store.pools.values()}
        return {
            "zones": {
                zone.name: {
                    "records": _rows(zone.records.values(), {}),
                    "balancers": _rows(zone.balancers.values(), names),
                }
                for zone in store.zones.values()
            },
            "pools": _rows(store.pools.values(), names),
            "monitors": _rows(store.monitors.values(), {}),
            "ranges": dict(store.ranges),
        }


def _rows(rows: Iterable[Json], names: Mapping[str, str]) -> list[Json]:
    return [_named(row, names) for row in rows]


def _named(value: Json, names: Mapping[str, str]) -> Json:
    """``value`` with the names of pools for their ids: the order of a balancer's pools has a meaning, ids have none."""
    if isinstance(value, dict):
        return {names.get(key, key): _named(child, names) for key, child in value.items()}
    if isinstance(value, list):
        return [_named(child, names) for child in value]
    return _RUN.sub("<run>", names.get(value, value)) if isinstance(value, str) else value
