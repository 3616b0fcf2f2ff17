"""The demo app: what runs in every dyno and every task of the rehearsal (``python -m rehearsal.demoapp [--worker]``).

It imports next to nothing, so that a dyno or a task starts in a tenth of a second. What it reads of its environment is
in :class:`Settings`; everything that is not the platform's own counts as its configuration.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import h11

from rehearsal.children import hold_leash

CONTROL = "@rehearsal "
"""How a line starts by which the app speaks to the world instead of to its log."""
KEEP_ALIVE = 75.0
"""Seconds until an idle connection is closed: longer than the 60 s of a load balancer, as AWS asks of targets."""
LAST_REQUEST = 1.0
"""Seconds after SIGTERM in which a request that was on its way already is still answered on an idle connection."""
HEARTBEAT = 5.0
SLOW = 0.5
"""Seconds from which on a request counts as slow in the app's own metrics."""
TELLS_EVERY = 0.2

NOT_CONFIGURATION = {"PATH", "LANG", "LC_ALL", "LC_CTYPE", "HOME", "TMPDIR", "PORT", "__CF_USER_TEXT_ENCODING"}
"""LC_CTYPE is set by Python itself in a C locale (PEP 538), the last one by macOS in every process."""
NOT_CONFIGURATION_PREFIXES = ("PYTHON", "REHEARSAL_", "AWS_", "ECS_")


@dataclass(frozen=True)
class Settings:
    """What the platform tells the app."""

    behaviour: Mapping[str, Any]
    side: str
    process: str
    port: str
    errand: Mapping[str, Any] | None
    """What a command does that ends by itself; None for one that serves or works."""
    metrics: str
    """Host and port to which it sends what it counts of itself; nothing where nobody listens."""
    ports: Mapping[str, int]
    """The port an app may be told -> the port at which it listens then; 0 is any free one."""

    @classmethod
    def of(cls, env: Mapping[str, str]) -> Settings:
        """Read the environment."""
        return cls(
            behaviour=json.loads(env.get("REHEARSAL_BEHAVIOUR", "{}")),
            side=env.get("REHEARSAL_SIDE", "unknown"),
            process=env.get("REHEARSAL_PROCESS", "app"),
            port=env.get("PORT", "5000"),
            errand=json.loads(env.get("REHEARSAL_ERRAND", "null")),
            metrics=env.get("REHEARSAL_METRICS", ""),
            ports=json.loads(env.get("REHEARSAL_PORTS", "{}")),
        )


def config_digests(env: Mapping[bytes, bytes]) -> dict[str, str]:
    """A keyed digest for each configuration variable; its key is the variable REHEARSAL_DIGEST_KEY."""
    key = env.get(b"REHEARSAL_DIGEST_KEY", b"")
    return {
        name.decode(): hmac.new(key, value, hashlib.sha256).hexdigest()
        for name, value in sorted(env.items())
        if name.decode() not in NOT_CONFIGURATION and not name.decode().startswith(NOT_CONFIGURATION_PREFIXES)
    }


class App:
    """The answers of the app, without the network."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.delay = float(settings.behaviour.get("delay", 0))
        self._error_share = float(settings.behaviour.get("errors", 0))
        self._healthy = settings.behaviour.get("starts", "healthy") != "never_healthy"
        self._served = 0
        self.totals = {"requests": 0, "errors": 0, "slow": 0}

    def count(self, path: str, status: int, seconds: float) -> None:
        """Add an answer to the running totals; what only asks for health is no request of a visitor."""
        if path != "/health":
            self.totals["requests"] += 1
            self.totals["errors"] += status >= 500
            self.totals["slow"] += seconds >= SLOW

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        """Status and JSON of the answer to a request for ``path``."""
        if path == "/health":
            return (200, {"ok": True}) if self._healthy else (503, {"ok": False})
        if self._turn_for_an_error():
            return 500, {"error": "this build answers a share of its requests with 500"}
        if path == "/config-digest":
            return 200, config_digests(os.environb)
        if path == "/":
            version = os.environ.get("APP_VERSION", "")
            return 200, {"side": self.settings.side, "process": self.settings.process, "version": version}
        return 404, {"error": "not found"}

    def _turn_for_an_error(self) -> bool:
        """Errors are spread evenly instead of drawn, so that their share is right over few requests too."""
        before, self._served = self._served, self._served + 1
        return int(self._served * self._error_share) > int(before * self._error_share)


class Server:
    """HTTP/1.1 for :class:`App`, with keep-alive and a clean end."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._ending = False
        self._open: set[asyncio.Task[None]] = set()
        self._idle: set[asyncio.StreamReader] = set()

    async def listen(self, port: int) -> asyncio.Server:
        """Listen on 127.0.0.1."""
        return await asyncio.start_server(self._connected, "127.0.0.1", port, backlog=512)

    async def finish(self) -> None:
        """Answer what is in flight or on its way, then close every connection."""
        self._ending = True
        await asyncio.sleep(LAST_REQUEST if self._idle else 0)
        for reader in self._idle:
            reader.feed_eof()
        if self._open:
            await asyncio.wait(self._open)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            await self._serve(reader, writer)
        except (ConnectionError, h11.RemoteProtocolError):
            pass  # the client went away or spoke no HTTP; nobody is left to answer
        finally:
            self._open.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER)
        while (request := await self._next_request(connection, reader)) is not None:
            path, began = request.target.decode("latin-1").split("?")[0], time.monotonic()
            if self._app.delay and path != "/health":
                await asyncio.sleep(self._app.delay)
            status, content = self._app.answer(path)
            writer.write(self._encoded(connection, status, content, has_body=request.method != b"HEAD"))
            await writer.drain()
            self._app.count(path, status, time.monotonic() - began)
            if connection.our_state is h11.MUST_CLOSE or self._ending:
                return
            connection.start_next_cycle()

    def _encoded(self, connection: h11.Connection, status: int, content: dict[str, Any], has_body: bool) -> bytes:
        body = json.dumps(content).encode() + b"\n"
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("X-Rehearsal-Side", self._app.settings.side),
        ]
        if self._ending:
            headers.append(("Connection", "close"))
        events = [h11.Response(status_code=status, headers=headers)] + ([h11.Data(body)] if has_body else [])
        return b"".join(connection.send(event) or b"" for event in [*events, h11.EndOfMessage()])

    async def _next_request(self, connection: h11.Connection, reader: asyncio.StreamReader) -> h11.Request | None:
        """The next request, once its body has come too; None when the connection ends, stays idle or has to go."""
        request: h11.Request | None = None
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                if connection.they_are_waiting_for_100_continue:
                    return None
                connection.receive_data(await (reader.read(65536) if request else self._idle_read(reader)))
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.EndOfMessage):
                return request
            elif isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
                return None

    async def _idle_read(self, reader: asyncio.StreamReader) -> bytes:
        """What comes next on an idle connection; nothing once it was idle for too long or the app ends."""
        patience = asyncio.get_running_loop().call_later(KEEP_ALIVE, reader.feed_eof)
        self._idle.add(reader)
        try:
            return await reader.read(65536)
        finally:
            patience.cancel()
            self._idle.discard(reader)


async def serve(settings: Settings, stopped: asyncio.Event) -> int:
    """Serve until SIGTERM, or until the build dies. Returns the exit code."""
    await _unless(stopped, float(settings.behaviour.get("slow_start", 0)))
    if stopped.is_set():
        return 0
    app = App(settings)
    server = Server(app)
    telling = asyncio.create_task(tell(app))
    # An app that is told another port than its platform looks at listens all the same, where nobody finds it.
    listener = await server.listen(settings.ports.get(settings.port, 0))
    real = listener.sockets[0].getsockname()[1]
    log(f"{settings.process} listens on port {settings.port}")
    if settings.port in settings.ports:
        log(CONTROL + json.dumps({"listening": {settings.port: real}}))
    dies_after = settings.behaviour.get("dies_after")
    await _unless(stopped, dies_after)
    if not stopped.is_set():
        return _died(settings, f"after {dies_after:g} s")
    listener.close()
    await server.finish()
    telling.cancel()
    return 0


async def tell(app: App) -> None:
    """Send the running totals to whoever gathers them, again and again."""
    host, _, port = app.settings.metrics.partition(":")
    if not port:
        return
    about = {"id": f"{app.settings.process}/{os.getpid()}", "side": app.settings.side}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        while True:
            with contextlib.suppress(OSError):
                out.sendto(json.dumps({**about, **app.totals}).encode(), (host, int(port)))
            await asyncio.sleep(TELLS_EVERY)


async def work(settings: Settings, stopped: asyncio.Event) -> int:
    """A process without a port: a heartbeat in the log until SIGTERM, or until the build dies."""
    await _unless(stopped, float(settings.behaviour.get("slow_start", 0)))
    started = time.monotonic()
    dies_after = settings.behaviour.get("dies_after")
    while not stopped.is_set():
        alive = time.monotonic() - started
        if dies_after is not None and alive >= dies_after:
            return _died(settings, f"after {dies_after:g} s")
        log(f"{settings.process} is at work")
        await _unless(stopped, HEARTBEAT if dies_after is None else min(HEARTBEAT, dies_after - alive))
    return 0


async def go_on_errand(settings: Settings, errand: Mapping[str, Any], stopped: asyncio.Event) -> int:
    """A command that ends by itself. Returns its exit code, or that of a shell's child that SIGTERM ended."""
    for line in str(errand["says"]).splitlines():
        log(line)
    await _unless(stopped, float(errand["seconds"]))
    if errand["exit_code"] and settings.behaviour.get("tells_environment"):
        for line in environment_in_words(os.environ):
            log(line)
    return 128 + signal.SIGTERM if stopped.is_set() else int(errand["exit_code"])


def log(line: str) -> None:
    """One line to the app's log. Flushed at once: a pipe is not a terminal."""
    print(line, flush=True)


async def _unless(stopped: asyncio.Event, seconds: float | None) -> None:
    """Wait so long (None: for ever), unless the app is told to stop."""
    if seconds != 0:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), seconds)


def _died(settings: Settings, when: str) -> int:
    if settings.behaviour.get("tells_environment"):
        for line in environment_in_words(os.environ):
            log(line)
    print("Traceback (most recent call last):", file=sys.stderr)
    print(f"RuntimeError: this build of the app dies {when}", file=sys.stderr, flush=True)
    return int(settings.behaviour.get("exit_code", 1))


def environment_in_words(env: Mapping[str, str]) -> list[str]:
    """An environment as frameworks print it: plain, cut off, in the spelling of Python, JSON and URLs, in base64."""
    values = dict(env)
    pairs = [f"{name}={value}" for name, value in values.items()]
    return [
        *(line for pair in pairs if "\n" in pair for line in pair.splitlines()),
        " ".join(pair for pair in pairs if "\n" not in pair),
        " ".join(f"{pair[:70]!r}..." for pair in pairs),
        repr(values),
        json.dumps(values),
        urlencode(values),
        " ".join(base64.b64encode(value.encode()).decode() for value in values.values()),
    ]


async def run(settings: Settings, worker: bool) -> int:
    """The life of the process. Returns the exit code."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    log(f"{settings.process} starts on {settings.side}")
    if settings.errand is not None:
        return await go_on_errand(settings, settings.errand, stopped)
    if settings.behaviour.get("starts") == "crashes":
        return _died(settings, "on start")
    code = await (work if worker else serve)(settings, stopped)
    if stopped.is_set():
        log(f"{settings.process} stops")
    return code


if __name__ == "__main__":
    hold_leash()
    exit_code = asyncio.run(run(Settings.of(os.environ), worker="--worker" in sys.argv[1:]))
    sys.stdout.flush()
    os._exit(exit_code)  # at once: no connection or thread may keep a dead app alive
