"""A Cloudflare client whose every request goes through the door."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any, Optional

import httpx
from cloudflare import Cloudflare, Omit

from ansible_collections.offramp.ecs.plugins.module_utils.engine import http_door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door, Kind
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Denied, Unreachable

TOKEN_VARIABLE = "CLOUDFLARE_API_TOKEN"  # noqa: S105 - its name, not its value
_WAIT_S = 30.0


def warm() -> None:
    """Load what every run needs of the SDK, most of which it loads late; for the process that forks the workers."""
    import_module("cloudflare.resources.load_balancers")
    http_door.warm()


def client(door: Door, wire: Optional[httpx.BaseTransport] = None, *, anonymous: bool = False) -> Cloudflare:
    """The SDK's client; the SDK itself reads ``CLOUDFLARE_BASE_URL``.

    The SDK's own repeats are off: the transport repeats what may be repeated, and asks the door each time.

    Args:
        door: asked before each request.
        wire: what carries the requests, for tests; by default a :class:`http_door.DoorTransport` on the network.
        anonymous: whether to have no token, for :func:`read_openly`.

    Raises:
        Denied: there is no usable token in ``CLOUDFLARE_API_TOKEN``.
    """
    http = httpx.Client(
        transport=wire or http_door.DoorTransport(door, "Cloudflare", kind_of),
        timeout=_WAIT_S,
        event_hooks={"response": [_refuse_other_than_an_envelope]},
    )
    return Cloudflare(api_token="" if anonymous else _token(), http_client=http, max_retries=0)


def kind_of(request: httpx.Request) -> Kind:
    """The class of a request: GraphQL reads by POST."""
    return "read" if request.url.path.endswith("/graphql") else http_door.by_method(request)


def read(api: Cloudflare, path: str, **query: Any) -> Any:
    """GET a path whose resource class is costly to load, as plain JSON (the ``result`` of the envelope)."""
    answer = api.get(path, cast_to=object, options={"params": query})
    return answer["result"] if isinstance(answer, dict) else None


def read_openly(api: Cloudflare, path: str) -> Any:
    """GET a path that needs no token, and send none, as plain JSON."""
    answer = api.get(path, cast_to=object, options={"headers": {"Authorization": Omit()}})
    return answer["result"] if isinstance(answer, dict) else None


def _refuse_other_than_an_envelope(answer: httpx.Response) -> None:
    """Cloudflare's answers are JSON objects; successful ones hold a ``result``, or ``data``. The SDK takes anything."""
    answer.read()
    try:
        content = answer.json()
    except ValueError:
        content = None
    if isinstance(content, dict) and (not answer.is_success or not content.keys().isdisjoint(("result", "data"))):
        return
    address = f"{answer.request.url.scheme}://{answer.request.url.netloc.decode()}"
    raise Unreachable(
        f"Cloudflare at {address} answered {answer.request.method} {answer.request.url.path} with "
        f"{answer.status_code} and something that is not Cloudflare's.",
        target="Cloudflare API",
        hint="Check that CLOUDFLARE_BASE_URL and any proxy lead to Cloudflare's API, then run again.",
    )


def _token() -> str:
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if token and token.isascii() and token.isprintable() and " " not in token:
        return token
    raise Denied(
        f"{TOKEN_VARIABLE} holds no Cloudflare token: it has characters that no token has."
        if token
        else f"{TOKEN_VARIABLE} is not set in the environment.",
        target="Cloudflare API",
        hint=f"Make a token that may edit load balancers of the zone and of its account, and set {TOKEN_VARIABLE}.",
    )
