"""What the three proxies have in common: listening, asking an upstream, passing its answer on."""

from __future__ import annotations

import asyncio
import socket
import ssl
from asyncio.sslproto import SSLProtocol
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import aiohttp
from aiohttp import hdrs, web
from aiohttp.abc import AbstractResolver, ResolveResult
from multidict import CIMultiDict
from yarl import URL

Why = Literal["refused", "unreachable", "tls", "certificate", "closed", "slow", "malformed"]
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

CLIENT_IDLE = 120.0
"""Seconds for which a proxy keeps an idle connection of its client: longer than any of our clients keeps its own."""
UPSTREAM_IDLE = 55.0
"""Seconds for which a proxy keeps an idle connection to its upstream: shorter than any of our servers keeps it."""
WHOLE = 64 * 1024
"""An answer up to this many bytes is read whole and passed on in one write."""
BACKLOG = 512
MOST_CONNECTIONS = 256
"""How many connections a client holds to one upstream; requests beyond that wait for one. On a machine that is busy
otherwise, every late answer would else open one more connection, and their TLS handshakes would make all later still.
"""
SSLProtocol.max_size = 32 * 1024  # of asyncio's read buffer for each TLS connection, else 256 KiB

HOP_BY_HOP = (
    hdrs.CONNECTION,
    hdrs.KEEP_ALIVE,
    hdrs.PROXY_AUTHENTICATE,
    hdrs.PROXY_AUTHORIZATION,
    hdrs.TE,
    hdrs.TRAILER,
    hdrs.TRANSFER_ENCODING,
    hdrs.UPGRADE,
    hdrs.EXPECT,
)
"""RFC 9110, 7.6.1; and Expect, since a body is passed on without being asked for."""


class UpstreamError(Exception):
    """An upstream gave no answer. ``why`` tells how far it came; before ``closed`` nothing had been sent to it."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why: Why = why

    @property
    def unsent(self) -> bool:
        """Whether the request surely never reached the upstream, so that another one may be asked."""
        return self.why in ("refused", "unreachable", "tls", "certificate")


class Certificates:
    """Server certificates by name, for one listening socket; they may change while it listens."""

    def __init__(self) -> None:
        self._contexts: dict[Path, tuple[float, ssl.SSLContext]] = {}
        self._by_name: dict[str, ssl.SSLContext] = {}
        self._default: ssl.SSLContext | None = None
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.sni_callback = self._choose

    def replace(self, by_name: Mapping[str, str], default: str | None = None) -> None:
        """Serve these PEM files (name -> path); ``default`` is for clients that ask for another name, or for none."""
        self._by_name = {name.lower(): self._load(path) for name, path in by_name.items()}
        self._default = None if default is None else self._load(default)

    def admit(self, versions: Sequence[str]) -> None:
        """Speak these versions of TLS alone ("TLSv1.2", "TLSv1.3", in this order) on connections made from now on."""
        known = [ssl.TLSVersion[version.replace(".", "_")] for version in versions]
        self.context.minimum_version, self.context.maximum_version = known[0], known[-1]

    def _load(self, path: str) -> ssl.SSLContext:
        file = Path(path)
        changed = file.stat().st_mtime
        known = self._contexts.get(file)
        if known is None or known[0] != changed:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(file)
            known = self._contexts[file] = (changed, context)
        return known[1]

    def _choose(self, connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
        chosen = self._by_name.get((name or "").lower(), self._default)
        if chosen is None:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        connection.context = chosen
        return None


class Listener:
    """A listening socket on 127.0.0.1."""

    def __init__(self, handler: Handler, idle: float) -> None:
        self._handler = handler
        self.idle(idle)

    @classmethod
    async def open(
        cls, handler: Handler, certificates: Certificates | None = None, idle: float = CLIENT_IDLE
    ) -> Listener:
        """Listen at a free port, with TLS where certificates are given; for ``idle`` see :meth:`idle`."""
        listener = cls(handler, idle)
        await listener._listen(certificates.context if certificates else None)
        return listener

    def idle(self, seconds: float) -> None:
        """Close connections made from now on once they were idle for so long."""
        self._factory = web.Server(self._handler, access_log=None, keepalive_timeout=seconds, auto_decompress=False)

    async def _listen(self, context: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: self._factory(), "127.0.0.1", 0, ssl=context, backlog=BACKLOG)
        self.port: int = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Accept no more connections; those that are open go on."""
        self._server.close()


class _Loopback(AbstractResolver):
    """Every name is here: names are for TLS and the Host header, the port says who is meant."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing to close."""


def client_session(
    connect_within: float | None, tls: ssl.SSLContext | None = None, retries: bool = True
) -> aiohttp.ClientSession:
    """An HTTP client whose every name is 127.0.0.1. Plain: no cookies, no decoding, no headers of its own.

    ``connect_within`` counts the TLS handshake too. With ``retries`` an idempotent request whose connection breaks
    before the answer is sent once more.
    """
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0,
            limit_per_host=MOST_CONNECTIONS,
            resolver=_Loopback(),
            keepalive_timeout=UPSTREAM_IDLE,
            family=socket.AF_INET,
            ssl=tls if tls is not None else True,
        ),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_within),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=(hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE),
    )
    session._retry_connection = retries  # aiohttp has no public switch for it; its own test client does the same
    return session


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a request goes: a port on 127.0.0.1, and the name by which TLS and HTTP know it."""

    port: int
    name: str = "127.0.0.1"
    tls: bool = False


async def ask(
    session: aiohttp.ClientSession,
    upstream: Upstream,
    request: web.BaseRequest,
    headers: CIMultiDict[str],
    first_byte: float,
) -> aiohttp.ClientResponse:
    """Send a request on and wait, ``first_byte`` seconds at most, until the answer's headers are there.

    A connection that the upstream closed while it was idle is replaced once where the method makes that safe (aiohttp
    does so for idempotent requests).

    Raises:
        UpstreamError: there is no answer.
    """
    scheme = "https" if upstream.tls else "http"
    url = URL(f"{scheme}://{upstream.name}:{upstream.port}{request.rel_url.raw_path_qs}", encoded=True)
    body = request.content if request.body_exists else None
    try:
        async with asyncio.timeout(first_byte):
            return await session.request(request.method, url, headers=headers, data=body, allow_redirects=False)
    except (TimeoutError, aiohttp.ClientError) as error:
        raise UpstreamError(_why(error)) from error


_REFUSALS: dict[type[OSError], Why] = {ConnectionRefusedError: "refused", ConnectionResetError: "tls"}


def _why(error: Exception) -> Why:
    match error:
        case aiohttp.ConnectionTimeoutError():
            return "unreachable"
        case TimeoutError():
            return "slow"
        case aiohttp.ClientConnectorCertificateError():
            return "certificate"
        case aiohttp.ClientConnectorSSLError():
            return "tls"
        case aiohttp.ClientConnectorError():
            return _REFUSALS.get(type(error.os_error), "unreachable")
        case aiohttp.ClientOSError() | aiohttp.ServerDisconnectedError():
            return "closed"
    return "malformed"


def request_headers(request: web.BaseRequest, host: str | None = None) -> CIMultiDict[str]:
    """A request's end-to-end headers, for the next hop to add its own to."""
    headers = _end_to_end(request.headers)
    if host is not None:
        headers[hdrs.HOST] = host
    client = request.remote or "127.0.0.1"
    before = headers.get("X-Forwarded-For")
    headers["X-Forwarded-For"] = f"{before}, {client}" if before else client
    return headers


async def pass_on(
    request: web.BaseRequest, answer: aiohttp.ClientResponse, extra: Mapping[str, str]
) -> web.StreamResponse:
    """Give the client what the upstream answered.

    Raises:
        UpstreamError: the answer broke off before any of it was passed on. Where some was, the client's connection
            is cut, so that it cannot take the part for the whole.
    """
    headers = _end_to_end(answer.headers)
    for name, value in extra.items():
        if name == hdrs.SET_COOKIE:
            headers.add(name, value)
        else:
            headers[name] = value
    length = answer.content_length
    if request.method == hdrs.METH_HEAD or length is None or length > WHOLE:
        return await _stream(request, answer, headers)
    try:
        body = await answer.read()
    except aiohttp.ClientError as error:
        raise UpstreamError("closed") from error
    headers.popall(hdrs.CONTENT_LENGTH, None)
    return web.Response(status=answer.status, reason=answer.reason, headers=headers, body=body)


async def _stream(
    request: web.BaseRequest, answer: aiohttp.ClientResponse, headers: CIMultiDict[str]
) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=headers)
    try:
        await response.prepare(request)
        async for chunk in answer.content.iter_any():
            await response.write(chunk)
        await response.write_eof()
    except (aiohttp.ClientError, ConnectionError):
        answer.close()
        if request.transport is not None:
            request.transport.abort()
    return response


def page(status: int, text: str, extra: Mapping[str, str] | None = None) -> web.Response:
    """A short answer of the proxy's own."""
    return web.Response(status=status, text=text, content_type="text/html", headers=extra)


def bare_host(request: web.BaseRequest) -> str:
    """The host a request is for, without port."""
    return request.host.rsplit(":", 1)[0].lower()


def _end_to_end(headers: Mapping[str, str]) -> CIMultiDict[str]:
    kept = CIMultiDict(headers)
    for name in (*HOP_BY_HOP, *(named.strip() for named in headers.get(hdrs.CONNECTION, "").split(","))):
        kept.popall(name, None)
    return kept
