"""The metrics of the apps, as a company's own store would gather them: what every dyno and task tells of itself.

Each app process sends its running totals here by UDP, some times a second. Who asks for ``/heroku`` or ``/aws`` gets
those of all living processes of that side in one answer. Datagrams may be lost: the next one tells all.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from rehearsal.children import Json

SIDES = ("heroku", "aws")
_FORGOTTEN_S = 2.0


class AppMetrics:
    """Gathers and tells. ``start`` it; ``address`` is where apps send to, ``url`` where readers ask."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._told: dict[str, tuple[float, Json]] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def address(self) -> str:
        """Host and port for datagrams."""
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def url(self) -> str:
        """Where both sides are asked for, below it."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Listen."""
        threading.Thread(target=self._gather, name="app-metrics", daemon=True).start()
        threading.Thread(target=self._server.serve_forever, name="app-metrics-http", daemon=True).start()

    def stop(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._socket.close()

    def side(self, name: str) -> Json:
        """The totals of every process of a side that told of itself in the last seconds."""
        since = time.monotonic() - _FORGOTTEN_S
        with self._lock:
            living = [told for at, told in self._told.values() if at >= since and told["side"] == name]
        rows = sorted(living, key=lambda told: str(told["id"]))
        return {"instances": [{key: row[key] for key in ("id", "requests", "errors", "slow")} for row in rows]}

    def _gather(self) -> None:
        while True:
            try:
                told = json.loads(self._socket.recv(4096))
            except OSError:  # it was closed
                return
            with self._lock:
                self._told[told["id"]] = time.monotonic(), told

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        metrics = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                side = self.path.strip("/")
                body = json.dumps(metrics.side(side) if side in SIDES else {"error": "no such side"}).encode()
                self.send_response(200 if side in SIDES else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
