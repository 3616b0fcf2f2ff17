"""Heroku's HTTP router, as a worker process (``python -m rehearsal.dataplane.router``).

Error codes, texts and times are those of https://devcenter.heroku.com/articles/error-codes and
https://devcenter.heroku.com/articles/http-routing.
"""

from __future__ import annotations

import asyncio
import secrets
import time
import uuid
from dataclasses import dataclass, field

from aiohttp import web

from rehearsal.children import Json
from rehearsal.dataplane.ailing import Ailing
from rehearsal.dataplane.channel import Channel, each_second, main
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

FIRST_BYTE = 30.0
BOOT = 75.0
"""Seconds for which a request waits for a dyno that boots (then H20)."""
CONNECT = 5.0
ERRORS = {
    "H10": "App crashed",
    "H12": "Request timeout",
    "H13": "Connection closed without response",
    "H14": "No web processes running",
    "H19": "Backend connection timeout",
    "H20": "App boot timeout",
    "H80": "Maintenance mode",
}
OF_PROBLEM = {
    "slow": "H12",
    "closed": "H13",
    "malformed": "H13",
    "unreachable": "H19",
    "refused": "H10",
}


@dataclass(frozen=True, slots=True)
class _Dyno:
    name: str
    port: int


@dataclass(frozen=True)
class _App:
    """One app's row of the table. ``starting`` and ``crashed`` tell why there is no dyno."""

    name: str
    maintenance: bool
    dynos: tuple[_Dyno, ...]
    starting: bool
    crashed: bool


@dataclass
class _Visit:
    """One request on its way, with what its log line will say."""

    app: str
    request: web.BaseRequest
    id: str
    arrived: float = field(default_factory=time.perf_counter)
    dyno: str = ""
    connected: float | None = None

    def line(self, status: int, size: int, code: str | None) -> str:
        """The router's log line."""
        request, now = self.request, time.perf_counter()
        connected = self.connected if self.connected is not None else now
        outcome = f'error code={code} desc="{ERRORS[code]}"' if code else "info"
        reached = self.connected is not None
        return (
            f'at={outcome} method={request.method} path="{request.rel_url.raw_path_qs}" host={request.host} '
            f'request_id={self.id} fwd="{_forwarded(request)}" dyno={self.dyno} '
            f"connect={f'{(connected - self.arrived) * 1000:.0f}ms' if reached else ''} "
            f"service={f'{(now - connected) * 1000:.0f}ms' if reached else ''} status={status} bytes={size} "
            f"protocol={'https' if request.secure else 'http'}"
        )


class RouterPlane:
    """Two sockets, all apps behind them."""

    async def open(self, channel: Channel) -> Json:
        """Listen for HTTP and HTTPS."""
        self._channel = channel
        self._by_host: dict[str, _App] = {}
        self._changed = asyncio.Condition()
        self._lines: list[Json] = []
        self._ailing = Ailing()
        self._random = secrets.SystemRandom()
        self._session = client_session(CONNECT)
        self._certificates = Certificates()
        plain = await Listener.open(self._handle)
        secure = await Listener.open(self._handle, self._certificates)
        self._ticker = asyncio.create_task(each_second(self._report_lines))
        return {"http": plain.port, "https": secure.port}

    async def apply(self, message: Json) -> None:
        """Put a table in force."""
        self._ailing.update(message.get("ailment", {}))
        self._certificates.replace(message.get("certificates", {}))
        self._by_host = {
            host.lower(): _app(name, row) for name, row in message["apps"].items() for host in row["hosts"]
        }
        async with self._changed:
            self._changed.notify_all()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        app = self._by_host.get(bare_host(request))
        if app is None:
            return page(
                404, "<html><body><h1>No such app</h1><p>There is no app configured at that hostname.</p></body></html>"
            )
        visit = _Visit(app.name, request, request.headers.get("X-Request-Id") or str(uuid.uuid4()))
        if app.maintenance:
            return self._fail(visit, "H80")
        if not app.dynos and app.starting:
            app = await self._after_boot(bare_host(request), app)
        if not app.dynos:
            return self._fail(visit, "H20" if app.starting else "H10" if app.crashed else "H14")
        return await self._route(visit, app)

    async def _after_boot(self, host: str, app: _App) -> _App:
        """The app's row once a dyno listens or none is coming, or after the time that a request waits for that."""

        def current() -> _App:
            return self._by_host.get(host, app)

        async with self._changed:
            try:
                async with asyncio.timeout(BOOT):
                    await self._changed.wait_for(lambda: current().dynos or not current().starting)
            except TimeoutError:
                pass
        return current()

    async def _route(self, visit: _Visit, app: _App) -> web.StreamResponse:
        """Ask a random dyno; the next one where a dyno refused the connection."""
        code = "H10"
        for dyno in self._random.sample(app.dynos, len(app.dynos)):
            visit.dyno = dyno.name
            try:
                return await self._relay(visit, dyno)
            except UpstreamError as error:
                code = OF_PROBLEM[error.why]
                if not error.unsent:
                    break
        return self._fail(visit, code)

    async def _relay(self, visit: _Visit, dyno: _Dyno) -> web.StreamResponse:
        request, now = visit.request, time.time()
        headers = request_headers(request)
        headers["X-Request-Id"] = visit.id
        headers["X-Request-Start"] = f"{now * 1000:.0f}"
        headers["X-Forwarded-Proto"] = "https" if request.secure else "http"
        headers["X-Forwarded-Port"] = "443" if request.secure else "80"
        headers.add("Via", "1.1 heroku-router")
        visit.connected = time.perf_counter()
        if await self._ailing.strikes(request.rel_url.raw_path):
            self._log(visit, 500, 0, None)
            return page(500, "the rehearsal's Heroku ails", {"X-Rehearsal-Side": "heroku"})
        async with await ask(self._session, Upstream(dyno.port), request, headers, FIRST_BYTE) as answer:
            response = await pass_on(request, answer, {"Via": "1.1 heroku-router"})
            self._log(visit, answer.status, answer.content_length or 0, None)
            return response

    def _fail(self, visit: _Visit, code: str) -> web.Response:
        self._log(visit, 503, 0, code)
        return page(503, f"<html><body><h1>Application error</h1><!-- {code} --></body></html>")

    def _log(self, visit: _Visit, status: int, size: int, code: str | None) -> None:
        self._lines.append({"app": visit.app, "line": visit.line(status, size, code), "at": round(time.time(), 6)})

    def _report_lines(self, _: int) -> None:
        lines, self._lines = self._lines, []
        if lines:
            self._channel.report({"router_lines": lines})


def _app(name: str, row: Json) -> _App:
    dynos = tuple(_Dyno(dyno["name"], dyno["port"]) for dyno in row["dynos"])
    return _App(name, row["maintenance"], dynos, bool(row.get("starting")), bool(row.get("crashed")))


def _forwarded(request: web.BaseRequest) -> str:
    before = request.headers.get("X-Forwarded-For")
    return f"{before},{request.remote}" if before else str(request.remote)


if __name__ == "__main__":
    main(RouterPlane)
