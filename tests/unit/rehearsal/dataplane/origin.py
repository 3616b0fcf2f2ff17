"""An upstream for tests that does exactly what each test says."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Conversation = Callable[[socket.socket, bytes], None]
"""(connection, the request's head) -> None; the connection is closed afterwards."""


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    conversation: Conversation
    heads: list[bytes]


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            data = self.request.recv(65536)
            if not data:
                return
            head += data
        self.server.heads.append(head)
        self.server.conversation(self.request, head)


@contextmanager
def origin(conversation: Conversation) -> Iterator[tuple[int, list[bytes]]]:
    """Listen while the context lasts. Gives the port and the heads of the requests that came."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.conversation, server.heads = conversation, []
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server.server_address[1], server.heads
        server.shutdown()


def answers(raw: bytes) -> Conversation:
    """A conversation that answers with these bytes."""

    def conversation(connection: socket.socket, _: bytes) -> None:
        connection.sendall(raw)

    return conversation


def unused_port() -> int:
    """A port at which nothing listens (and nothing soon will: the kernel gives out others first)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
