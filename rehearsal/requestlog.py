"""The log of every API request that reached a stand-in: one JSON line each, in the order of the answers."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rehearsal.calls import Call, Kind, Service
from rehearsal.connection import cut
from rehearsal.faults import Faults, Rule

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Exchange = tuple[Scope, Receive, Send]


@dataclass(frozen=True)
class Entry:
    """One answered request. ``at`` is in seconds since the epoch, ``took`` in seconds."""

    at: float
    service: Service
    operation: str
    kind: Kind
    target: str
    caller: str
    status: int
    took: float


class Request(NamedTuple):
    """A request as it came: ``path`` is with its query, header names are lower-case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Refusal = tuple[int, dict[str, str], bytes]
"""Status, headers, body."""
Classify = Callable[[str, str, dict[str, str], bytes], Call]
"""The parts of a :class:`Request` -> Call."""
Refuse = Callable[[int, Request], Refusal]
"""How a vendor says 429 or 500 to a request."""


def plain_refusal(status: int, _: Request) -> Refusal:
    """A refusal in nobody's dialect."""
    return status, {"content-type": "text/plain"}, b"a fault of the rehearsal"


def garbage() -> Refusal:
    """What a broken proxy on the way might say: success, and nonsense."""
    return 200, {"content-type": "text/html"}, b"<html><body>\xff\xfe It works! {\x00"


class RequestLog:
    """Appends entries to a file; safe for use from several threads. ``faults`` strike what is logged."""

    def __init__(self, path: Path, faults: Faults | None = None) -> None:
        self.path = path
        self.faults = faults or Faults()
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")

    def record(self, entry: Entry) -> None:
        """Append one entry as a line of JSON."""
        line = json.dumps(asdict(entry)) + "\n"
        with self._lock, self.path.open("a", encoding="utf-8") as file:
            file.write(line)

    def logged(self, app: AsgiApp, service: Service, classify: Classify, refuse: Refuse = plain_refusal) -> AsgiApp:
        """Wrap an ASGI app so that every HTTP request to it is recorded under ``service``, and faults may strike it."""

        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            started, request = time.time(), await _read(scope, receive)
            if request is None:
                return
            call, caller = classify(*request), caller_of(request.headers.get("user-agent", ""))
            note = _Note(self, service, call, caller, started)
            exchange = (scope, _replay(request.body, receive), note.taken_before(send))
            rule = self.faults.strike(service, call, caller)
            try:
                if rule is None:
                    await app(*exchange)
                else:
                    await self._go_wrong(rule, app, exchange, send, lambda status: refuse(status, request))
            finally:
                note.take()

        return wrapped

    async def _go_wrong(
        self, rule: Rule, app: AsgiApp, exchange: Exchange, cable: Send, refuse: Callable[[int], Refusal]
    ) -> None:
        """What a rule says, instead of the answer; ``cable`` is the server's own ``send``, which knows the wire."""
        scope, receive, send = exchange
        if rule.kill is not None:
            await app(scope, receive, _killing_first(send, lambda: self.faults.kill(rule.kill or "all")))
            return
        if rule.after:
            await app(scope, receive, _nobody)
        if rule.answer == "hang":
            while (await receive())["type"] != "http.disconnect":
                pass
        elif rule.answer == "reset":
            cut(cable)
        else:
            refusal = garbage() if rule.answer == "garbage" else refuse(int(rule.answer or 500))
            await _answer(send, refusal)


class _Note:
    """The entry of one request, taken once: before its last word leaves, or when it ends without one."""

    def __init__(self, log: RequestLog, service: Service, call: Call, caller: str, started: float) -> None:
        self._log, self._about = log, (service, call.operation, call.kind, call.target, caller)
        self._started, self._status, self._taken = started, 0, False

    def take(self) -> None:
        """Record the entry, the first time."""
        if not self._taken:
            self._taken, now = True, time.time()
            self._log.record(Entry(now, *self._about, self._status, round(now - self._started, 4)))

    def taken_before(self, send: Send) -> Send:
        """``send``; before the client has its answer the entry is there, for whoever looks then."""

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._status = message["status"]
            elif not message.get("more_body"):
                self.take()
            await send(message)

        return noting


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


def _killing_first(send: Send, kill: Callable[[], None]) -> Send:
    """``send``, with the kill before the first word: the call has taken effect, and its caller never learns it."""
    killed = False

    async def sending(message: Message) -> None:
        nonlocal killed
        if not killed:
            killed = True
            await asyncio.to_thread(kill)
        await send(message)

    return sending


async def _nobody(_: Message) -> None:
    """Sends nothing."""


async def _answer(send: Send, refusal: Refusal) -> None:
    status, headers, body = refusal
    sent = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    sent.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": body})


async def _read(scope: Scope, receive: Receive) -> Request | None:
    """The request; None where its client was gone before it had said it all, so that it asks for nothing."""
    body = await _whole_body(receive)
    if body is None:
        return None
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope.get("query_string", b"").decode("latin-1")
    return Request(scope["method"], scope["path"] + (f"?{query}" if query else ""), headers, body)


async def _whole_body(receive: Receive) -> bytes | None:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
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
