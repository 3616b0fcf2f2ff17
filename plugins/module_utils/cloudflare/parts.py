"""Monitors, pools and load balancers as Cloudflare tells them, as plans compare them, and as requests set them.

A :class:`Part` is one of these things in the few fields that we own, with names in place of Cloudflare's ids. Both
the wanted and the present things go through it, so ``==`` compares like with like; fields that we do not own are left
as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import Options

POOLS: Options = {name: {"type": "str", "required": True} for name in ("zone", "hostname", "old", "new")}
"""The two pools behind a hostname (documentation fragment ``offramp.ecs.pools``)."""

SIDE: Options = {
    "pool": {"type": "str", "required": True},
    "address": {"type": "str", "required": True},
    "host": {"type": "str", "required": True},
}
"""One platform: its pool, and where and under which name its origin is asked."""

MONITOR: Options = {
    "path": {"type": "str", "default": "/health"},
    "expected_codes": {"type": "str", "default": "200"},
    "interval": {"type": "int", "default": 60},
    "timeout": {"type": "int", "default": 5},
    "retries": {"type": "int", "default": 2},
}
"""How Cloudflare looks whether a pool is healthy."""

Row = Mapping[str, Any]
Rows = Sequence[Row]
Kind = Literal["monitor", "pool", "load balancer"]

_MONITOR_FIELDS = (
    "type",
    "method",
    "path",
    "port",
    "interval",
    "timeout",
    "retries",
    "expected_codes",
    "follow_redirects",
    "allow_insecure",
)
_MONITOR_MARK = "offramp: "


@dataclass(frozen=True)
class Zone:
    """A zone, and the account that owns its monitors and pools."""

    id: str
    name: str
    account: str
    status: str = "active"
    plan: str = ""


@dataclass(frozen=True)
class Part:
    """One thing in the fields that we own.

    Attributes:
        kind: what it is.
        name: a pool's name; of a monitor the name of its pool (Cloudflare's monitors have no name of their own, so the
            description holds it); a load balancer's hostname.
        owned: its fields, readable, with names instead of ids.
        raw: the thing as Cloudflare told it, empty where it is only wanted.
        at_first: what is set when the thing is made and belongs to somebody else from then on, readable.
    """

    kind: Kind
    name: str
    owned: Row
    raw: Row = field(default_factory=dict, compare=False, repr=False)
    at_first: Row = field(default_factory=dict, compare=False)

    @property
    def target(self) -> str:
        """The thing in a sentence."""
        return f"Cloudflare {self.kind} {self.name}"


@dataclass(frozen=True)
class Ground:
    """What a zone and its account hold for one hostname; ``elsewhere`` are other hostnames that use its pools."""

    zone: Zone
    monitors: Mapping[str, Part]
    pools: Mapping[str, Part]
    balancer: Optional[Part]
    elsewhere: tuple[str, ...] = ()

    def find(self, kind: Kind, name: str) -> Optional[Part]:
        """The thing that is there under this name."""
        if kind == "load balancer":
            return self.balancer
        return (self.monitors if kind == "monitor" else self.pools).get(name)


def monitor_part(row: Row) -> Part:
    """A monitor as Cloudflare tells it; one that is not ours has no name."""
    description = str(row.get("description") or "")
    name = description[len(_MONITOR_MARK) :] if description.startswith(_MONITOR_MARK) else ""
    owned = {key: row.get(key) for key in _MONITOR_FIELDS}
    return Part("monitor", name, {**owned, "host": _host(row)}, row)


def pool_part(row: Row, monitor_names: Mapping[str, str]) -> Part:
    """A pool as Cloudflare tells it. Cloudflare sorts its origins as it likes, so they are compared by name."""
    origins = {str(origin["name"]): origin_owned(origin) for origin in row.get("origins") or []}
    owned = {
        "enabled": row.get("enabled", True),
        "minimum_origins": row.get("minimum_origins", 1),
        "monitor": monitor_names.get(str(row.get("monitor") or ""), ""),
        "origins": origins,
    }
    return Part("pool", str(row["name"]), owned, row)


def origin_owned(origin: Row) -> dict[str, Any]:
    """The fields of an origin that we own."""
    return {
        "address": origin.get("address"),
        "enabled": origin.get("enabled", True),
        "weight": float(origin.get("weight", 1)),
        "host": _host(origin),
    }


def balancer_part(row: Row, pool_names: Mapping[str, str]) -> Part:
    """A load balancer as Cloudflare tells it, without its weights."""
    owned = {
        "enabled": row.get("enabled", True),
        "proxied": row.get("proxied", False),
        "steering_policy": row.get("steering_policy") or "off",
        "session_affinity": row.get("session_affinity") or "none",
        "pools": [pool_names.get(str(pool), str(pool)) for pool in row.get("default_pools") or []],
        "fallback_pool": pool_names.get(str(row.get("fallback_pool")), str(row.get("fallback_pool"))),
        "failover_across_pools": bool((row.get("adaptive_routing") or {}).get("failover_across_pools", False)),
    }
    return Part("load balancer", str(row["name"]), owned, row)


def wanted_monitor(pool: str, host: str, options: Row) -> Part:
    """A monitor by HTTPS with the certificate checked; ``options`` are the rest of its fields."""
    fixed = {"type": "https", "method": "GET", "port": 443, "follow_redirects": False, "allow_insecure": False}
    return Part("monitor", pool, {**fixed, **options, "host": host})


def wanted_pool(name: str, address: Optional[str], host: str) -> Part:
    """A pool of one origin, with the monitor of its own name."""
    origin = {"address": address, "enabled": True, "weight": 1.0, "host": host}
    owned = {"enabled": True, "minimum_origins": 1, "monitor": name, "origins": {name: origin}}
    return Part("pool", name, owned)


def with_address(part: Part, present: Optional[Part], record: str) -> Part:
    """A pool whose address was not given keeps the one it has, or takes what the DNS record points at.

    Raises:
        BadInput: neither is there.
    """
    origin = part.owned.get("origins", {}).get(part.name)
    if origin is None or origin["address"]:
        return part
    there = present.owned["origins"].get(part.name, {}).get("address") if present else None
    if not (there or record):
        raise BadInput(
            f"No DNS record tells where {part.name} is.", target=part.target, hint="Give the address of its origin."
        )
    return replace(part, owned={**part.owned, "origins": {part.name: {**origin, "address": there or record}}})


def wanted_balancer(hostname: str, old: str, new: str) -> Part:
    """A proxied load balancer between two pools by their weights, which falls back on the old one."""
    owned = {
        "enabled": True,
        "proxied": True,
        "steering_policy": "random",
        "session_affinity": "none",
        "pools": [old, new],
        "fallback_pool": old,
        "failover_across_pools": True,
    }
    return Part("load balancer", hostname, owned, at_first={"weights": {old: "100 %", new: "0 %"}})


def weights_of(balancer: Optional[Part], pools: Mapping[str, Part]) -> dict[str, float]:
    """Pool name -> weight, of the pools that are ours and that the balancer names; empty where there is none."""
    if balancer is None:
        return {}
    steering, named = balancer.raw.get("random_steering") or {}, balancer.owned["pools"]
    default, given = steering.get("default_weight", 1), steering.get("pool_weights") or {}
    return {name: round(float(given.get(part.raw["id"], default)), 2) for name, part in pools.items() if name in named}


def weights_for(old: str, new: str, share: int) -> dict[str, float]:
    """The weights that give the new pool a share in percent."""
    return {old: round((100 - share) / 100, 2), new: round(share / 100, 2)}


def weighted_share(weights: Mapping[str, float], name: str) -> int:
    """A pool's share in percent by the weights alone."""
    total = sum(weights.values())
    return round(100 * weights.get(name, 0.0) / total) if total else 0


def share_of(ground: Ground, old: str, new: str) -> int:
    """The new pool's share in percent as it is in force: none while it, or the load balancer, is disabled."""
    if not is_open(ground, new):
        return 0
    weights = weights_of(ground.balancer, ground.pools)
    return weighted_share({name: weights.get(name, 0.0) for name in (old, new)}, new)


def is_open(ground: Ground, new: str) -> bool:
    """Whether the new pool can get traffic at all."""
    pool = ground.pools.get(new)
    return bool(pool and ground.balancer and pool.owned["enabled"] and ground.balancer.owned["enabled"])


def monitor_body(part: Part) -> dict[str, Any]:
    fields = {key: part.owned[key] for key in _MONITOR_FIELDS}
    return {**fields, "description": f"{_MONITOR_MARK}{part.name}", "header": {"Host": [part.owned["host"]]}}


def pool_body(part: Part, monitor_id: str) -> dict[str, Any]:
    present = {origin["name"]: origin for origin in part.raw.get("origins") or []}
    origins = [
        {
            **{key: value for key, value in present.get(name, {}).items() if value is not None},
            **{key: owned[key] for key in ("address", "enabled", "weight")},
            "name": name,
            "header": {"Host": [owned["host"]]},
        }
        for name, owned in sorted(part.owned["origins"].items())
    ]
    fields = {key: part.owned[key] for key in ("enabled", "minimum_origins")}
    return {**fields, "name": part.name, "monitor": monitor_id, "origins": origins}


def balancer_body(part: Part, pool_ids: Mapping[str, str]) -> dict[str, Any]:
    """Weights go along only when the load balancer is made: all to the first pool."""
    first, *others = [pool_ids[name] for name in part.owned["pools"]]
    body = {key: part.owned[key] for key in ("enabled", "proxied", "steering_policy", "session_affinity")}
    routing = {**(part.raw.get("adaptive_routing") or {}), "failover_across_pools": part.owned["failover_across_pools"]}
    body |= {
        "name": part.name,
        "default_pools": [first, *others],
        "fallback_pool": pool_ids[part.owned["fallback_pool"]],
        "adaptive_routing": routing,
    }
    if not part.raw:
        body["random_steering"] = steering({first: 1.0, **dict.fromkeys(others, 0.0)})
    return body


def steering(weights: Mapping[str, float]) -> dict[str, Any]:
    """The whole ``random_steering`` object; a part of it has been seen to reset the rest."""
    return {"default_weight": 0, "pool_weights": dict(weights)}


def _host(row: Row) -> str:
    header = row.get("header") or {}
    return str(next(iter(header.get("Host") or header.get("host") or []), ""))
