"""What the edge's process is told: where each host leads, and which pools to watch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from rehearsal.cloudflare.store import Store, Zone
from rehearsal.restapi import Json

_PROBED = (
    *("type", "path", "port", "interval", "timeout", "retries", "header", "method"),
    *("expected_codes", "expected_body", "follow_redirects", "allow_insecure", "consecutive_up", "consecutive_down"),
)


def table(store: Store, names: Mapping[str, Mapping[int, int]], ca: Path, issue: Callable[[list[str]], Path]) -> Json:
    """The edge's whole table."""
    with store.lock:
        hosts = {name: row for zone in store.zones.values() for name, row in _hosts(store, zone).items()}
        certificates = {
            name: str(issue([zone.name, f"*.{zone.name}"]))
            for zone in store.zones.values()
            for name in hosts
            if zone.covers(name)
        }
        return {
            "names": {name: {str(port): real for port, real in ports.items()} for name, ports in names.items()},
            "hosts": hosts,
            "monitors": _monitors(store),
            "certificates": certificates,
            "ca": str(ca),
        }


def _hosts(store: Store, zone: Zone) -> Json:
    """A load balancer takes the place of a DNS record of its name, unless it is disabled."""
    hosts: Json = {
        record["name"]: {"kind": "record", "content": record["content"]}
        for record in zone.records.values()
        if record["proxiable"]
    }
    enabled = [balancer for balancer in zone.balancers.values() if balancer["enabled"]]
    return hosts | {balancer["name"]: _balancer(store, balancer) for balancer in enabled}


def _balancer(store: Store, balancer: Json) -> Json:
    steering = balancer["random_steering"]
    weights, default = steering.get("pool_weights") or {}, balancer["default_pools"]
    fallback = balancer["fallback_pool"]
    only_fallback = {} if fallback in default else {fallback: 0}
    return {
        "kind": "balancer",
        "id": balancer["id"],
        "enabled": balancer["enabled"],
        "pools": [_pool(store, pool_id) for pool_id in [*default, *only_fallback]],
        "fallback_pool": fallback,
        "steering_policy": balancer["steering_policy"],
        "default_weight": steering["default_weight"],
        "pool_weights": {pool: weights.get(pool, steering["default_weight"]) for pool in default} | only_fallback,
        "failover_across_pools": (balancer.get("adaptive_routing") or {}).get("failover_across_pools", False),
        "session_affinity": balancer["session_affinity"],
        "session_affinity_ttl": balancer.get("session_affinity_ttl"),
    }


def shares_of(balancer: Json, pools: Mapping[str, Json]) -> dict[str, float]:
    """Pool name -> its share of the traffic while all pools are healthy; a disabled pool has none."""
    steering = balancer["random_steering"]
    weights = steering.get("pool_weights") or {}
    named = {pool: weights.get(pool, steering["default_weight"]) for pool in balancer["default_pools"]}
    open_ = {pool: weight if pools[pool]["enabled"] else 0.0 for pool, weight in named.items()}
    total = sum(open_.values())
    return {pools[pool]["name"]: weight / total if total else 0.0 for pool, weight in open_.items()}


def _pool(store: Store, pool_id: str) -> Json:
    pool = store.pools[pool_id]
    return {
        "id": pool_id,
        "name": pool["name"],
        "healthy": store.is_healthy(pool),
        "enabled": pool["enabled"],
        "origins": [_origin(origin, store.takes_traffic(pool, origin)) for origin in pool["origins"]],
    }


def _origin(origin: Json, enabled: bool) -> Json:
    hosts = (origin.get("header") or {}).get("Host") or [None]
    return {
        "name": origin["name"],
        "address": origin["address"],
        "port": origin["port"],
        "weight": origin["weight"],
        "enabled": enabled,
        "host": hosts[0],
    }


def _monitors(store: Store) -> Json:
    """By pool: a monitor watches the enabled origins of the pools that name it, disabled pools excepted."""
    return {
        pool["id"]: {
            **{field: store.monitors[pool["monitor"]][field] for field in _PROBED},
            "origins": [_origin(origin, origin["enabled"]) for origin in pool["origins"]],
        }
        for pool in store.pools.values()
        if pool["monitor"] and pool["enabled"]
    }
