"""Monitors, pools and load balancers as Cloudflare tells them, and as plans compare them.

A :class:`Part` is one of these things in the few fields that we own, with names in place of Cloudflare's ids. Both
the wanted and the present things go through it, so ``==`` compares like with like; fields that we do not own are left
as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Optional

from cloudflare import Cloudflare

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.fault import spoken
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.session import read
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Denied, Missing

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
    """

    kind: Kind
    name: str
    owned: Row
    raw: Row = field(default_factory=dict, compare=False, repr=False)

    @property
    def target(self) -> str:
        """The thing in a sentence."""
        return f"Cloudflare {self.kind} {self.name}"


@dataclass(frozen=True)
class Ground:
    """What a zone and its account hold for one hostname."""

    zone: Zone
    monitors: Mapping[str, Part]
    pools: Mapping[str, Part]
    balancer: Optional[Part]

    def find(self, kind: Kind, name: str) -> Optional[Part]:
        """The thing that is there under this name."""
        if kind == "load balancer":
            return self.balancer
        return (self.monitors if kind == "monitor" else self.pools).get(name)


class Balancing:
    """Reads and writes the load balancing of one zone. Writes know the ids of what was read or made before."""

    def __init__(self, api: Cloudflare) -> None:
        self._api = api
        self._zone = Zone("", "", "")
        self._ids: dict[tuple[str, str], str] = {}

    def zone(self, name: str) -> Zone:
        """Find a zone by its name.

        Raises:
            Missing: the token sees no such zone.
        """
        with spoken(f"zone {name}", scope=f"Zone: Read on zone {name}"):
            rows = read(self._api, "/zones", name=name)
        if not rows:
            raise Missing(
                f"Cloudflare has no zone {name} that this token may see.",
                target=f"zone {name}",
                hint="Check the zone's name, and the zones that CLOUDFLARE_API_TOKEN was made for.",
            )
        row = rows[0]
        plan = str((row.get("plan") or {}).get("name", ""))
        return Zone(row["id"], row["name"], row["account"]["id"], row.get("status", ""), plan)

    def ground(self, zone_name: str, hostname: str, pools: Sequence[str]) -> Ground:
        """Read what there is for a hostname: four requests, whatever the number of pools."""
        zone = self._zone = self.zone(zone_name)
        with spoken(f"monitors and pools of account {zone.account}", scope="Load Balancing: Monitors and Pools: Read"):
            monitors = [row.to_dict() for row in self._api.load_balancers.monitors.list(account_id=zone.account)]
            all_pools = [row.to_dict() for row in self._api.load_balancers.pools.list(account_id=zone.account)]
        with spoken(f"load balancers of zone {zone_name}", scope=f"Load Balancers: Read on zone {zone_name}"):
            balancers = [row.to_dict() for row in self._api.load_balancers.list(zone_id=zone.id)]
        return self._learn(zone, hostname, pools, monitors, all_pools, balancers)

    def records(self, hostname: str) -> list[dict[str, Any]]:
        """The DNS records of a hostname in the zone that was read."""
        name = self._zone.name
        with spoken(f"DNS records of {hostname}", scope=f"DNS: Read on zone {name}"):
            rows = read(self._api, f"/zones/{self._zone.id}/dns_records", name=hostname)
        return [{key: row.get(key) for key in ("type", "content", "proxied")} for row in rows]

    def points_at(self, hostname: str) -> str:
        """What the hostname's one address record points at; nothing where there is none or more than one."""
        found = [row["content"] for row in self.records(hostname) if row["type"] in ("A", "AAAA", "CNAME")]
        return str(found[0]) if len(found) == 1 else ""

    def ssl_mode(self) -> str:
        """How Cloudflare speaks to origins ("strict", "full", "flexible"); nothing where the token may not see it."""
        try:
            with spoken(f"TLS mode of zone {self._zone.name}"):
                return str(read(self._api, f"/zones/{self._zone.id}/settings/ssl")["value"])
        except Denied:
            return ""

    def unhealthy(self, pool: str) -> Optional[str]:
        """Why Cloudflare does not hold a pool for healthy, or None where it does.

        Its points of presence tell what they saw; one that saw the pool healthy suffices.
        """
        path = f"{self._path('pool', self._ids['pool', pool])}/health"
        try:
            with spoken(f"health of pool {pool}", scope="Load Balancing: Monitors and Pools: Read"):
                told = read(self._api, path)
        except Missing:  # so Cloudflare answers until the first probe of a new pool
            return "not probed yet"
        places = list(((told or {}).get("pop_health") or {}).values())
        if any(place.get("healthy") for place in places):
            return None
        entries = [entry for place in places for entry in place.get("origins") or []]
        reasons = {_why(origin) for entry in entries for origin in entry.values()}
        return "; ".join(sorted(reasons)) or "not probed yet"

    def create(self, part: Part) -> None:
        """Make a thing."""
        with spoken(part.target, scope=_edit_scope(part, self._zone)):
            self._ids[part.kind, part.name] = self._send(part, None)

    def update(self, part: Part) -> None:
        """Set the fields of a thing that we own; the others stay."""
        with spoken(part.target, scope=_edit_scope(part, self._zone)):
            self._send(part, self._ids[part.kind, part.name])

    def patch(self, kind: Kind, name: str, body: Row) -> None:
        """Set single fields of a thing.

        Raises:
            Missing: there is no such thing.
        """
        part = Part(kind, name, {})
        if (kind, name) not in self._ids:
            raise Missing(
                f"There is no {part.target}.",
                target=part.target,
                hint="Run playbooks/shift.yml first; until then all traffic goes where the DNS record points.",
            )
        with spoken(part.target, scope=_edit_scope(part, self._zone)):
            self._api.patch(self._path(kind, self._ids[kind, name]), cast_to=object, body=dict(body))

    def pool_id(self, name: str) -> str:
        """Cloudflare's id of a pool that was read or made."""
        return self._ids.get(("pool", name), "")

    def _send(self, part: Part, known_id: Optional[str]) -> str:
        body = self._body(part)
        if known_id is None:
            answer = self._api.post(self._path(part.kind), cast_to=object, body=body)
            return str(answer["result"]["id"]) if isinstance(answer, dict) else ""
        self._api.patch(self._path(part.kind, known_id), cast_to=object, body=body)
        return known_id

    def _path(self, kind: Kind, known_id: str = "") -> str:
        collection = {
            "monitor": f"/accounts/{self._zone.account}/load_balancers/monitors",
            "pool": f"/accounts/{self._zone.account}/load_balancers/pools",
            "load balancer": f"/zones/{self._zone.id}/load_balancers",
        }[kind]
        return f"{collection}/{known_id}" if known_id else collection

    def _body(self, part: Part) -> dict[str, Any]:
        if part.kind == "monitor":
            return _monitor_body(part)
        if part.kind == "pool":
            return _pool_body(part, self._ids["monitor", part.owned["monitor"]])
        return _balancer_body(part, {name: made for (kind, name), made in self._ids.items() if kind == "pool"})

    def _learn(
        self, zone: Zone, hostname: str, pools: Sequence[str], monitors: Rows, rows: Rows, balancers: Rows
    ) -> Ground:
        found = {part.name: part for part in map(monitor_part, monitors) if part.name in pools}
        owner_of = {str(part.raw["id"]): part.name for part in found.values()}
        pool_names = {str(row["id"]): str(row["name"]) for row in rows}
        ours = {row["name"]: pool_part(row, owner_of) for row in rows if row["name"] in pools}
        balancer = next((balancer_part(row, pool_names) for row in balancers if row["name"] == hostname), None)
        known = [*found.values(), *ours.values(), *([balancer] if balancer else [])]
        self._ids = {(part.kind, part.name): str(part.raw["id"]) for part in known}
        return Ground(zone, found, ours, balancer)


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


def weights_of(balancer: Optional[Part], pools: Mapping[str, Part]) -> dict[str, float]:
    """Pool name -> weight, of the pools that are ours; empty where there is no load balancer."""
    if balancer is None:
        return {}
    steering = balancer.raw.get("random_steering") or {}
    default, given = steering.get("default_weight", 1), steering.get("pool_weights") or {}
    return {name: round(float(given.get(part.raw["id"], default)), 2) for name, part in pools.items()}


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


def _monitor_body(part: Part) -> dict[str, Any]:
    fields = {key: part.owned[key] for key in _MONITOR_FIELDS}
    return {**fields, "description": f"{_MONITOR_MARK}{part.name}", "header": {"Host": [part.owned["host"]]}}


def _pool_body(part: Part, monitor_id: str) -> dict[str, Any]:
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


def _balancer_body(part: Part, pool_ids: Mapping[str, str]) -> dict[str, Any]:
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


def _edit_scope(part: Part, zone: Zone) -> str:
    if part.kind == "load balancer":
        return f"Load Balancers: Edit on zone {zone.name}"
    return f"Load Balancing: Monitors and Pools: Edit on account {zone.account}"


def _why(origin: Row) -> str:
    if origin.get("healthy"):
        return "healthy"
    return str(origin.get("failure_reason") or origin.get("response_code") or "unhealthy")
