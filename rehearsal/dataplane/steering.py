"""How Cloudflare load balancing picks pool and origin for a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rehearsal.children import Json
from rehearsal.dataplane.spread import Spread


@dataclass(frozen=True, slots=True)
class Origin:
    """One endpoint of a pool; ``host`` is the Host header it gets instead of the visitor's."""

    name: str
    address: str
    weight: float
    host: str | None


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
    """A load balancer as the edge obeys it."""

    id: str
    policy: Literal["random", "off"]
    pools: tuple[Pool, ...]
    fallback: str
    failover: bool

    @classmethod
    def of(cls, row: Json) -> Balancer:
        """Read the table's row.

        Raises:
            ValueError: the balancer steers or binds sessions in a way that the rehearsal does not know.
        """
        if row["steering_policy"] not in ("random", "off"):
            raise ValueError(f"the rehearsal's edge knows no steering policy {row['steering_policy']!r}")
        if row.get("session_affinity", "none") not in ("none", ""):
            raise ValueError(f"the rehearsal's edge knows no session affinity {row['session_affinity']!r}")
        weights: Json = row.get("pool_weights") or {}
        default = float(row["default_weight"])
        return cls(
            id=row["id"],
            policy=row["steering_policy"],
            pools=tuple(_pool(pool, float(weights.get(pool["id"], default))) for pool in row["pools"]),
            fallback=row["fallback_pool"],
            failover=bool(row["failover_across_pools"]),
        )


class Steering:
    """The choices for one balancer. Keeps its place in the spreads when the table changes."""

    def __init__(self, balancer_id: str) -> None:
        self._pools = Spread(balancer_id)
        self._origins: dict[str, Spread] = {}

    def attempts(self, balancer: Balancer) -> list[tuple[Pool, Origin]]:
        """Where to send a request, and after it the one place to try when no connection can be made there.

        That is another origin of the pool or, with failover across pools, an origin of the next usable pool
        (Cloudflare's zero-downtime failover retries once). Empty where the pool has no origin with a weight.
        """
        pool = self._pool(balancer)
        origin = self._origin(pool, but=None)
        if origin is None:
            return []
        first = (pool, origin)
        others = [pool]
        if balancer.failover:
            others += sorted(_usable(balancer, but=pool), key=lambda other: -other.weight)
        for other in others:
            spare = self._origin(other, but=origin)
            if spare is not None:
                return [first, (other, spare)]
        return [first]

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


def _usable(balancer: Balancer, but: Pool | None) -> list[Pool]:
    return [pool for pool in balancer.pools if pool.usable and pool != but]


def _pool(row: Json, weight: float) -> Pool:
    return Pool(
        id=row["id"],
        name=row["name"],
        usable=row["enabled"] and row["healthy"],
        weight=weight,
        origins=tuple(
            Origin(origin["name"], origin["address"], float(origin["weight"]), origin["host"])
            for origin in row["origins"]
            if origin["enabled"]
        ),
    )
