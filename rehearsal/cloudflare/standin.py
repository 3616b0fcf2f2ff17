"""The Cloudflare stand-in as a whole: API, analytics and the edge's process."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Protocol

from rehearsal.children import Worker
from rehearsal.cloudflare import routes_balancing, routes_zones
from rehearsal.cloudflare.analytics import Analytics
from rehearsal.cloudflare.edge import shares_of, table
from rehearsal.cloudflare.protocol import BASE, Api, refuse
from rehearsal.cloudflare.state import state_of
from rehearsal.cloudflare.store import ACCOUNT, Contents, Store, new_id
from rehearsal.cloudflare.world import Cloudflare
from rehearsal.names import Names, Table
from rehearsal.requestlog import RequestLog
from rehearsal.restapi import Json, Routes
from rehearsal.seed import Seed
from rehearsal.serving import Server

ROUTES = Routes[Cloudflare]().include([routes_balancing.routes, routes_zones.routes])


class Plane(Protocol):
    """A steered data-plane process; :class:`rehearsal.children.Worker` in earnest."""

    def send(self, message: Json) -> None:
        """Put a table in force."""

    def wait_ready(self) -> Json:
        """Where it listens."""

    def stop(self) -> None:
        """End it."""


class Issuer(Protocol):
    """Where certificates come from; :class:`rehearsal.dataplane.tls.Authority` in earnest."""

    ca_path: Path

    def issue(self, names: list[str]) -> Path:
        """The PEM file for these names."""


class CloudflareStandIn:
    """Cloudflare, as far as a migration sees it.

    ``analytics_delay`` is how many seconds old a request must be before the analytics know of it. ``plane`` makes the
    edge's process from a callback for its reports: tests put a simpler thing there.
    """

    def __init__(
        self,
        seed: Seed,
        log: RequestLog,
        names: Names,
        certs: Issuer,
        directory: Path,
        *,
        analytics_delay: float = 5.0,
        plane: Callable[[Callable[[Json], None]], Plane] | None = None,
    ) -> None:
        self.token = secrets.token_urlsafe(30)
        self.account = ACCOUNT
        self.store = Store(seed.cloudflare)
        self.analytics = Analytics(analytics_delay)
        self.edge_ports: dict[str, int] = {}
        """Where visitors reach the edge: ``http`` and ``https`` ports on 127.0.0.1, once started."""
        self._certs = certs
        self._names = names
        self._table_of_names: Table = {}
        self._plane = plane or _edge(directory)
        self._worker: Plane | None = None
        self._publishing = Lock()
        self._health_changed = Event()
        self._seen_health = Event()
        self._stopping = False
        cloudflare = Cloudflare(self.store, self.analytics, self._publish, new_id())
        self.api = Api(cloudflare, ROUTES, self.token)
        self._server = Server(log.logged(self.api, "cloudflare", self.api.classify, refuse), "cloudflare")
        self.url = self._server.url + BASE

    def start(self) -> None:
        """Start the edge and the API; returns when both serve."""
        self._worker = self._plane(self._report)
        self._names.subscribe(self._take_names)
        self.edge_ports = self._worker.wait_ready()
        Thread(target=self._follow_health, name="cloudflare health", daemon=True).start()
        self._server.start()

    def stop(self) -> None:
        """End everything that was started."""
        self._stopping = True
        self._health_changed.set()
        self._server.stop()
        with self._publishing:
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.stop()

    def state(self) -> Json:
        """All there is, as plain values."""
        return state_of(self.store)

    def shares(self) -> dict[str, dict[str, float]]:
        """How each load balancer divides its traffic: its host -> pool name -> share, disabled pools at 0."""
        with self.store.lock:
            return {balancer["name"]: shares_of(balancer, self.store.pools) for _, balancer in self.store.balancers()}

    def restore(self, contents: Contents) -> None:
        """Let everything be as it was (``store.snapshot()``), at the edge, too."""
        self.store.restore(contents)
        self._publish()

    def wait_healthy(self, contents: Contents, within: float = 60.0) -> None:
        """Wait until each pool that was healthy in ``contents`` is so again, as the edge's monitors see it.

        Raises:
            TimeoutError: some still is not after ``within`` seconds.
        """
        health = contents[-1]
        wanted = {pool_id for pool_id, seen in health.items() if seen["healthy"]}
        until = time.monotonic() + within
        while unwell := sorted(wanted - self._healthy_pools()):
            if time.monotonic() > until:
                raise TimeoutError(f"after {within:g} s the edge still finds pools unhealthy: {', '.join(unwell)}")
            self._seen_health.wait(1.0)
            self._seen_health.clear()

    def _healthy_pools(self) -> set[str]:
        with self.store.lock:
            return {pool_id for pool_id, seen in self.store.health.items() if seen["healthy"]}

    def _take_names(self, names: Table) -> None:
        """A name came, went or moved. The table is kept, so that nothing below ever waits for the lock of the names."""
        self._table_of_names = names
        self._publish()

    def _publish(self) -> None:
        """Bring the edge up to date. One at a time and with the newest state: the last one to arrive is right."""
        with self._publishing:
            if self._worker is not None:
                self._worker.send(table(self.store, self._table_of_names, self._certs.ca_path, self._certs.issue))

    def _report(self, report: Json) -> None:
        """Take in what the edge tells; runs in the thread that the edge's confirmations come by, so it never waits."""
        for pool_id, health in report.get("pool_health", {}).items():
            with self.store.lock:
                self.store.health[pool_id] = health
                self.store.forget_unwatched()
            self._health_changed.set()
            self._seen_health.set()
        if "edge" in report:
            self._count(report["edge"])

    def _follow_health(self) -> None:
        """Steer by each change of health."""
        while True:
            self._health_changed.wait()
            self._health_changed.clear()
            if self._stopping:
                return
            self._publish()

    def _count(self, row: Json) -> None:
        """One second's requests to one pool, for the analytics."""
        with self.store.lock:
            zone = next((zone for zone in self.store.zones.values() if zone.covers(row["host"])), None)
            pool = next((pool for pool in self.store.pools.values() if pool["name"] == row["pool"]), None)
        if zone is not None:
            labels = {
                "lbName": row["host"],
                "selectedPoolName": row["pool"] or "",
                "selectedPoolId": pool["id"] if pool else "",
                "selectedOriginName": row.get("origin") or "",
            }
            self.analytics.add(int(row["second"]), zone.id, labels, row["requests"])


def _edge(directory: Path) -> Callable[[Callable[[Json], None]], Plane]:
    directory.mkdir(parents=True, exist_ok=True)

    def make(on_report: Callable[[Json], None]) -> Plane:
        return Worker("rehearsal.dataplane.edge", on_report=on_report, log=directory / "edge.log")

    return make
