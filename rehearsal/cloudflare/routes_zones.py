"""Routes about the token, the account, zones and DNS records, and the analytics."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from typing import Any

from rehearsal.cloudflare.store import ACCOUNT, Zone, record_json, stamp
from rehearsal.cloudflare.world import OPEN_TO_ALL, Cloudflare, CloudflareError, body_of, pages, result, row
from rehearsal.restapi import Answer, Asked, Json, Routes

routes: Routes[Cloudflare] = Routes()
RECORDS = "/zones/{zone}/dns_records"
ADDRESSING = ("A", "AAAA", "CNAME")
_TTL = (60, 86400)
_HOST = re.compile(r"([A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?\.)+[A-Za-z0-9-]{2,}\.?")
_FIELDS = {"type", "name", "content", "proxied", "ttl", "comment", "tags", "settings", "data"}
_CAA = re.compile(r'(\d{1,3}) (issue|issuewild|iodef) "([^"]*)"')


@routes.on("GET", "/user/tokens/verify")
@routes.on("GET", "/accounts/{account}/tokens/verify")
def verify(cloudflare: Cloudflare, _asked: Asked) -> Answer:
    """Whether the token is good; who comes here has shown a good one."""
    answer = result({"id": cloudflare.token_id, "status": "active"})
    said = {"code": 10000, "message": "This API Token is valid and active", "type": None}
    return Answer({**answer.content, "messages": [said]})


@routes.on("GET", OPEN_TO_ALL)
def ips(cloudflare: Cloudflare, _asked: Asked) -> Answer:
    """The ranges that the edge connects from; no token is needed."""
    ranges = cloudflare.store.ranges
    etag = hashlib.md5(json.dumps(ranges).encode(), usedforsecurity=False).hexdigest()
    return result({"ipv4_cidrs": ranges["ipv4"], "ipv6_cidrs": ranges["ipv6"], "etag": etag})


@routes.on("GET", "/accounts")
def accounts(_cloudflare: Cloudflare, asked: Asked) -> Answer:
    """The account of the token."""
    return pages([{"id": ACCOUNT, "name": "Bond", "type": "standard"}], asked, per_page=20, most=50)


@routes.on("GET", "/zones")
def zones(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """The zones, all or by name."""
    wanted = asked.query.get("name")
    rows = [_zone(zone) for zone in cloudflare.store.zones.values() if wanted in (None, zone.name)]
    return pages(rows, asked, per_page=20, most=50)


@routes.on("GET", "/zones/{zone}")
def zone_info(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """One zone."""
    return result(_zone(cloudflare.zone(asked)))


@routes.on("GET", "/zones/{zone}/settings/ssl")
def ssl_setting(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """How the edge talks to origins: Full (strict), as the rehearsal's edge really does."""
    zone = cloudflare.zone(asked)
    return result({"id": "ssl", "value": "strict", "editable": True, "modified_on": zone.created_on})


@routes.on("GET", RECORDS)
def records(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """The DNS records of a zone, filtered by type, name and content."""
    rows = list(cloudflare.zone(asked).records.values())
    for field in ("type", "name", "content"):
        wanted = asked.query.get(field) or asked.query.get(f"{field}.exact")
        rows = [record for record in rows if wanted is None or record[field].lower() == wanted.lower()]
    return pages(rows, asked, per_page=100, most=5000)


@routes.on("POST", RECORDS)
def create_record(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """Make a DNS record."""
    zone = cloudflare.zone(asked)
    with cloudflare.store.lock:
        made = _record(body_of(asked), zone)
        _check_conflicts(made, zone.records.values())
        zone.records[made["id"]] = made
    cloudflare.publish()
    return result(made)


@routes.on("GET", f"{RECORDS}/{{id}}")
def record_info(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """One DNS record."""
    return result(_find(cloudflare, asked))


@routes.on("PUT", f"{RECORDS}/{{id}}")
@routes.on("PATCH", f"{RECORDS}/{{id}}")
def change_record(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """Replace (PUT) or change (PATCH) a DNS record."""
    zone = cloudflare.zone(asked)
    with cloudflare.store.lock:
        before = _find(cloudflare, asked)
        sent = {field: value for field, value in before.items() if field in _FIELDS} if asked.method == "PATCH" else {}
        made = _record({**sent, **body_of(asked)}, zone)
        made |= {"id": before["id"], "created_on": before["created_on"], "modified_on": stamp()}
        _check_conflicts(made, (other for other in zone.records.values() if other["id"] != before["id"]))
        zone.records[before["id"]] = made
    cloudflare.publish()
    return result(made)


@routes.on("DELETE", f"{RECORDS}/{{id}}")
def delete_record(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """Delete a DNS record."""
    with cloudflare.store.lock:
        found = _find(cloudflare, asked)
        del cloudflare.zone(asked).records[found["id"]]
    cloudflare.publish()
    return result({"id": found["id"]})


@routes.on("POST", "/graphql")
def graphql(cloudflare: Cloudflare, asked: Asked) -> Answer:
    """The GraphQL analytics; a read, although it is a POST."""
    wanted = body_of(asked)
    return Answer(cloudflare.analytics.answer(str(wanted.get("query", "")), wanted.get("variables") or {}))


def _find(cloudflare: Cloudflare, asked: Asked) -> Json:
    missing = CloudflareError(404, 81044, "Record does not exist.")
    return row(cloudflare.zone(asked).records, asked, missing)


def _zone(zone: Zone) -> Json:
    return {
        "id": zone.id,
        "name": zone.name,
        "status": "active",
        "paused": False,
        "type": "full",
        "development_mode": 0,
        "name_servers": ["lola.ns.cloudflare.com", "rick.ns.cloudflare.com"],
        "original_name_servers": None,
        "original_registrar": None,
        "original_dnshost": None,
        "modified_on": zone.created_on,
        "created_on": zone.created_on,
        "activated_on": zone.created_on,
        "meta": {
            "step": 2,
            "custom_certificate_quota": 1,
            "page_rule_quota": 20,
            "phishing_detected": False,
        },
        "owner": {"id": ACCOUNT, "type": "organization", "name": "Bond"},
        "account": {"id": ACCOUNT, "name": "Bond"},
        "permissions": ["#dns_records:edit", "#dns_records:read", "#lb:edit", "#lb:read", "#zone:read"],
        "plan": {"id": "94f3b7b768b0458b56d2cac4fe5ec0f9", "name": "Pro Website", "price": 25, "currency": "USD"},
    }


def _record(wanted: Json, zone: Zone) -> Json:
    """A whole record from what was sent, or a refusal."""
    kind, content = wanted.get("type"), wanted.get("content")
    if kind == "CAA":
        content = _caa(wanted)
    if kind not in (*ADDRESSING, "CAA", "TXT"):
        raise CloudflareError(501, 501, f"The rehearsal has no DNS records of type {kind}.")
    name = _full_name(wanted.get("name"), zone)
    _check_content(kind, content)
    ttl = wanted.get("ttl", 1)
    if ttl != 1 and not (isinstance(ttl, int | float) and _TTL[0] <= ttl <= _TTL[1]):
        raise CloudflareError(400, 9021, "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.")
    proxied = wanted.get("proxied") is True
    if proxied and kind not in ADDRESSING:
        raise CloudflareError(400, 9004, "This record type cannot be proxied.")
    return record_json(kind, name, str(content), proxied, 1 if proxied else ttl, wanted.get("comment"))


def _full_name(name: Any, zone: Zone) -> str:
    if not isinstance(name, str) or not name:
        raise CloudflareError(400, 9000, "DNS name is invalid.")
    name = name.lower().rstrip(".")
    if name == "@":
        return zone.name
    return name if zone.covers(name) else f"{name}.{zone.name}"


def _caa(wanted: Json) -> str:
    """A CAA record's content, which may be sent as such or in parts as ``data``."""
    data = wanted.get("data")
    content = f'{data.get("flags")} {data.get("tag")} "{data.get("value")}"' if data else str(wanted.get("content"))
    if not _CAA.fullmatch(content):
        raise CloudflareError(400, 9101, "CAA content is invalid.")
    return content


def _check_content(kind: str, content: Any) -> None:
    if not isinstance(content, str) or not content:
        raise CloudflareError(400, 9101, "content is a required field.")
    if kind in ("A", "AAAA"):
        version = 4 if kind == "A" else 6
        if _ip_version(content) != version:
            text = f"Content for {kind} record must be a valid IPv{version} address."
            raise CloudflareError(400, 9005 if kind == "A" else 9006, text)
    if kind == "CNAME" and (not _HOST.fullmatch(content) or _ip_version(content)):
        raise CloudflareError(400, 9007, "Content for CNAME record is invalid.")


def _ip_version(content: str) -> int | None:
    try:
        return ipaddress.ip_address(content).version
    except ValueError:
        return None


def _check_conflicts(made: Json, others: Any) -> None:
    same = [other for other in others if other["name"] == made["name"]]
    if any((other["type"], other["content"]) == (made["type"], made["content"]) for other in same):
        raise CloudflareError(400, 81058, "An identical record already exists.")
    kinds = {other["type"] for other in same if other["type"] in ADDRESSING}
    clashing = kinds if made["type"] == "CNAME" else kinds & {"CNAME"}
    if clashing and made["type"] in ADDRESSING:
        raise CloudflareError(400, 81053, "An A, AAAA, or CNAME record with that host already exists.")
