"""What Cloudflare takes and refuses of load balancing objects.

Ranges and steps are those of its published OpenAPI schema; the texts of refusals follow those seen in public issues.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from rehearsal.cloudflare.store import Store, Zone, pools_of
from rehearsal.cloudflare.world import CloudflareError, refused
from rehearsal.restapi import Json

NAME = re.compile(r"[A-Za-z0-9_-]+")
REGIONS = ["WNAM", "ENAM", "WEU", "EEU", "NSAM", "SSAM", "OC", "ME", "NAF", "SAF", "SAS", "SEAS", "NEAS", "ALL_REGIONS"]
STEERING_FOR_ALL = ("", "off", "random")
STEERING_BY_SUBSCRIPTION = ("geo", "dynamic_latency", "proximity", "least_outstanding_requests", "least_connections")
AFFINITY_TTL = {"cookie": (1800, 604800), "ip_cookie": (1800, 604800), "header": (30, 3600)}
MOST_ORIGINS = 20
_HTTP = ("http", "https")

MONITOR: Json = {
    "type": "http",
    "description": "",
    "method": "GET",
    "path": "/",
    "header": {},
    "port": 0,
    "timeout": 5,
    "retries": 2,
    "interval": 60,
    "expected_body": "",
    "expected_codes": "",
    "follow_redirects": False,
    "allow_insecure": False,
    "consecutive_up": 0,
    "consecutive_down": 0,
    "probe_zone": "",
}
POOL: Json = {
    "name": None,
    "description": "",
    "enabled": True,
    "minimum_origins": 1,
    "monitor": "",
    "origins": None,
    "check_regions": None,
    "notification_email": "",
    "notification_filter": None,
    "origin_steering": {"policy": "random"},
    "load_shedding": {
        "default_policy": "random",
        "default_percent": 0,
        "session_policy": "hash",
        "session_percent": 0,
    },
    "latitude": None,
    "longitude": None,
    "networks": None,
    "monitor_group": None,
    "health_sources": None,
}
BALANCER: Json = {
    "name": None,
    "description": "",
    "enabled": True,
    "ttl": 30,
    "proxied": False,
    "default_pools": None,
    "fallback_pool": None,
    "region_pools": {},
    "country_pools": {},
    "pop_pools": {},
    "steering_policy": "",
    "random_steering": {"default_weight": 1},
    "session_affinity": "none",
    "session_affinity_ttl": None,
    "session_affinity_attributes": {
        "samesite": "Auto",
        "secure": "Auto",
        "drain_duration": 0,
        "zero_downtime_failover": "none",
    },
    "adaptive_routing": {"failover_across_pools": False},
    "location_strategy": {"mode": "pop", "prefer_ecs": "proximity"},
    "rules": [],
    "networks": None,
}


def monitor(wanted: Json) -> Json:
    """A whole monitor from what was sent, or a refusal."""
    made = {**MONITOR, **_known(wanted, MONITOR)}
    kinds = (*_HTTP, "tcp", "udp_icmp", "icmp_ping", "smtp")
    _one_of("type", made["type"], kinds)
    _whole("interval", made["interval"], 5, 3600)
    _whole("timeout", made["timeout"], 1, 10)
    _whole("retries", made["retries"], 0, 5)
    _whole("port", made["port"], 0, 65535)
    if made["type"] in _HTTP:
        if not re.fullmatch(r"(\d{3}|\dxx)(,\s*(\d{3}|\dxx))*", str(made["expected_codes"])):
            raise refused(f"expected_codes {made['expected_codes']!r} must be given, as in 200 or 2xx")
        if not str(made["path"]).startswith("/"):
            raise refused("path must begin with /")
        headers = made["header"]
        if not isinstance(headers, dict) or not all(isinstance(values, list) for values in headers.values()):
            raise refused("header must map names to lists of values")
    elif not made["port"] and made["type"] in ("tcp", "smtp"):
        raise refused(f"port is required for {made['type']} monitors")
    return made


def pool(wanted: Json, store: Store) -> Json:
    """A whole pool from what was sent, or a refusal."""
    made = {**POOL, **_known(wanted, POOL, also=("disabled_at",))}
    if not isinstance(made["name"], str) or not NAME.fullmatch(made["name"]):
        raise refused(f"invalid pool name {made['name']!r}: only alphanumeric characters, hyphens and underscores")
    if made["monitor"] and made["monitor"] not in store.monitors:
        raise refused(f"monitor {made['monitor']} not found")
    for region in made["check_regions"] or ():
        _one_of("check_regions", region, REGIONS)
    _boolean("enabled", made["enabled"])
    made["origins"] = _origins(made["origins"], store)
    _whole("minimum_origins", made["minimum_origins"], 0, len(made["origins"]))
    return {field: value for field, value in made.items() if value is not None or field == "check_regions"}


def balancer(wanted: Json, zone: Zone, store: Store) -> Json:
    """A whole load balancer from what was sent, or a refusal."""
    made = {**BALANCER, **_known(wanted, BALANCER)}
    name = made["name"]
    if not isinstance(name, str) or not zone.covers(name):
        raise refused(f"invalid hostname: {name}")
    if not isinstance(made["default_pools"], list) or not made["default_pools"]:
        raise refused("default_pools must name at least one pool")
    if not made["fallback_pool"]:
        raise refused("fallback_pool must be given")
    for pool_id in pools_of(made):
        if pool_id not in store.pools:
            raise refused(f"pool {pool_id} not found")
    for field in ("proxied", "enabled"):
        _boolean(field, made[field])
    _one_of("steering_policy", made["steering_policy"], (*STEERING_FOR_ALL, *STEERING_BY_SUBSCRIPTION))
    if made["steering_policy"] in STEERING_BY_SUBSCRIPTION:
        raise refused(f"steering policy {made['steering_policy']} is not allowed with this subscription")
    made["random_steering"] = _random_steering(made["random_steering"], store)
    made["steering_policy"] = made["steering_policy"] or "off"
    _affinity(made)
    _boolean("failover_across_pools", (made["adaptive_routing"] or {}).get("failover_across_pools", False))
    return {field: value for field, value in made.items() if value is not None}


def _origins(origins: Any, store: Store) -> list[Json]:
    """The origins with their defaults, sorted by name as Cloudflare shows them."""
    if not isinstance(origins, list) or not 1 <= len(origins) <= MOST_ORIGINS:
        raise refused(f"the origin list length must be in range [1, {MOST_ORIGINS}]")
    made = [_origin(origin, store) for origin in origins]
    for field in ("name", "address"):
        if len({origin[field] for origin in made}) < len(made):
            raise refused(f"origins must not share a {field}")
    return sorted(made, key=lambda origin: str(origin["name"]))


def _origin(origin: Any, store: Store) -> Json:
    defaults: Json = {"name": None, "address": None, "enabled": True, "weight": 1, "port": 0}
    if not isinstance(origin, dict):
        raise refused("an origin must be an object")
    made = {
        **defaults,
        **_known(origin, defaults, also=("header", "virtual_network_id", "disabled_at", "flatten_cname")),
    }
    for field in ("name", "address"):
        if not isinstance(made[field], str) or not made[field]:
            raise refused(f"an origin must have a {field}")
    _step("weight", made["weight"], 100)
    _boolean("enabled", made["enabled"])
    _whole("port", made["port"], 0, 65535)
    hosts = (made.get("header") or {}).get("Host", [])
    if not isinstance(hosts, list) or len(hosts) > 1:
        raise refused("an origin takes one Host header")
    for host in hosts:
        if host != made["address"] and not any(zone.covers(host) for zone in store.zones.values()):
            raise refused(f'Host header "{host}" not allowed for origin domain "{made["address"]}"')
    return {field: value for field, value in made.items() if value is not None}


def _random_steering(steering: Any, store: Store) -> Json:
    """A random_steering object is taken whole: what it does not say falls back to the defaults."""
    if not isinstance(steering, dict):
        raise refused("random_steering must be an object")
    made: Json = {"default_weight": 1, **_known(steering, {"default_weight": 1, "pool_weights": {}})}
    _step("default_weight", made["default_weight"], 10)
    for pool_id, weight in (made.get("pool_weights") or {}).items():
        if pool_id not in store.pools:
            raise refused(f"pool {pool_id} in pool_weights not found")
        _step(f"pool_weights.{pool_id}", weight, 100)
    return made


def _affinity(made: Json) -> None:
    made["session_affinity"] = made["session_affinity"] or "none"
    _one_of("session_affinity", made["session_affinity"], ("none", *AFFINITY_TTL))
    ttl, limits = made["session_affinity_ttl"], AFFINITY_TTL.get(made["session_affinity"])
    if ttl and limits:
        _whole("session_affinity_ttl", ttl, *limits)
    attributes = {**BALANCER["session_affinity_attributes"], **(made["session_affinity_attributes"] or {})}
    _one_of("zero_downtime_failover", attributes["zero_downtime_failover"], ("none", "temporary", "sticky"))
    _whole("drain_duration", attributes["drain_duration"], 0, 3600)
    made["session_affinity_attributes"] = attributes


def unique(name: str, others: Iterable[Json]) -> None:
    """Refuse a name that another object has."""
    if any(other["name"] == name for other in others):
        raise CloudflareError(400, 1003, "value not unique")


def _known(wanted: Json, fields: Iterable[str], also: tuple[str, ...] = ()) -> Json:
    """What was sent, without what only Cloudflare sets. An unknown field is refused: to ignore it would hide a typo."""
    own = {"id", "created_on", "modified_on", "zone_name"}
    if unknown := wanted.keys() - set(fields) - set(also) - own:
        raise refused(f"unknown field {', '.join(sorted(unknown))}")
    return {field: value for field, value in wanted.items() if field not in own}


def _one_of(field: str, value: Any, allowed: Iterable[str]) -> None:
    if value not in tuple(allowed):
        raise refused(f"{field} {value!r} is not one of {', '.join(map(repr, allowed))}")


def _boolean(field: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise refused(f"{field} must be true or false")


def _whole(field: str, value: Any, least: int, most: int) -> None:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or value != int(value)
        or not least <= value <= most
    ):
        raise refused(f"{field} {value!r} must be in range [{least}, {most}]")


def _step(field: str, value: Any, steps: int) -> None:
    """A share of 0 to 1 in so many steps."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise refused(f"{field} {value!r} must be in range [0, 1]")
    if abs(value * steps - round(value * steps)) > 1e-9:
        raise refused(f"{field} {value!r} must be a multiple of {1 / steps:g}")
