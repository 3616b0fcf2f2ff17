"""What the handlers of Cloudflare's routes work with, and what they do in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.cloudflare.analytics import Analytics
from rehearsal.cloudflare.store import ACCOUNT, Store, Zone
from rehearsal.restapi import Answer, Asked, Json

OPEN_TO_ALL = "/ips"
"""The route that needs no token (its published schema says ``security: []``)."""
_ID = re.compile(r"[0-9a-f]{32}")


class CloudflareError(Exception):
    """An answer that is an error, in Cloudflare's envelope."""

    def __init__(self, status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers = headers or {}


@dataclass
class Cloudflare:
    """The stand-in's parts. Handlers of GET run inside the store's lock; the others take it where they need it."""

    store: Store
    analytics: Analytics
    publish: Callable[[], None]
    """Brings the edge up to date; must not be called in the store's lock."""
    token_id: str

    def zone(self, asked: Asked) -> Zone:
        """The zone that the path names."""
        identity = _identity(asked, "zone")
        if identity not in self.store.zones:
            raise CloudflareError(404, 1001, "Invalid zone identifier")
        return self.store.zones[identity]

    def check_account(self, asked: Asked) -> None:
        """Only the token's own account is open to it."""
        if _identity(asked, "account") != ACCOUNT:
            raise CloudflareError(403, 9109, "Unauthorized to access requested resource")


def result(content: Any) -> Answer:
    """A result in Cloudflare's envelope."""
    return Answer({"result": content, "success": True, "errors": [], "messages": []})


def pages(rows: Iterable[Json], asked: Asked, *, per_page: int, most: int) -> Answer:
    """One page of a list; beyond the last page the list is empty, by which clients know the end."""
    everything = list(rows)
    page = _number(asked, "page", 1, 1, 1_000_000)
    size = _number(asked, "per_page", per_page, 1, most)
    shown = everything[(page - 1) * size : page * size]
    info = {
        "page": page,
        "per_page": size,
        "count": len(shown),
        "total_count": len(everything),
        "total_pages": -(-len(everything) // size),
    }
    answer = result(shown)
    return Answer({**answer.content, "result_info": info})


def row(rows: Mapping[str, Json], asked: Asked, missing: CloudflareError | None = None) -> Json:
    """The row whose id the path names."""
    identity = _identity(asked, "id")
    if identity not in rows:
        raise missing or CloudflareError(404, 1001, "object not found")
    return rows[identity]


def body_of(asked: Asked) -> Json:
    """The request's body, which must be a JSON object."""
    if not isinstance(asked.body, dict):
        raise CloudflareError(400, 6007, "Malformed JSON in request body")
    return asked.body


def refused(why: str) -> CloudflareError:
    """Cloudflare's answer to a load balancing object that it cannot take."""
    return CloudflareError(400, 1002, f"{why}: validation failed")


def _identity(asked: Asked, part: str) -> str:
    identity = asked.parts[part]
    if not _ID.fullmatch(identity):
        words = f"Could not route to {asked.path}, perhaps your object identifier is invalid?"
        raise CloudflareError(404, 7003, words)
    return identity


def _number(asked: Asked, name: str, default: int, least: int, most: int) -> int:
    text = asked.query.get(name)
    if text is None:
        return default
    try:
        number = int(float(text))
    except ValueError as error:
        raise CloudflareError(400, 1003, f"Invalid value for {name}: {text}") from error
    return max(least, min(most, number))
