"""What Cloudflare can do and the rehearsal's edge cannot.

It is refused aloud (501): to take a setting and ignore it would make a rehearsal that proves what never happened.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rehearsal.cloudflare.world import CloudflareError
from rehearsal.restapi import Json

_MONITOR = {
    "expected_body": "",
    "follow_redirects": False,
    "consecutive_up": 0,
    "consecutive_down": 0,
    "probe_zone": "",
}
_POOL = {"load_shedding.default_percent": 0, "load_shedding.session_percent": 0, "origin_steering.policy": "random"}
_BALANCER: Json = {
    "session_affinity_attributes.drain_duration": 0,
    "session_affinity_attributes.zero_downtime_failover": "none",
    "region_pools": {},
    "country_pools": {},
    "pop_pools": {},
    "rules": [],
}


def monitor(made: Json) -> Json:
    """A monitor that the edge can follow, or a refusal."""
    if made["type"] not in ("http", "https"):
        raise _cannot("type", made["type"])
    return _plain(made, _MONITOR)


def pool(made: Json) -> Json:
    """A pool that the edge can serve, or a refusal."""
    return _plain(made, _POOL)


def balancer(made: Json) -> Json:
    """A load balancer that the edge can obey, or a refusal."""
    if made["session_affinity"] not in ("none", "cookie", "ip_cookie"):
        raise _cannot("session_affinity", made["session_affinity"])
    return _plain(made, _BALANCER)


def _plain(made: Json, only: Json) -> Json:
    for field, value in only.items():
        if (given := _value(made, field.split("."))) not in (None, value):
            raise _cannot(field, given)
    return made


def _value(made: Any, path: Iterable[str]) -> Any:
    for part in path:
        made = made.get(part) if isinstance(made, dict) else None
    return made


def _cannot(field: str, value: Any) -> CloudflareError:
    return CloudflareError(501, 501, f"The rehearsal's edge cannot do {field} {value!r}.")
