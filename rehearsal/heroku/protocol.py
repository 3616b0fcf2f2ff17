"""The conventions of Heroku's Platform API v3 that hold for every route: version, credentials, limits, ETag, Range.

Source: https://devcenter.heroku.com/articles/platform-api-reference (sections clients, caching, ranges, rate limits).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
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
from rehearsal.heroku.ranges import paged
from rehearsal.heroku.world import Heroku, HerokuError, Listing
from rehearsal.requestlog import Receive, Refusal, Scope, Send
from rehearsal.requestlog import Request as LoggedRequest
from rehearsal.restapi import Answer, Asked, Found, Json, Routes

_VERSION = re.compile(r"application/vnd\.heroku\+json;\s*version=3(\.[\w-]+)?")
_READING_POSTS = {"/apps/{app}/log-sessions", "/filters/apps", "/actions/addons/resolve"}
CALLS_PER_HOUR = 4500
REFILL_PER_S = 75 / 60
FREE = "/account/rate-limits"


class RateLimit:
    """The account's calls: 4,500 at most, refilled by 75 a minute."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left, self._at = float(CALLS_PER_HOUR), time.monotonic()

    def remaining(self) -> int:
        """How many calls are left."""
        with self._lock:
            return int(self._refilled())

    def spend(self) -> bool:
        """Take one call; False when none is left."""
        with self._lock:
            self._left = self._refilled()
            if self._left < 1:
                return False
            self._left -= 1
            return True

    def drain(self) -> None:
        """Use up all calls, for rehearsing the 429 that follows."""
        with self._lock:
            self._left, self._at = 0.0, time.monotonic()

    def _refilled(self) -> float:
        at = time.monotonic()
        left = min(float(CALLS_PER_HOUR), self._left + (at - self._at) * REFILL_PER_S)
        self._left, self._at = left, at
        return left


class Api:
    """The ASGI app of the stand-in's API."""

    def __init__(self, heroku: Heroku, routes: Routes[Heroku], token: str, limit: RateLimit) -> None:
        self._heroku = heroku
        self._routes = routes
        self._token = token
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, in a thread, since handlers wait for locks and processes."""
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
        try:
            self._admit(path, headers)
            answer = self._handle(method, path, query, headers, body)
        except HerokuError as error:
            answer = Answer(error.body, error.status)
        return self._encoded(answer, method, headers)

    def classify(self, method: str, target: str, _headers: dict[str, str], _body: bytes) -> Call:
        """Name a request for the request log."""
        path = target.split("?")[0]
        found = self._routes.find(method, path)
        template = found.template if found else path
        reads = method in ("GET", "HEAD") or (method == "POST" and template in _READING_POSTS)
        return Call(f"{method} {template}", "read" if reads else "write", found.parts.get("app", "") if found else "")

    def _admit(self, path: str, headers: Mapping[str, str]) -> None:
        if not _VERSION.fullmatch(headers.get("accept", "").strip()):
            raise HerokuError(
                406,
                "missing_version",
                "Please specify a version along with Heroku's API MIME type. "
                "For example, `Accept: application/vnd.heroku+json; version=3`.",
            )
        given = credentials(headers.get("authorization", ""))
        if given is None:
            raise HerokuError(
                401,
                "unauthorized",
                "There were no credentials in your `Authorization` header. "
                "Try `Authorization: Bearer <OAuth access token>`.",
            )
        if given != self._token:
            raise HerokuError(401, "unauthorized", "Invalid credentials provided.")
        if path != FREE and not self._limit.spend():
            raise HerokuError(
                429,
                "rate_limit",
                "Your account reached the API rate limit. Please wait a few minutes before making new requests.",
                url="https://devcenter.heroku.com/articles/platform-api-reference#rate-limits",
            )

    def _handle(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> Answer:
        if path == FREE and method == "GET":
            return Answer({"remaining": self._limit.remaining()})
        found = self._routes.find(method, path)
        if found is None:
            text = f"The rehearsal's Heroku has no route {method} {path}."
            raise HerokuError(501, "rehearsal_unknown_route", text)
        asked = Asked(method, path, found.parts, query, headers, _parsed(body))
        if method == "GET":
            return self._read(found, asked)
        self._check_if_match(asked)
        return found.handler(self._heroku, asked)

    def _read(self, found: Found[Heroku], asked: Asked) -> Answer:
        with self._heroku.store.lock:
            answer = found.handler(self._heroku, asked)
        if isinstance(answer.content, Listing):
            return paged(answer.content, asked.headers.get("range", ""))
        return answer

    def _check_if_match(self, asked: Asked) -> None:
        wanted = asked.headers.get("if-match")
        found = self._routes.find("GET", asked.path)
        if wanted is None or found is None:
            return
        now = self._read(found, Asked("GET", asked.path, found.parts, asked.query, asked.headers))
        if wanted != etag(_json(now.content)):
            raise HerokuError(412, "precondition_failed", "One of the preconditions of the request failed.")

    def _encoded(self, answer: Answer, method: str, headers: Mapping[str, str]) -> Response:
        content: Any = answer.content.rows if isinstance(answer.content, Listing) else answer.content
        body = _json(content)
        sent = {
            "Request-Id": str(uuid.uuid4()),
            "RateLimit-Remaining": str(self._limit.remaining()),
            "ETag": etag(body),
            **answer.headers,
        }
        if method == "GET" and answer.status == 200 and headers.get("if-none-match") == sent["ETag"]:
            return Response(status_code=304, headers=sent)
        return Response(body, answer.status, sent, media_type="application/json")


_FAULTS = {
    403: ("forbidden", "You do not have access to the app."),
    429: ("rate_limit", "Your account reached the API rate limit. Please wait a few minutes."),
    500: ("internal_server_error", "Internal server error."),
}


def refuse(status: int, _: LoggedRequest) -> Refusal:
    """A fault of the rehearsal's, as Heroku would tell it."""
    name, message = _FAULTS[status]
    return status, {"Content-Type": "application/json"}, _json({"id": name, "message": message})


def credentials(authorization: str) -> str | None:
    """The key in an Authorization header: Bearer KEY, or the password of Basic. None when there is none."""
    scheme, _, value = authorization.strip().partition(" ")
    if scheme.lower() == "bearer" and value:
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2] or None
        except (binascii.Error, UnicodeDecodeError):
            return None
    return None


def etag(body: bytes) -> str:
    """The ETag of a body."""
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


def _json(content: Json | list[Json]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


def _parsed(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError as error:
        raise HerokuError(400, "bad_request", "Unable to parse the JSON request body.") from error
