"""The log of every API request that reached a stand-in: one JSON line each, in the order of the answers."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["read", "write", "preview"]
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True)
class Call:
    """What a request asks for, in the vendor's own terms.

    ``operation`` is the vendor's name of it ("UpdateService", "PATCH /apps/{app}/formation"), ``target`` the thing it
    is about (a name or an id, "" where there is none).
    """

    operation: str
    kind: Kind
    target: str = ""


@dataclass(frozen=True)
class Entry:
    """One answered request. ``at`` is in seconds since the epoch, ``took`` in seconds."""

    at: float
    service: str
    operation: str
    kind: Kind
    target: str
    caller: str
    status: int
    took: float


Classify = Callable[[str, str, dict[str, str], bytes], Call]
"""(method, path with query, headers with lower-case names, body) -> Call."""


class RequestLog:
    """Appends entries to a file; safe for use from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")

    def record(self, entry: Entry) -> None:
        """Append one entry as a line of JSON."""
        line = json.dumps(asdict(entry)) + "\n"
        with self._lock, self.path.open("a", encoding="utf-8") as file:
            file.write(line)

    def logged(self, app: AsgiApp, service: str, classify: Classify) -> AsgiApp:
        """Wrap an ASGI app so that every HTTP request to it is recorded under ``service``."""

        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            started, body = time.time(), await _whole_body(receive)
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
            query = scope.get("query_string", b"").decode("latin-1")
            call = classify(scope["method"], scope["path"] + (f"?{query}" if query else ""), headers, body)
            status, noted = 0, False

            def note() -> None:
                nonlocal noted
                if noted:
                    return
                noted, now = True, time.time()
                caller = caller_of(headers.get("user-agent", ""))
                self.record(
                    Entry(now, service, call.operation, call.kind, call.target, caller, status, round(now - started, 4))
                )

            async def noting(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                elif not message.get("more_body"):
                    note()  # before the client has its answer: whoever looks then must find the entry
                await send(message)

            try:
                await app(scope, _replay(body, receive), noting)
            finally:
                note()

        return wrapped


def caller_of(user_agent: str) -> str:
    """What in a User-Agent names who calls; the collection's modules call themselves ``offramp.ecs/<module>``."""
    words = user_agent.split()
    named = [word for word in words if word.startswith(("offramp.ecs/", "rehearsal/"))]
    return (named or words or ["unknown"])[0]


def read_log(path: Path) -> Iterator[Entry]:
    """The entries of a log file, oldest first."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield Entry(**json.loads(line))


async def _whole_body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """A receive that gives the body that was read already, then waits on the real connection (for its end)."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
