"""A proxy before a vendor's stand-in that answers as badly as anything on the way could: it repeats what it heard."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def in_words(self) -> str:
        """All of it, with its credentials, as a debug page would quote it."""
        return f"{self.method} {self.path} {json.dumps(self.headers)} {self.body.decode(errors='replace')}"


@dataclass(frozen=True)
class Answer:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes


def _of(status: int, media: str, body: bytes) -> Answer:
    return Answer(status, {"Content-Type": media}, body)


Fetch = Callable[[Asked], Answer]
Meddle = Callable[[Asked, Fetch], Answer]
"""(request, what lets it through to the stand-in) -> what the client gets."""


def cut(asked: Asked, fetch: Fetch) -> Answer:
    """Success, and half of the answer."""
    answer = fetch(asked)
    return Answer(answer.status, answer.headers, answer.body[: len(answer.body) // 2])


def debug_page(asked: Asked, fetch: Fetch) -> Answer:
    """A page of a broken gateway, with all that went through it."""
    page = f"<html><h1>500</h1><pre>{asked.in_words()}</pre><pre>".encode() + fetch(asked).body + b"</pre></html>"
    return _of(500, "text/html", page)


def page_in_place(asked: Asked, fetch: Fetch) -> Answer:
    """The same page, as success."""
    return _of(200, "text/html", debug_page(asked, fetch).body)


def refusal(asked: Asked, _: Fetch) -> Answer:
    """A refusal in the vendor's dialect that quotes the request."""
    return _in_dialect(asked, f"invalid: {asked.in_words()}")


def telling_refusal(asked: Asked, fetch: Fetch) -> Answer:
    """The same, and it quotes what the vendor holds."""
    return _in_dialect(asked, f"invalid: {fetch(asked).body.decode(errors='replace')} {asked.in_words()}")


def short_refusal(asked: Asked, _: Fetch) -> Answer:
    """A refusal with nothing but the credentials, in case only the beginning of a message is shown."""
    secrets = [value for name, value in asked.headers.items() if name.lower() in _CREDENTIALS]
    return _in_dialect(asked, f"invalid: {' '.join(secrets)}")


_CREDENTIALS = ("authorization", "x-amz-security-token")
_NOT_PASSED = ("accept-encoding", "connection", "host")
_OF_ONE_HOP = ("connection", "content-length", "date", "keep-alive", "server", "transfer-encoding")


def _in_dialect(asked: Asked, message: str) -> Answer:
    if any(name.lower() == "x-amz-date" for name in asked.headers):
        return _of_aws(asked, message)
    about: dict[str, Any] = {"id": "invalid_params", "message": message}
    about |= {"success": False, "result": None, "messages": [], "errors": [{"code": 1004, "message": message}]}
    return _of(422, "application/json", json.dumps(about).encode())


def _of_aws(asked: Asked, message: str) -> Answer:
    if "x-amz-target" in {name.lower() for name in asked.headers}:
        body = json.dumps({"__type": "InvalidRequestException", "message": message, "Message": message})
        return _of(400, "application/x-amz-json-1.1", body.encode())
    quoted = message.encode("ascii", "xmlcharrefreplace").decode().replace("&", "&amp;").replace("<", "&lt;")
    error = f"<Error><Type>Sender</Type><Code>ValidationError</Code><Message>{quoted}</Message></Error>"
    return _of(400, "text/xml", f"<ErrorResponse>{error}</ErrorResponse>".encode())


@contextmanager
def meddler(upstream: str, meddle: Meddle, about: str) -> Iterator[str]:
    """The address of a proxy before ``upstream`` that meddles with every request in whose words ``about`` occurs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(upstream, meddle, about))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _handler(upstream: str, meddle: Meddle, about: str) -> type[BaseHTTPRequestHandler]:
    def fetch(asked: Asked) -> Answer:
        return _fetch(upstream, asked)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked = Asked(self.command, self.path, dict(self.headers), body)
            self._tell(meddle(asked, fetch) if about in asked.in_words() else fetch(asked))

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = _pass

        def _tell(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep still."""

    return Handler


def _fetch(upstream: str, asked: Asked) -> Answer:
    connection = http.client.HTTPConnection(urlsplit(upstream).netloc, timeout=60)
    prefix = urlsplit(upstream).path
    kept = {name: value for name, value in asked.headers.items() if name.lower() not in _NOT_PASSED}
    connection.request(asked.method, prefix + asked.path, body=asked.body or None, headers=kept)
    answer = connection.getresponse()
    passed = {name: value for name, value in answer.headers.items() if name.lower() not in _OF_ONE_HOP}
    found = Answer(answer.status, passed, answer.read())
    connection.close()
    return found
