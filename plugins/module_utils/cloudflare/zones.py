"""Zones and their DNS records at Cloudflare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudflare import Cloudflare

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.fault import spoken
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.parts import Zone
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.session import read
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Missing


def find_zone(api: Cloudflare, name: str) -> Zone:
    """Find a zone by its name.

    Raises:
        Missing: the token sees no such zone.
    """
    with spoken(f"zone {name}", scope=f"Zone: Read on zone {name}"):
        rows = read(api, "/zones", name=name)
    if not rows:
        raise Missing(
            f"Cloudflare has no zone {name} that this token may see.",
            target=f"zone {name}",
            hint="Check the zone's name, and the zones that CLOUDFLARE_API_TOKEN was made for.",
        )
    row = rows[0]
    plan = str((row.get("plan") or {}).get("name", ""))
    return Zone(row["id"], row["name"], row["account"]["id"], row.get("status", ""), plan)


def records(api: Cloudflare, zone: Zone, **query: str) -> list[dict[str, Any]]:
    """The DNS records of a zone that fit a query (``name``, ``type``); one page of at most a hundred."""
    about = " ".join(query.values())
    with spoken(f"DNS records of zone {zone.name} ({about})", scope=f"DNS: Read on zone {zone.name}"):
        found: list[dict[str, Any]] = read(api, f"/zones/{zone.id}/dns_records", per_page=100, **query)
    return found


def create_record(api: Cloudflare, zone: Zone, body: Mapping[str, Any]) -> None:
    """Make a DNS record."""
    with spoken(f"DNS record {body['name']}", scope=f"DNS: Edit on zone {zone.name}"):
        api.post(f"/zones/{zone.id}/dns_records", cast_to=object, body=dict(body))


def covers(zone: str, name: str) -> bool:
    """Whether a DNS name lies in a zone."""
    return name.lower() == zone.lower() or name.lower().endswith(f".{zone.lower()}")
