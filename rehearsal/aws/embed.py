"""ministack served from a thread of this process, and the seam at which additions hook into it.

An *addition* is an object with ``install(host)`` and ``stop()``. ``install`` is called once per start, after the import
of ministack and before it listens; it changes ministack only through ``host.patches`` (all changes are taken back when
the stand-in stops, so that several worlds can live one after the other in one process):

- ``patches.attribute("ministack.services.kms", "_some_function", mine)`` replaces a function of a module;
- ``patches.entry(table, key, value)`` replaces an entry of a dispatch table;
- ``rehearsal.aws.service.Service`` puts refusals, own answers and consequences around a service, for clients and for
  CloudFormation alike.

Private names are looked up by ``rehearsal.aws.adapters.reach.reach``, which says clearly when a version renamed one.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from dataclasses import dataclass, field
from typing import Any, Protocol

from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework

from rehearsal.aws.adapters import server
from rehearsal.aws.adapters.reach import Patches
from rehearsal.requestlog import AsgiApp


@dataclass
class Host:
    """What an addition works with."""

    account: str
    region: str
    patches: Patches = field(default_factory=Patches)


class Addition(Protocol):
    """Something that changes or completes ministack."""

    def install(self, host: Host) -> None:
        """Make the changes, by ``host.patches``."""

    def stop(self) -> None:
        """End what the addition started; the server is still up."""


class Server:
    """An ASGI app under hypercorn, in a thread of its own, on a free port of 127.0.0.1."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # connections inherit it: no 40 ms waits
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._thread: threading.Thread | None = None

    def start(self, app: AsgiApp, within: float = 30.0) -> None:
        """Serve ``app``; returns when its lifespan has started and it answers."""
        up = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(_announcing(app, up),), name="aws", daemon=True)
        self._thread.start()
        if not up.wait(within):
            raise TimeoutError(f"the AWS stand-in did not start within {within} s")

    def stop(self) -> None:
        """Stop serving and wait for the thread's end."""
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join()
        self._socket.close()  # still ours only when nothing was served

    def _run(self, app: AsgiApp) -> None:
        config = Config()
        config.bind = [f"fd://{self._socket.detach()}"]  # hypercorn closes it
        config.loglevel = "ERROR"
        config.keep_alive_timeout = 75
        config.graceful_timeout = 1
        asyncio.set_event_loop(self._loop)
        framework: ASGIFramework = app  # hypercorn types the same protocol by TypedDicts
        self._loop.run_until_complete(serve(framework, config, shutdown_trigger=self._over.wait))
        self._loop.close()


def prepare(account: str, region: str, port: int) -> Host:
    """Set ministack up, import it, and give what additions hook in by."""
    server.configure(account, region, port)
    server.forget_everything()
    return Host(account, region)


def _announcing(app: AsgiApp, up: threading.Event) -> AsgiApp:
    """``app``, telling by ``up`` when its lifespan has started (the socket listens before that)."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        async def noting(message: Any) -> None:
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                up.set()

        await app(scope, receive, noting if scope["type"] == "lifespan" else send)

    return wrapped
