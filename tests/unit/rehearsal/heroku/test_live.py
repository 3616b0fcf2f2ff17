"""Heroku with its real router and real dynos, under load."""

from __future__ import annotations

import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from rehearsal.dataplane.tls import Authority
from rehearsal.heroku import HerokuStandIn
from rehearsal.names import Names
from rehearsal.requestlog import RequestLog
from rehearsal.seed import Seed
from tests.unit.rehearsal.heroku.stage import HEADERS

HOST = "api.bond.example"
WEB = {"formation": {"web": {"quantity": 2, "command": "npm start"}}, "config": {"APP_VERSION": "1"}, "domains": [HOST]}
BROKEN = {**WEB, "domains": [], "behaviour": {"starts": "crashes"}}


class Live:
    """The stand-in, and a client of its API and of its router."""

    def __init__(self, directory: Path) -> None:
        self.names = Names()
        self.certificates = Authority(directory / "certificates")
        seed = Seed.model_validate({"heroku": {"bond-server": WEB, "bond-broken": BROKEN}})
        log = RequestLog(directory / "requests.jsonl")
        self.heroku = HerokuStandIn(seed, log, self.names, self.certificates, directory)
        self.heroku.start()
        self.heroku.wait_serving()
        headers = {**HEADERS, "Authorization": f"Bearer {self.heroku.token}"}
        self.api = httpx.Client(base_url=self.heroku.url, headers=headers)

    def port(self, app: str, secure: bool) -> int:
        """Where the router listens, by the name that Heroku gave the app."""
        name = next(name for name in self.names.snapshot() if name.startswith(app))
        ports = self.names.lookup(name)
        assert ports is not None
        return ports[443 if secure else 80]

    def visit(self, client: httpx.Client, host: str = HOST) -> httpx.Response:
        """One request of a visitor."""
        url = f"http://127.0.0.1:{self.port('bond-server', secure=False)}/"
        return client.get(url, headers={"Host": host}, timeout=40)

    def stop(self) -> None:
        """End it."""
        self.api.close()
        self.heroku.stop()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    made = Live(tmp_path_factory.mktemp("live"))
    yield made
    made.stop()


class Crowd:
    """Visitors that come until told to stop, and the statuses they saw."""

    def __init__(self, live: Live) -> None:
        self.seen: Counter[tuple[int, str]] = Counter()
        self.came = threading.Condition()
        self._live = live
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._come) for _ in range(4)]

    def __enter__(self) -> Crowd:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, status: int, version: str, times: int) -> None:
        """Wait until this was seen so often."""
        with self.came:
            assert self.came.wait_for(lambda: self.seen[status, version] >= times, 20), self.seen

    def _come(self) -> None:
        with httpx.Client() as client:
            while not self._over.is_set():
                answer = self._live.visit(client)
                version = answer.json()["version"] if answer.status_code == 200 else ""
                with self.came:
                    self.seen[answer.status_code, version] += 1
                    self.came.notify_all()


def test_a_release_under_load_loses_no_request(live: Live) -> None:
    with Crowd(live) as crowd:
        crowd.wait_for(200, "1", 50)
        for version in ("2", "3"):
            live.api.patch("/apps/bond-server/config-vars", json={"APP_VERSION": version}).raise_for_status()
            crowd.wait_for(200, version, 50)
    assert {status for status, _version in crowd.seen} == {200}, crowd.seen


def test_the_router_serves_tls_for_the_custom_domain(live: Live) -> None:
    url = f"https://127.0.0.1:{live.port('bond-server', secure=True)}/health"
    with httpx.Client(verify=ssl.create_default_context(cafile=live.certificates.ca_path)) as client:
        answer = client.get(url, headers={"Host": HOST}, extensions={"sni_hostname": HOST})
    assert answer.json() == {"ok": True}


def test_without_web_dynos_visitors_get_h14_and_the_log_says_so(live: Live) -> None:
    url = live.api.post(
        "/apps/bond-server/log-sessions", json={"lines": 0, "tail": True, "dyno": "router", "source": "heroku"}
    ).json()["logplex_url"]
    with httpx.Client() as client, httpx.stream("GET", url, timeout=20) as tail:
        live.api.patch("/apps/bond-server/formation/web", json={"quantity": 0}).raise_for_status()
        assert live.visit(client).status_code == 503
        lines = (line for line in tail.iter_lines() if "code=H14" in line)
        assert 'heroku[router]: at=error code=H14 desc="No web processes running" method=GET path="/"' in next(lines)
        live.api.patch("/apps/bond-server/formation/web", json={"quantity": 2}).raise_for_status()
        assert live.visit(client).status_code == 200


def test_an_app_that_crashes_on_start_is_h10(live: Live) -> None:
    host = next(name for name in live.names.snapshot() if name.startswith("bond-broken"))
    with httpx.Client() as client:
        answer = live.visit(client, host)
    assert (answer.status_code, "H10" in answer.text) == (503, True)
