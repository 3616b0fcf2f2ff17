"""Serving a stand-in: an ASGI app on a free port of 127.0.0.1, in a thread of its own."""

from __future__ import annotations

import socket
import threading

import uvicorn

from rehearsal.requestlog import AsgiApp

GRACE_S = 3
"""How long open requests may go on after :meth:`Server.stop`."""


class Server:
    """Serves one ASGI app; the address is known, and connections wait in it, from the moment it is made."""

    def __init__(self, app: AsgiApp, name: str) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        # Connections inherit it; without it the second answer on a connection waits 40 ms for an acknowledgement.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name=name, daemon=True
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering; returns when the thread has ended."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join()
        self._socket.close()
