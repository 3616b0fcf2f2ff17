"""The conventions of Cloudflare's API v4 that hold for every route: envelope, token, limits.

Sources: https://developers.cloudflare.com/fundamentals/api/ (how to make calls, rate limits, error codes).
"""

from __future__ import annotations

import json
import math
import re
import threading
import time
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from rehearsal.calls import Call
from rehearsal.cloudflare.world import OPEN_TO_ALL, Cloudflare, CloudflareError
from rehearsal.requestlog import Receive, Refusal, Scope, Send
from rehearsal.requestlog import Request as LoggedRequest
from rehearsal.restapi import Answer, Asked, Routes

BASE = "/client/v4"
GRAPHQL = "/graphql"
_BEARER = re.compile(r"Bearer ([A-Za-z0-9_-]{20,})")


class RateLimit:
    """So many calls in a window of five minutes, as the headers Ratelimit and Ratelimit-Policy tell."""

    def __init__(self, calls: int, window: float = 300.0) -> None:
        self.calls = calls
        self.window = window
        self._lock = threading.Lock()
        self._left, self._until = calls, 0.0

    def spend(self) -> bool:
        """Take one call; False when none is left in this window."""
        with self._lock:
            now = time.monotonic()
            if now >= self._until:
                self._left, self._until = self.calls, now + self.window
            self._left -= 1
            return self._left >= 0

    def drain(self) -> None:
        """Use up all calls of a window that begins now, for rehearsing the 429 that follows."""
        with self._lock:
            self._left, self._until = 0, time.monotonic() + self.window

    def headers(self) -> dict[str, str]:
        """What every answer says of the limit."""
        with self._lock:
            wait = max(0, math.ceil(self._until - time.monotonic()))
            left = max(0, self._left)
        return {
            "Ratelimit": f'"default";r={left};t={wait}',
            "Ratelimit-Policy": f'"default";q={self.calls};w={self.window:g}',
        }

    def wait(self) -> int:
        """Seconds until the window ends."""
        return max(1, math.ceil(self._until - time.monotonic()))


class Api:
    """The ASGI app of the stand-in's API."""

    def __init__(self, cloudflare: Cloudflare, routes: Routes[Cloudflare], token: str) -> None:
        self._cloudflare = cloudflare
        self._routes = routes
        self._token = token
        self.limit = RateLimit(1200)
        self.graphql_limit = RateLimit(300)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, in a thread, since handlers wait for locks and for the edge."""
        request = Request(scope, receive)
        body = await request.body()
        response = await run_in_threadpool(
            self.respond, request.method, request.url.path, dict(request.query_params), dict(request.headers), body
        )
        await response(scope, receive, send)

    def respond(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> Response:
        """Answer one request. Header names are in lower case."""
        route = path.removeprefix(BASE)
        limit = self.graphql_limit if route == GRAPHQL else self.limit
        try:
            if (method, route) != ("GET", OPEN_TO_ALL):
                self._admit(route, headers, limit)
            if not path.startswith(BASE + "/"):
                raise _unknown(method, path)
            answer = self._handle(method, route, query, headers, body)
        except CloudflareError as error:
            said = [{"code": error.code, "message": error.message}]
            answer = Answer(
                {"result": None, "success": False, "errors": said, "messages": []}, error.status, error.headers
            )
        sent = {"Cf-Ray": f"{uuid.uuid4().hex[:16]}-DUB", **limit.headers(), **answer.headers}
        return Response(json.dumps(answer.content).encode(), answer.status, sent, media_type="application/json")

    def classify(self, method: str, target: str, _headers: dict[str, str], body: bytes) -> Call:
        """Name a request for the request log; its target is what it creates, or the object that the path ends with."""
        path = target.split("?")[0].removeprefix(BASE)
        found = self._routes.find(method, path)
        template = found.template if found else path
        reads = method in ("GET", "HEAD") or template == GRAPHQL
        about = list(found.parts.values())[-1] if found and found.parts else ""
        made = _name_in(body) if method == "POST" else ""
        return Call(f"{method} {template}", "read" if reads else "write", made or about)

    def _admit(self, route: str, headers: Mapping[str, str], limit: RateLimit) -> None:
        given = _BEARER.fullmatch(headers.get("authorization", "").strip())
        if given is None:
            raise CloudflareError(400, 6003, "Invalid request headers")
        if given[1] != self._token:
            if route.endswith("/tokens/verify"):
                raise CloudflareError(401, 1000, "Invalid API Token")
            raise CloudflareError(403, 9109, "Invalid access token")
        if not limit.spend():
            wait = {"retry-after": str(limit.wait())}
            raise CloudflareError(429, 971, "Please wait and consider throttling your request speed", wait)

    def _handle(
        self, method: str, route: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> Answer:
        found = self._routes.find(method, route)
        if found is None:
            raise _unknown(method, route)
        asked = Asked(method, route, found.parts, query, headers, _parsed(body))
        if method != "GET":
            return found.handler(self._cloudflare, asked)
        with self._cloudflare.store.lock:
            return found.handler(self._cloudflare, asked)


_FAULTS = {
    403: (10000, "Authentication error"),
    429: (971, "Please wait and consider throttling your request speed"),
    500: (10013, "An unknown error has occurred"),
}


def refuse(status: int, _: LoggedRequest) -> Refusal:
    """A fault of the rehearsal's, as Cloudflare would tell it."""
    code, message = _FAULTS[status]
    content = {"result": None, "success": False, "errors": [{"code": code, "message": message}], "messages": []}
    wait = {"Retry-After": "1"} if status == 429 else {}
    return status, {"Content-Type": "application/json", **wait}, json.dumps(content).encode()


def _unknown(method: str, path: str) -> CloudflareError:
    return CloudflareError(501, 501, f"The rehearsal's Cloudflare has no route {method} {path}.")


def _name_in(body: bytes) -> str:
    """The name of what a request describes, where it says one."""
    try:
        content = json.loads(body or b"{}")
    except ValueError:
        return ""
    name = content.get("name") if isinstance(content, dict) else None
    return name if isinstance(name, str) else ""


def _parsed(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError as error:
        raise CloudflareError(400, 6007, "Malformed JSON in request body") from error
