"""Putting a load balancer over a live hostname is itself a cutover: what must be so before. Pure.

A load balancer takes precedence over a DNS record of its name, which stays and serves again when the load balancer is
deleted or disabled (https://developers.cloudflare.com/load-balancing/load-balancers/dns-records/).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.parts import Part
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Refused

_ADDRESSING = ("A", "AAAA", "CNAME")
_PLAIN_MODES = ("off", "flexible")


def addressing(records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those DNS records of a name that lead visitors somewhere."""
    return [record for record in records if record["type"] in _ADDRESSING]


def points_at(records: Sequence[Mapping[str, Any]]) -> str:
    """What the one address record of a name points at; nothing where there is none or more than one."""
    found = addressing(records)
    return str(found[0]["content"]) if len(found) == 1 else ""


def told(records: Sequence[Mapping[str, Any]]) -> str:
    """The records, for a person who may want to go back to them."""
    rows = [(f"{row['type']} {row['content']}", row["proxied"]) for row in addressing(records)]
    return ", ".join(f"{row}{'' if proxied else ' (not proxied)'}" for row, proxied in rows) or "no DNS record"


def displaced(part: Part, records: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """With a load balancer that is made go the DNS records whose place it takes, in the plan and in the ledger."""
    return {"in_place_of": told(records)} if part.kind == "load balancer" else {}


def refuse_adoption(hostname: str, records: Sequence[Mapping[str, Any]], ssl: str, *, unproxied: bool) -> None:
    """Refuse to put a load balancer over a hostname where that would change what visitors meet.

    Args:
        hostname: over which it is to stand.
        records: its DNS records.
        ssl: how Cloudflare speaks to origins; nothing where the token may not see it.
        unproxied: whether a person wants it over a record that is not proxied.

    Raises:
        Refused: with what to do.
    """
    if ssl in _PLAIN_MODES:
        raise Refused(
            f"Cloudflare speaks to origins of {hostname} by plain HTTP (TLS mode {ssl}), and AWS sends that back to "
            "HTTPS, so visitors would go round in a loop.",
            target=f"TLS mode of {hostname}",
            hint="Set the zone's TLS mode to Full (strict), see that Heroku still answers, then run again.",
        )
    grey = [row for row in addressing(records) if not row["proxied"]]
    if grey and not unproxied:
        raise Refused(
            f"The DNS record of {hostname} ({told(grey)}) is not proxied: visitors speak to Heroku directly, and a "
            "load balancer would change certificate, client addresses and limits for them all at once.",
            target=f"DNS record {hostname}",
            hint="Proxy the record first and see that all is well, or say -e shift_adopt_unproxied=true.",
        )
