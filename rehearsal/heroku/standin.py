"""The Heroku stand-in as a whole: API, log streams, dynos and the router's process."""

from __future__ import annotations

import copy
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from rehearsal.ailments import WELL, Ailment
from rehearsal.calls import Call
from rehearsal.children import Worker
from rehearsal.heroku import routes_apps, routes_config, routes_processes, routes_resources
from rehearsal.heroku.dynos import Dyno, Dynos, Launch, Tempo
from rehearsal.heroku.logplex import Logplex
from rehearsal.heroku.protocol import Api, RateLimit, refuse
from rehearsal.heroku.routing import Issuer, public_names, table
from rehearsal.heroku.state import state_of
from rehearsal.heroku.store import App, Store
from rehearsal.heroku.world import Heroku
from rehearsal.names import Names
from rehearsal.processes import AppProcess
from rehearsal.requestlog import RequestLog
from rehearsal.restapi import Json, Routes
from rehearsal.seed import Seed
from rehearsal.serving import Server

STREAMS = "/streams/"
ROUTES = Routes[Heroku]().include(
    [routes_apps.routes, routes_config.routes, routes_processes.routes, routes_resources.routes]
)


class Plane(Protocol):
    """A steered data-plane process; :class:`rehearsal.children.Worker` in earnest."""

    def send(self, message: Json) -> None:
        """Put a table in force."""

    def wait_ready(self) -> Json:
        """Where it listens."""

    def stop(self) -> None:
        """End it."""


class HerokuStandIn:
    """Heroku, as far as a migration sees it.

    ``environment`` is added to what each dyno gets (REHEARSAL_DIGEST_KEY, say). ``plane`` makes the router's process
    from a callback for its reports, ``launch`` starts dynos: tests put simpler things there.
    """

    def __init__(
        self,
        seed: Seed,
        log: RequestLog,
        names: Names,
        certs: Issuer,
        directory: Path,
        *,
        environment: Mapping[str, str] | None = None,
        tempo: Tempo = Tempo(),  # noqa: B008 - it is frozen
        plane: Callable[[Callable[[Json], None]], Plane] | None = None,
        launch: Launch = AppProcess,
    ) -> None:
        self.token = str(uuid.uuid4())
        self.limit = RateLimit()
        self.logplex = Logplex(seed.signature)
        self.store = Store(seed.heroku)
        self._certs = certs
        self._names = names
        self._plane = plane or _router(directory)
        self._router: Plane | None = None
        self._publishing = Lock()
        self._ailment = WELL.heroku
        self._dynos = Dynos(self.store, self.logplex, self._publish, environment or {}, tempo, launch)
        heroku = Heroku(self.store, self._dynos, self.logplex, self._publish, certs.issue, self._stream_url)
        self._api = Api(heroku, ROUTES, self.token, self.limit)
        streams = Route(f"{STREAMS}{{token}}", self._stream)
        app = Starlette(routes=[streams, Mount("/", app=self._api)])
        self._server = Server(log.logged(app, "heroku", self._classify, refuse), "heroku")
        self.url = self._server.url

    def start(self) -> None:
        """Start the router, the API and the dynos; returns when the router serves (dynos may still boot)."""
        apps = list(self.store.apps.values())
        self._router = self._plane(self._report)
        for app in apps:
            self._dynos.reconcile(app)
        self._publish()
        ports = self._router.wait_ready()
        for app in apps:
            for name in public_names(app):
                self._names.publish(name, {80: ports["http"], 443: ports["https"]})
        self._server.start()

    def wait_serving(self, within: float = 60.0) -> None:
        """Wait until every web dyno listens (or has crashed) and the router knows it.

        Raises:
            TimeoutError: some still boot after ``within`` seconds.
        """
        self._dynos.wait_booted(within)
        self._publish()

    def stop(self) -> None:
        """End everything that was started."""
        self.logplex.close()
        self._server.stop()
        self._dynos.close()
        with self._publishing:
            router, self._router = self._router, None
        if router is not None:
            router.stop()

    def state(self) -> Json:
        """All there is, as plain values."""
        return state_of(self.store, self._dynos)

    def snapshot(self) -> dict[str, App]:
        """A copy of the apps, for :meth:`restore`."""
        with self.store.lock:
            return copy.deepcopy(self.store.apps)

    def restore(self, apps: Mapping[str, App]) -> None:
        """Let the apps be as they were; dynos of another release, or that are not up, are started anew."""
        with self.store.lock:
            self.store.apps = copy.deepcopy(dict(apps))
            restored = list(self.store.apps.values())
        for app in restored:
            self._dynos.reconcile(app)
            self._dynos.restart(app, partial(_is_of_another_time, app))
        self.wait_serving()

    def ail(self, ailment: Ailment) -> None:
        """Let requests to all apps fare so from now on; returns when it is in force."""
        self._ailment = ailment
        self._publish()

    def lose_log_lines(self, app: str, lines: int) -> None:
        """Lose so many lines of an app's log, in every open tail (L11) and in every drain (L10), as under load."""
        self.logplex.overflow_tails(app, lines)
        for drain in self.store.apps[app].drains:
            self.logplex.overflow_drain(app, drain.token, lines)

    def rotate(self, app: str, addon: str, values: Mapping[str, str]) -> None:
        """Let an add-on change the config vars it owns, as Heroku does on its own when it rotates credentials."""
        with self.store.lock:
            found = self.store.apps[app]
            owner = next(it for it in found.addons if it.name == addon)
            if foreign := set(values) - set(owner.config):
                raise ValueError(f"{addon} does not own {', '.join(sorted(foreign))}")
            found.config |= values
            found.release(f"Update {owner.attachment} by {owner.service}", f"{owner.service}@addons.heroku.example")
        self._dynos.restart(found)

    def _publish(self) -> None:
        """Bring the router up to date. One at a time and with the newest state: the last one to arrive is right."""
        with self._publishing:
            if self._router is not None:
                self._router.send(table(self.store, self._dynos, self._certs.issue, self._ailment))

    def _report(self, report: Json) -> None:
        for entry in report.get("router_lines", []):
            self.logplex.write(entry["app"], "heroku", "router", entry["line"], entry["at"])

    def _stream_url(self, token: str) -> str:
        return f"{self.url}{STREAMS}{token}"

    def _classify(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Call:
        if target.startswith(STREAMS):
            return Call(f"{method} {STREAMS}{{token}}", "read")
        return self._api.classify(method, target, headers, body)

    async def _stream(self, request: Request) -> Response:
        """A log session's lines, as plain text, or as server-sent events for clients that ask for them (the CLI)."""
        wish = self.logplex.redeem(request.path_params["token"])
        if wish is None:
            return PlainTextResponse("This log session does not exist or has expired.\n", 404)
        events = "text/event-stream" in request.headers.get("accept", "")
        media_type = "text/event-stream" if events else "text/plain; charset=utf-8"
        frame = ("data: ", "\n\n") if events else ("", "\n")
        return StreamingResponse(_framed(self.logplex.stream(wish), *frame), media_type=media_type)


def _is_of_another_time(app: App, dyno: Dyno) -> bool:
    return dyno.release_id != app.current.id or dyno.state == "crashed"


async def _framed(stream: AsyncIterator[list[str]], before: str, after: str) -> AsyncIterator[str]:
    async for lines in stream:
        yield "".join(f"{before}{line}{after}" for line in lines)


def _router(directory: Path) -> Callable[[Callable[[Json], None]], Plane]:
    directory.mkdir(parents=True, exist_ok=True)

    def make(on_report: Callable[[Json], None]) -> Plane:
        return Worker("rehearsal.dataplane.router", on_report=on_report, log=directory / "router.log")

    return make
