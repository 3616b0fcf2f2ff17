"""What the Cloudflare stand-in knows. Things are kept as the JSON that the API shows of them."""

from __future__ import annotations

import copy
import datetime
import hashlib
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from rehearsal.heroku.store import herokudns
from rehearsal.restapi import Json
from rehearsal.seed import Cloudflare as SeedCloudflare
from rehearsal.seed import DnsRecord

ACCOUNT = hashlib.md5(b"bond account", usedforsecurity=False).hexdigest()
HEROKU = "heroku:"
"""In a seed: a CNAME to the DNS target that Heroku gave to a domain."""


def new_id() -> str:
    """An id as Cloudflare makes them: 32 hex digits."""
    return uuid.uuid4().hex


def stamp() -> str:
    """The present as Cloudflare writes it."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass
class Zone:
    """A zone; records and balancers by id."""

    id: str
    name: str
    load_balancing: bool
    created_on: str
    records: dict[str, Json] = field(default_factory=dict)
    balancers: dict[str, Json] = field(default_factory=dict)

    def covers(self, name: str) -> bool:
        """Whether a DNS name lies in this zone."""
        return name == self.name or name.endswith(f".{self.name}")


Contents = tuple[dict[str, Zone], dict[str, Json], dict[str, Json], dict[str, list[str]], dict[str, Json]]
"""Zones, monitors, pools, the ranges of the edge, and the health of pools."""


class Store:
    """The account's zones, monitors and pools; ``lock`` guards them all."""

    def __init__(self, seed: SeedCloudflare) -> None:
        self.lock = threading.RLock()
        self.zones: dict[str, Zone] = {}
        self.monitors: dict[str, Json] = {}
        self.pools: dict[str, Json] = {}
        self.ranges = {"ipv4": list(seed.ipv4_ranges), "ipv6": list(seed.ipv6_ranges)}
        self.health: dict[str, Json] = {}
        """Pool id -> what the edge last reported of it."""
        for name, zone in seed.zones.items():
            made = Zone(
                hashlib.md5(name.encode(), usedforsecurity=False).hexdigest(), name, zone.load_balancing, stamp()
            )
            self.zones[made.id] = made
            for seeded in zone.dns:
                record = _seeded(seeded)
                made.records[record["id"]] = record

    def snapshot(self) -> Contents:
        """A copy of everything, for :meth:`restore`."""
        with self.lock:
            return copy.deepcopy((self.zones, self.monitors, self.pools, self.ranges, self.health))

    def restore(self, contents: Contents) -> None:
        """Let everything be as it was."""
        with self.lock:
            self.zones, self.monitors, self.pools, self.ranges, self.health = copy.deepcopy(contents)

    def cname(self, name: str) -> str:
        """What a resolver finds as the CNAME of a name: nothing where there is none, or the edge stands before it."""
        found = [record for record in self._named(name) if record["type"] == "CNAME" and not record["proxied"]]
        return str(found[0]["content"]).rstrip(".").lower() if found else ""

    def caa(self, name: str) -> list[str]:
        """The CAA records of a name, as a zone file has them."""
        return [str(record["content"]) for record in self._named(name) if record["type"] == "CAA"]

    def _named(self, name: str) -> list[Json]:
        with self.lock:
            records = [record for zone in self.zones.values() for record in zone.records.values()]
            return [record for record in records if record["name"].lower() == name.lower()]

    def balancers(self) -> Iterator[tuple[Zone, Json]]:
        """All load balancers with their zones."""
        for zone in self.zones.values():
            for balancer in zone.balancers.values():
                yield zone, balancer

    def is_healthy(self, pool: Json) -> bool:
        """Whether enough of a pool's origins are healthy. One that nothing has watched yet counts as healthy."""
        healthy = sum(self._seen_healthy(pool, origin) for origin in pool["origins"])
        return pool["id"] not in self.health or healthy >= max(1, pool["minimum_origins"])

    def takes_traffic(self, pool: Json, origin: Json) -> bool:
        """Whether an origin gets requests: in an unhealthy pool (the fallback, say) all enabled ones do."""
        return bool(origin["enabled"]) and (self._seen_healthy(pool, origin) or not self.is_healthy(pool))

    def _seen_healthy(self, pool: Json, origin: Json) -> bool:
        seen = self.health.get(pool["id"], {}).get("origins", {}).get(origin["name"], {})
        return bool(origin["enabled"] and seen.get("healthy", True))

    def forget_unwatched(self) -> None:
        """Forget the health of pools that no monitor watches (any more)."""
        watched = {pool["id"] for pool in self.pools.values() if pool["monitor"] and pool["enabled"]}
        self.health = {pool_id: seen for pool_id, seen in self.health.items() if pool_id in watched}

    def users_of_pool(self, pool_id: str) -> list[Json]:
        """The load balancers that name a pool."""
        return [balancer for _zone, balancer in self.balancers() if pool_id in pools_of(balancer)]

    def users_of_monitor(self, monitor_id: str) -> list[Json]:
        """The pools that a monitor watches."""
        return [pool for pool in self.pools.values() if pool["monitor"] == monitor_id]


def pools_of(balancer: Json) -> list[str]:
    """Every pool that a load balancer names, the default ones first and in their order."""
    named = list(balancer["default_pools"])
    for where in ("region_pools", "country_pools", "pop_pools"):
        for pools in (balancer.get(where) or {}).values():
            named.extend(pools)
    return list(dict.fromkeys([*named, balancer["fallback_pool"]]))


def record_json(kind: str, name: str, content: str, proxied: bool, ttl: int, comment: str | None = None) -> Json:
    """A new DNS record."""
    made = stamp()
    return {
        "id": new_id(),
        "type": kind,
        "name": name,
        "content": content,
        "proxied": proxied,
        "proxiable": kind in ("A", "AAAA", "CNAME"),
        "ttl": ttl,
        "comment": comment,
        "tags": [],
        "settings": {},
        "meta": {},
        "created_on": made,
        "modified_on": made,
    }


def _seeded(record: DnsRecord) -> Json:
    content = record.content
    if content.startswith(HEROKU):
        content = herokudns(content.removeprefix(HEROKU))
    return record_json(record.type, record.name, content, record.proxied, 1)
