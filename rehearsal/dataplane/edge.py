"""Cloudflare's edge, as a worker process (``python -m rehearsal.dataplane.edge``)."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections import Counter
from collections.abc import Mapping

from aiohttp import web

from rehearsal.children import Json
from rehearsal.dataplane.channel import Channel, each_second, main
from rehearsal.dataplane.monitors import Monitors
from rehearsal.dataplane.proxy import (
    Certificates,
    Listener,
    Upstream,
    UpstreamError,
    ask,
    bare_host,
    client_session,
    page,
    pass_on,
    request_headers,
)
from rehearsal.dataplane.steering import Balancer, Origin, Steering, binding

FIRST_BYTE = 100.0
CONNECT = 30.0
"""Cloudflare gives an origin 15 s for TCP alone; here the TLS handshake counts too, on a machine that may be busy."""
STATUS = {
    "refused": 521,
    "unreachable": 522,
    "closed": 520,
    "malformed": 520,
    "slow": 524,
    "tls": 525,
    "certificate": 526,
}
"""https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/"""
NO_ADDRESS = 530
SERVER = {"Server": "cloudflare"}
NOTHING: Mapping[str, str] = {}
BINDING = "__cflb"
"""The cookie of session affinity."""


class EdgePlane:
    """Two sockets, all proxied hosts behind them.

    It speaks to an origin as the visitor spoke to it (HTTP or HTTPS), and believes no certificate that does not chain
    to the table's ``ca`` and name the host: Cloudflare's mode "Full (strict)".
    """

    async def open(self, channel: Channel) -> Json:
        """Listen for HTTP and HTTPS."""
        self._channel = channel
        self._names: Json = {}
        self._records: dict[str, str] = {}
        self._balancers: dict[str, Balancer] = {}
        self._steering: dict[str, Steering] = {}
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._session = client_session(CONNECT, self._trust)
        self._monitors = Monitors(self._reach, lambda health: channel.report({"pool_health": health}))
        self._certificates = Certificates()
        plain = await Listener.open(self._handle)
        secure = await Listener.open(self._handle, self._certificates)
        self._ticker = asyncio.create_task(each_second(self._report_counts))
        return {"http": plain.port, "https": secure.port}

    async def apply(self, message: Json) -> None:
        """Put a table in force. ``certificates`` (host -> PEM) are those shown to visitors."""
        self._trust.load_verify_locations(cafile=message["ca"])
        self._certificates.replace(message.get("certificates", {}))
        hosts = {host.lower(): row for host, row in message["hosts"].items()}
        self._names = message["names"]
        self._records = {host: row["content"] for host, row in hosts.items() if row["kind"] == "record"}
        self._balancers = {
            host: Balancer.of(row) for host, row in hosts.items() if row["kind"] == "balancer" and row["enabled"]
        }
        self._steering = {
            balancer.id: self._steering.get(balancer.id) or Steering(balancer.id)
            for balancer in self._balancers.values()
        }
        self._monitors.update(self._session, _monitor_rows(message.get("monitors", {}), hosts))

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        host = bare_host(request)
        if host in self._balancers:
            return await self._balance(request, host)
        if host not in self._records:
            return page(NO_ADDRESS, "error code: 1016", SERVER)
        origin = Origin(host, self._records[host], 1.0, None)
        try:
            return await self._relay(request, origin, host)
        except UpstreamError as error:
            return _failure(error)

    async def _balance(self, request: web.BaseRequest, host: str) -> web.StreamResponse:
        balancer = self._balancers[host]
        response: web.StreamResponse = page(NO_ADDRESS, "error code: 1016", SERVER)
        pool_name = ""
        bound = request.cookies.get(BINDING)
        for pool, origin in self._steering[balancer.id].attempts(balancer, bound):
            pool_name, place = pool.name, binding(pool, origin)
            news = balancer.binds and place != bound
            cookie = {"Set-Cookie": f"{BINDING}={place}; Path=/; Max-Age={balancer.ttl}; HttpOnly"} if news else {}
            try:
                response = await self._relay(request, origin, host, cookie)
                break
            except UpstreamError as error:
                response = _failure(error)
                if not error.unsent:
                    break
        self._counts[host, pool_name, "requests"] += 1
        if response.status >= 500:
            self._counts[host, pool_name, "errors"] += 1
        return response

    async def _relay(
        self, request: web.BaseRequest, origin: Origin, host: str, extra: Mapping[str, str] = NOTHING
    ) -> web.StreamResponse:
        shown = origin.host or host
        port = origin.port or (443 if request.secure else 80)
        upstream = self._reach(origin.address, port, shown, request.secure)
        if upstream is None:
            raise UpstreamError("refused")
        headers = request_headers(request, shown)
        headers["CF-Ray"] = f"{secrets.token_hex(8)}-LCL"
        headers["CF-Connecting-IP"] = request.remote or "127.0.0.1"
        headers["X-Forwarded-Proto"] = request.scheme
        async with await ask(self._session, upstream, request, headers, FIRST_BYTE) as answer:
            return await pass_on(request, answer, {**SERVER, **extra, "CF-Ray": headers["CF-Ray"]})

    def _reach(self, address: str, port: int, name: str, tls: bool) -> Upstream | None:
        real = self._names.get(address.lower(), {}).get(str(port))
        return None if real is None else Upstream(real, name, tls)

    def _report_counts(self, second: int) -> None:
        counts, self._counts = self._counts, Counter()
        for host, pool in sorted({(host, pool) for host, pool, _ in counts}):
            numbers = {what: counts[host, pool, what] for what in ("requests", "errors")}
            self._channel.report({"edge": {"second": second, "host": host, "pool": pool, **numbers}})


def _failure(error: UpstreamError) -> web.Response:
    status = STATUS[error.why]
    return page(status, f"error code: {status}", SERVER)


def _monitor_rows(monitors: Json, hosts: Json) -> Json:
    """The monitors with their pools' origins; these may stand in the row itself, for a pool of no balancer yet."""
    origins = {
        pool["id"]: pool["origins"] for row in hosts.values() if row["kind"] == "balancer" for pool in row["pools"]
    }
    return {pool: {**row, "origins": row.get("origins", origins.get(pool, []))} for pool, row in monitors.items()}


if __name__ == "__main__":
    main(EdgePlane)
