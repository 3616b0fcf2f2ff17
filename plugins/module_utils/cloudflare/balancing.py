"""Reads and writes monitors, pools and load balancers of one zone at Cloudflare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

from cloudflare import Cloudflare

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.fault import spoken
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.parts import (
    Ground,
    Kind,
    Part,
    Row,
    Rows,
    Zone,
    balancer_body,
    balancer_part,
    monitor_body,
    monitor_part,
    pool_body,
    pool_part,
)
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.session import read
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.zones import find_zone, records
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Denied, Missing

_READ_POOLS = "Load Balancing: Monitors and Pools: Read"


class Balancing:
    """Reads and writes the load balancing of one zone. Writes know the ids of what was read or made before."""

    def __init__(self, api: Cloudflare) -> None:
        self._api = api
        self._zone = Zone("", "", "")
        self._ids: dict[tuple[str, str], str] = {}

    def ground(self, zone_name: str, hostname: str, pools: Sequence[str]) -> Ground:
        """Read what there is for a hostname: four requests, whatever the number of pools."""
        zone = self._zone = find_zone(self._api, zone_name)
        with spoken(f"monitors of account {zone.account}", scope=_READ_POOLS):
            monitors = [row.to_dict() for row in self._api.load_balancers.monitors.list(account_id=zone.account)]
        return self._learn(hostname, pools, monitors)

    def glance(self, zone_name: str, hostname: str, pools: Sequence[str]) -> Ground:
        """The same without monitors: two requests once the zone is known."""
        if self._zone.name != zone_name:
            self._zone = find_zone(self._api, zone_name)
        return self._learn(hostname, pools, [])

    def records(self, hostname: str) -> list[dict[str, Any]]:
        """The DNS records of a hostname in the zone that was read."""
        rows = records(self._api, self._zone, name=hostname)
        return [{key: row.get(key) for key in ("type", "content", "proxied")} for row in rows]

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
            with spoken(f"health of pool {pool}", scope=_READ_POOLS):
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

    def delete(self, kind: Kind, name: str) -> None:
        """Delete a thing that was read."""
        part = Part(kind, name, {})
        with spoken(part.target, scope=_edit_scope(part, self._zone)):
            self._api.delete(self._path(kind, self._ids[kind, name]), cast_to=object)

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
            return monitor_body(part)
        if part.kind == "pool":
            return pool_body(part, self._ids["monitor", part.owned["monitor"]])
        return balancer_body(part, {name: made for (kind, name), made in self._ids.items() if kind == "pool"})

    def _learn(self, hostname: str, pools: Sequence[str], monitors: Rows) -> Ground:
        zone = self._zone
        with spoken(f"pools of account {zone.account}", scope=_READ_POOLS):
            rows: Rows = [row.to_dict() for row in self._api.load_balancers.pools.list(account_id=zone.account)]
        with spoken(f"load balancers of zone {zone.name}", scope=f"Load Balancers: Read on zone {zone.name}"):
            balancers: Rows = [row.to_dict() for row in self._api.load_balancers.list(zone_id=zone.id)]
        found = {part.name: part for part in map(monitor_part, monitors) if part.name in pools}
        owner_of = {str(part.raw["id"]): part.name for part in found.values()}
        pool_names = {str(row["id"]): str(row["name"]) for row in rows}
        ours = {row["name"]: pool_part(row, owner_of) for row in rows if row["name"] in pools}
        balancer = next((balancer_part(row, pool_names) for row in balancers if row["name"] == hostname), None)
        known = [*found.values(), *ours.values(), *([balancer] if balancer else [])]
        self._ids = {(part.kind, part.name): str(part.raw["id"]) for part in known}
        ids = {str(part.raw["id"]) for part in ours.values()}
        elsewhere = [row["name"] for row in balancers if row["name"] != hostname and ids & {*row["default_pools"]}]
        return Ground(zone, found, ours, balancer, tuple(elsewhere))


def _edit_scope(part: Part, zone: Zone) -> str:
    if part.kind == "load balancer":
        return f"Load Balancers: Edit on zone {zone.name}"
    return f"Load Balancing: Monitors and Pools: Edit on account {zone.account}"


def _why(origin: Row) -> str:
    if origin.get("healthy"):
        return "healthy"
    return str(origin.get("failure_reason") or origin.get("response_code") or "unhealthy")
