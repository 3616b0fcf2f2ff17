"""How Cloudflare load balancing picks pool and origin for a request."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from rehearsal.children import Json
from rehearsal.dataplane.spread import Spread

DAY_LESS_AN_HOUR = 82800
"""Seconds that a binding lasts unless the balancer says otherwise."""


@dataclass(frozen=True, slots=True)
class Origin:
    """One endpoint of a pool; ``host`` is the Host header it gets instead of the visitor's; port 0: the usual one."""

    name: str
    address: str
    weight: float
    host: str | None
    port: int = 0


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool with its enabled origins; ``usable`` pools are enabled and healthy."""

    id: str
    name: str
    usable: bool
    weight: float
    origins: tuple[Origin, ...]


@dataclass(frozen=True, slots=True)
class Balancer:
    """A load balancer as the edge obeys it; with ``binds`` a visitor stays for ``ttl`` seconds where it came first."""

    id: str
    policy: Literal["random", "off"]
    pools: tuple[Pool, ...]
    fallback: str
    failover: bool
    binds: bool
    ttl: int

    @classmethod
    def of(cls, row: Json) -> Balancer:
        """Read the table's row.

        Raises:
            ValueError: the balancer steers or binds sessions in a way that the rehearsal does not know.
        """
        if row["steering_policy"] not in ("random", "off"):
            raise ValueError(f"the rehearsal's edge knows no steering policy {row['steering_policy']!r}")
        if row.get("session_affinity", "none") not in ("none", "cookie", "ip_cookie"):
            raise ValueError(f"the rehearsal's edge knows no session affinity {row['session_affinity']!r}")
        weights: Json = row.get("pool_weights") or {}
        default = float(row["default_weight"])
        return cls(
            id=row["id"],
            policy=row["steering_policy"],
            pools=tuple(_pool(pool, float(weights.get(pool["id"], default))) for pool in row["pools"]),
            fallback=row["fallback_pool"],
            failover=bool(row["failover_across_pools"]),
            binds=row.get("session_affinity", "none") != "none",
            ttl=int(row.get("session_affinity_ttl") or DAY_LESS_AN_HOUR),
        )


class Steering:
    """The choices for one balancer. Keeps its place in the spreads when the table changes."""

    def __init__(self, balancer_id: str) -> None:
        self._pools = Spread(balancer_id)
        self._origins: dict[str, Spread] = {}

    def attempts(self, balancer: Balancer, bound: str | None = None) -> list[tuple[Pool, Origin]]:
        """Where to send a request, and after it the one place to try when no connection can be made there.

        That is another origin of the pool or, with failover across pools, an origin of the next usable pool
        (Cloudflare's zero-downtime failover retries once). Empty where the pool has no origin with a weight.
        ``bound`` is the :func:`binding` of an earlier request: it holds as long as the pool is usable, whatever the
        weights have become since.
        """
        first = _bound(balancer, bound) or self._fresh(balancer)
        if first is None:
            return []
        pool, origin = first
        others = [pool]
        if balancer.failover:
            others += sorted(_usable(balancer, but=pool), key=lambda other: -other.weight)
        for other in others:
            spare = self._origin(other, but=origin)
            if spare is not None:
                return [first, (other, spare)]
        return [first]

    def _fresh(self, balancer: Balancer) -> tuple[Pool, Origin] | None:
        pool = self._pool(balancer)
        origin = self._origin(pool, but=None)
        return None if origin is None else (pool, origin)

    def _pool(self, balancer: Balancer) -> Pool:
        usable = _usable(balancer, but=None)
        if usable and balancer.policy == "off":
            return usable[0]
        picked = self._pools.pick([pool.weight for pool in usable])
        if picked is not None:
            return usable[picked]
        return next(pool for pool in balancer.pools if pool.id == balancer.fallback)

    def _origin(self, pool: Pool, but: Origin | None) -> Origin | None:
        origins = [origin for origin in pool.origins if origin != but]
        picked = self._origins.setdefault(pool.id, Spread(pool.id)).pick([origin.weight for origin in origins])
        return None if picked is None else origins[picked]


def binding(pool: Pool, origin: Origin) -> str:
    """What a visitor's cookie says of where it came first; opaque, as Cloudflare's is."""
    return hashlib.sha256(f"{pool.id}/{origin.name}".encode()).hexdigest()[:32]


def _bound(balancer: Balancer, bound: str | None) -> tuple[Pool, Origin] | None:
    if not balancer.binds or bound is None:
        return None
    places = ((pool, origin) for pool in _usable(balancer, but=None) for origin in pool.origins)
    return next((place for place in places if binding(*place) == bound), None)


def _usable(balancer: Balancer, but: Pool | None) -> list[Pool]:
    return [pool for pool in balancer.pools if pool.usable and pool != but]


def _pool(row: Json, weight: float) -> Pool:
    return Pool(
        id=row["id"],
        name=row["name"],
        usable=row["enabled"] and row["healthy"],
        weight=weight,
        origins=tuple(
            Origin(origin["name"], origin["address"], float(origin["weight"]), origin["host"], origin.get("port", 0))
            for origin in row["origins"]
            if origin["enabled"]
        ),
    )
