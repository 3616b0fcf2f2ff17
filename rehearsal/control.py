"""A running world's ear: orders as JSON lines over loopback, for whoever may read its home folder.

The order is the same as on the world's standard input (see :mod:`rehearsal.world`), with a ``token`` beside it; the
answer is one line, ``{"result": ...}`` or ``{"mistake": "a sentence"}``.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import socketserver
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rehearsal.home import CONTROL

Json = dict[str, Any]
WITHIN_S = 300.0


class ControlError(Exception):
    """The world did not do what it was asked to; the message says why."""


class Control:
    """Listens until it is stopped. ``obey`` is called for one order at a time."""

    def __init__(self, home: Path, obey: Callable[[Json], Any]) -> None:
        self._obey, self._token = obey, secrets.token_urlsafe(24)
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._path = home / CONTROL
        self._path.unlink(missing_ok=True)
        with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump({"port": self._server.server_address[1], "token": self._token}, file)
        threading.Thread(target=self._server.serve_forever, name="control", daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        self._path.unlink(missing_ok=True)
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[socketserver.StreamRequestHandler]:
        control = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                answer = control._answer(json.loads(self.rfile.readline()))
                self.wfile.write(json.dumps(answer).encode() + b"\n")

        return Handler

    def _answer(self, order: Json) -> Json:
        if not secrets.compare_digest(str(order.pop("token", "")), self._token):
            return {"mistake": "The token is wrong."}
        try:
            return {"result": self._obey(order)}
        except Exception as error:
            return {"mistake": f"{type(error).__name__}: {error}"}


def ask(home: Path, **order: Any) -> Any:
    """Give an order to the world whose home this is.

    Raises:
        ControlError: no world runs there, or it could not do it.
    """
    try:
        place = json.loads((home / CONTROL).read_text())
        with socket.create_connection(("127.0.0.1", place["port"]), WITHIN_S) as connection:
            connection.sendall(json.dumps({**order, "token": place["token"]}).encode() + b"\n")
            with contextlib.closing(connection.makefile()) as file:
                answer = json.loads(file.readline())
    except OSError as error:
        raise ControlError(f"No world runs in {home}: start one, or name its folder with --home.") from error
    if "mistake" in answer:
        raise ControlError(answer["mistake"])
    return answer["result"]
