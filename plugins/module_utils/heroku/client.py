"""A client of Heroku's Platform API v3 (https://devcenter.heroku.com/articles/platform-api-reference)."""

from __future__ import annotations

import os
from typing import Any, Optional
from urllib.parse import quote, urlsplit

import httpx

from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Denied, Unreachable
from ansible_collections.offramp.ecs.plugins.module_utils.engine.http_door import DoorTransport, is_idempotent
from ansible_collections.offramp.ecs.plugins.module_utils.heroku.fault import of_answer

KEY_VARIABLE = "HEROKU_API_KEY"
URL_VARIABLE = "HEROKU_API_URL"
_HOME = "https://api.heroku.com"
_ACCEPT = "application/vnd.heroku+json; version=3"
_WAIT_S = 30.0
_LONGEST_PAGE = 1000
_MOST_PAGES = 100
_TRIES_OF_A_CUT_ANSWER = 3

Row = dict[str, Any]


class Heroku:
    """Speaks to Heroku through the door; every failure is one of the engine's errors, and none holds a value.

    Args:
        door: asked before each request.
        wire: what carries the requests, for tests; by default a :class:`DoorTransport` on the network.
        patience: seconds for one answer.

    Raises:
        Denied: there is no usable token in ``HEROKU_API_KEY``.
        BadInput: ``HEROKU_API_URL`` is no address.
    """

    def __init__(self, door: Door, wire: Optional[httpx.BaseTransport] = None, patience: float = _WAIT_S) -> None:
        self.url = _url()
        self._http = httpx.Client(
            base_url=self.url,
            headers={"Accept": _ACCEPT, "Authorization": f"Bearer {_token()}"},
            timeout=patience,
            transport=wire or DoorTransport(door, "Heroku"),
        )

    def read(self, path: str, target: str) -> Any:
        """GET one thing; ``target`` names it in sentences ("Heroku app bond-server")."""
        return self._json(self._send("GET", path, target), target)

    def read_all(self, path: str, target: str) -> list[Row]:
        """GET a whole list, page after page (206 and ``Next-Range``)."""
        rows: list[Row] = []
        wanted = f"id ..; max={_LONGEST_PAGE}"
        for _ in range(_MOST_PAGES):
            answer = self._send("GET", path, target, headers={"Range": wanted})
            rows += self._rows(answer, target)
            following = answer.headers.get("Next-Range")
            if answer.status_code != 206 or not following or following == wanted:
                return rows
            wanted = following
        raise Unreachable(f"Heroku's list at {path} has no end.", target=target, hint=f"Check {URL_VARIABLE}.")

    def read_newest(self, path: str, target: str, *, by: str, most: int) -> list[Row]:
        """GET the last ``most`` rows of a list, newest first, ordered by an attribute that grows."""
        answer = self._send("GET", path, target, headers={"Range": f"{by} ..; order=desc,max={most}"})
        return self._rows(answer, target)[:most]

    def patch(self, path: str, body: Row, target: str) -> Any:
        """PATCH one thing to absolute values: it is repeated when its answer is lost."""
        return self._json(self._send("PATCH", path, target, json=body), target)

    def post(self, path: str, body: Row, target: str) -> Any:
        """POST one thing; never repeated after a broken connection."""
        return self._json(self._send("POST", path, target, json=body), target)

    def _send(self, method: str, path: str, target: str, **parts: Any) -> httpx.Response:
        tries = _TRIES_OF_A_CUT_ANSWER if is_idempotent(method) else 1
        for attempt in range(1, tries + 1):
            try:
                answer = self._http.request(method, path, **parts)
            except (httpx.TransportError, httpx.DecodingError) as error:  # the head came, the body did not
                if attempt == tries:
                    raise self._cut(method, path, target, error) from error
                continue
            if answer.is_success:
                return answer
            raise of_answer(answer, target)
        raise AssertionError("the loop above returns or raises")

    def _json(self, answer: httpx.Response, target: str) -> Any:
        try:
            return answer.json(object_hook=_Told)
        except ValueError:
            media = answer.headers.get("content-type", "no content type").partition(";")[0]
            raise Unreachable(
                f"Heroku at {self.url} answered {_line(answer)} with something that is not JSON ({media}).",
                target=target,
                hint=f"Check that {URL_VARIABLE} and any proxy lead to Heroku's API, then run again.",
            ) from None  # the parser's own error quotes the answer, which may hold values

    def _rows(self, answer: httpx.Response, target: str) -> list[Row]:
        rows = self._json(answer, target)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Unreachable(
                f"Heroku at {self.url} answered {_line(answer)} with something that is not a list of objects.",
                target=target,
                hint=f"Check that {URL_VARIABLE} and any proxy lead to Heroku's API.",
            )
        return rows

    def _cut(self, method: str, path: str, target: str, error: Exception) -> Unreachable:
        return Unreachable(
            f"Heroku at {self.url} cut off its answer to {method} {path} ({type(error).__name__}).",
            target=target,
            hint="Check the network, then run again.",
        )


class _Told(dict[str, Any]):
    """An object as Heroku told it; a field that the API promises and that is not there is its error, not ours."""

    def __missing__(self, field: str) -> Any:
        raise Unreachable(
            f"Heroku's answer lacks {field!r}.",
            target="Heroku API",
            hint=f"Check that {URL_VARIABLE} and any proxy lead to Heroku's API.",
        )


def app_path(app: str, *parts: str) -> str:
    """The path of an app, or of a thing below it ("/apps/bond-server/config-vars")."""
    return "/".join(["", "apps", quote(app, safe=""), *parts])


def _line(answer: httpx.Response) -> str:
    return f"{answer.request.method} {answer.request.url.path}"


def _token() -> str:
    token = os.environ.get(KEY_VARIABLE, "").strip()
    if token and token.isascii() and token.isprintable() and " " not in token:
        return token
    raise Denied(
        f"{KEY_VARIABLE} holds no Heroku token: it has characters that no token has."
        if token
        else f"{KEY_VARIABLE} is not set in the environment.",
        target="Heroku API",
        hint=f"Make a token (heroku authorizations:create) and set {KEY_VARIABLE} to it.",
    )


def _url() -> str:
    url = os.environ.get(URL_VARIABLE, "").strip() or _HOME
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
        _ = parts.port  # raises ValueError where it is no number
    except ValueError:
        usable = False
    if usable:
        return url.rstrip("/")
    raise BadInput(
        f"{URL_VARIABLE} is not an address.",
        target="Heroku API",
        hint=f"Set it to something like {_HOME}, or unset it.",
    )
