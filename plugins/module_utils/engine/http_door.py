"""The door of HTTP clients: an httpx transport that asks it before each request, and tells failures as our errors."""

from __future__ import annotations

import logging
import random
import ssl
import time
from collections.abc import Callable
from functools import cache

import httpx

from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door, Kind
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Unreachable

_TRIES = 4
_LONGEST_PAUSE = 30.0
_READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_NOT_IDEMPOTENT = "POST"

# Some addresses are credentials (a session of Heroku's logs, a layer of an image), and httpx tells each of them to
# whoever listens, such as Ansible with ANSIBLE_LOG_PATH.
for _talker in ("httpx", "httpcore"):
    logging.getLogger(_talker).setLevel(logging.WARNING)

Classify = Callable[[httpx.Request], Kind]


def by_method(request: httpx.Request) -> Kind:
    """The class of a request by its HTTP method alone."""
    return "read" if request.method in _READING_METHODS else "write"


def is_idempotent(method: str) -> bool:
    """Whether sending a request twice leaves the same as sending it once.

    A PATCH counts as such: every one that we send holds absolute values (weights, a pool's switch, numbers of dynos),
    never a difference. A lost answer to a POST would make a thing twice.
    """
    return method != _NOT_IDEMPOTENT


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted; reading them costs 40 ms."""
    return httpx.create_ssl_context()


def warm() -> None:
    """Load what every client needs; for the process that forks the workers."""
    httpx.HTTPTransport(verify=_trusted()).close()


class DoorTransport(httpx.BaseTransport):
    """Lets requests out through the door and repeats those that may be repeated.

    A read and an idempotent write are repeated after a broken connection, a 429 and a 5xx; another write only after a
    429, which by its nature was not carried out.

    Args:
        door: asked before every request, repeats included.
        vendor: the vendor's name for sentences ("Heroku").
        classify: request -> its class, for APIs that read by POST.
    """

    def __init__(self, door: Door, vendor: str, classify: Classify = by_method) -> None:
        self._door = door
        self._vendor = vendor
        self._classify = classify
        self._wire = httpx.HTTPTransport(verify=_trusted())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, with its repeats.

        Raises:
            Unreachable: no connection, or it broke, and no repeat helped.
            DoorShut: see :meth:`Door.let_out`.
        """
        kind = self._classify(request)
        harmless = kind == "read" or is_idempotent(request.method)
        request.headers["User-Agent"] = self._door.ordered_by
        for attempt in range(1, _TRIES + 1):
            self._door.let_out(kind, f"{request.method} {request.url.path}")
            try:
                response = self._wire.handle_request(request)
            except httpx.TransportError as error:
                if not harmless or attempt == _TRIES:
                    raise self._unreachable(request, error) from error
                time.sleep(_pause(attempt, None))
                continue
            if attempt == _TRIES or not _may_repeat(harmless, response.status_code):
                return response
            response.close()
            time.sleep(_pause(attempt, response.headers.get("retry-after")))
        raise AssertionError("the loop above returns or raises")

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def _unreachable(self, request: httpx.Request, error: httpx.TransportError) -> Unreachable:
        return Unreachable(
            f"{self._vendor} at {request.url.scheme}://{request.url.netloc.decode()} does not answer "
            f"({type(error).__name__}).",
            target=f"{self._vendor} API",
            hint="Check the network and the endpoint's address, then run again.",
        )


def _may_repeat(harmless: bool, status: int) -> bool:
    return status == 429 or (harmless and status >= 500)


def _pause(attempt: int, retry_after: str | None) -> float:
    """Seconds until the next try: what the vendor asked for, else exponential with jitter."""
    if retry_after is not None and retry_after.isdigit():
        return min(float(retry_after), _LONGEST_PAUSE)
    return float(min(0.25 * 2**attempt, _LONGEST_PAUSE) * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
