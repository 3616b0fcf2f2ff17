"""What an API request asks for, as the request log and the faults see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["read", "write", "preview"]
Service = Literal["aws", "heroku", "cloudflare"]


@dataclass(frozen=True)
class Call:
    """What a request asks for, in the vendor's own terms.

    ``operation`` is the vendor's name of it ("UpdateService", "PATCH /apps/{app}/formation"), ``target`` the thing it
    is about (a name or an id, "" where there is none).
    """

    operation: str
    kind: Kind
    target: str = ""
