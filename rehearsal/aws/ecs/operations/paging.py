"""Lists in pages: ``maxResults`` and ``nextToken``."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from rehearsal.aws.ecs.errors import invalid
from rehearsal.aws.ecs.model import Json


def page(key: str, items: Sequence[object], request: Json, default: int = 100, most: int = 100) -> Json:
    """One page of ``items`` under ``key``, with a ``nextToken`` where there are more."""
    size = request.get("maxResults") or default
    if not 1 <= size <= most:
        raise invalid(f"maxResults must be between 1 and {most}.")
    start = _position(request.get("nextToken"))
    rest = start + size < len(items)
    token = base64.urlsafe_b64encode(str(start + size).encode()).decode() if rest else None
    return {key: list(items[start : start + size]), "nextToken": token}


def _position(token: str | None) -> int:
    try:
        return int(base64.urlsafe_b64decode(token)) if token else 0
    except (ValueError, binascii.Error) as error:
        raise invalid("Invalid token") from error
