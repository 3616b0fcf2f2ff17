"""Cloudflare with its real edge, in front of two apps of a real Heroku."""

from __future__ import annotations

import ssl
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from rehearsal.cloudflare import CloudflareStandIn
from rehearsal.dataplane.tls import Authority
from rehearsal.heroku import HerokuStandIn
from rehearsal.names import Names
from rehearsal.requestlog import RequestLog
from rehearsal.restapi import Json
from rehearsal.seed import Seed
from tests.unit.rehearsal.cloudflare.stage import API, MONITOR

WEB = {"web": {"quantity": 1, "command": "npm start"}}
SEED = Seed.model_validate(
    {
        "heroku": {
            "bond-old": {"config": {"APP_VERSION": "old"}, "formation": WEB, "domains": [API]},
            "bond-new": {"config": {"APP_VERSION": "new"}, "formation": WEB},
        },
        "cloudflare": {
            "zones": {"bond.example": {"dns": [{"type": "CNAME", "name": API, "content": f"heroku:{API}"}]}}
        },
    }
)


class Live:
    """Both stand-ins, and a visitor."""

    def __init__(self, directory: Path) -> None:
        names, log = Names(), RequestLog(directory / "requests.jsonl")
        certificates = Authority(directory / "certificates")
        self.heroku = HerokuStandIn(SEED, log, names, certificates, directory)
        self.cloudflare = CloudflareStandIn(SEED, log, names, certificates, directory, analytics_delay=0)
        self.heroku.start()
        self.cloudflare.start()
        self.heroku.wait_serving()
        self.app_names = {app: name for app in ("bond-old", "bond-new") for name in names.snapshot() if app in name}
        self.api = httpx.Client(
            base_url=self.cloudflare.url, headers={"Authorization": f"Bearer {self.cloudflare.token}"}
        )
        self.visitor = httpx.Client(verify=ssl.create_default_context(cafile=certificates.ca_path))
        self.zone = next(iter(self.cloudflare.store.zones))

    def call(self, method: str, path: str, body: Json | None = None) -> Json:
        """The result of a call."""
        answer = self.api.request(method, path, json=body)
        assert answer.is_success, answer.text
        result: Json = answer.json()["result"]
        return result

    def visits(self, number: int) -> Counter[str]:
        """Which version answered how often."""
        seen: Counter[str] = Counter()
        for _ in range(number):
            answer = self.visitor.get(
                f"https://127.0.0.1:{self.cloudflare.edge_ports['https']}/",
                headers={"Host": API},
                extensions={"sni_hostname": API},
            )
            seen[answer.json()["version"] if answer.is_success else str(answer.status_code)] += 1
        return seen

    def stop(self) -> None:
        """End both."""
        self.api.close()
        self.visitor.close()
        self.cloudflare.stop()
        self.heroku.stop()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    made = Live(tmp_path_factory.mktemp("live"))
    yield made
    made.stop()


class Cutover:
    """Pools for both apps and a balancer that is taken away in the end; all visitors come to the old app at first."""

    def __init__(self, live: Live, **more: object) -> None:
        self._live = live
        self.account = f"/accounts/{live.cloudflare.account}/load_balancers"
        self.monitor = live.call("POST", f"{self.account}/monitors", MONITOR)["id"]
        self.pools = {app: self._pool(app, address) for app, address in live.app_names.items()}
        body = {
            "name": API,
            "proxied": True,
            "default_pools": list(self.pools.values()),
            "fallback_pool": self.pools["bond-old"],
            "steering_policy": "random",
            "random_steering": self._weights(1, 0),
            **more,
        }
        self._path = f"/zones/{live.zone}/load_balancers"
        self._path += "/" + live.call("POST", self._path, body)["id"]

    def shift(self, old: float, new: float) -> None:
        """Move the weights."""
        self._live.call("PATCH", self._path, {"random_steering": self._weights(old, new)})

    def undo(self) -> None:
        """Take everything away again."""
        self._live.call("DELETE", self._path)
        for pool in self.pools.values():
            self._live.call("DELETE", f"{self.account}/pools/{pool}")
        self._live.call("DELETE", f"{self.account}/monitors/{self.monitor}")

    def _pool(self, app: str, address: str) -> str:
        origin = {"name": app, "address": address, "header": {"Host": [address]}, "port": 443}
        body = {"name": app, "origins": [origin], "monitor": self.monitor}
        return str(self._live.call("POST", f"{self.account}/pools", body)["id"])

    def _weights(self, old: float, new: float) -> Json:
        return {"default_weight": 0, "pool_weights": {self.pools["bond-old"]: old, self.pools["bond-new"]: new}}


def test_a_cutover_from_record_to_balancer_to_the_new_side(live: Live) -> None:
    assert live.visits(5) == {"old": 5}
    cutover = Cutover(live)
    assert live.visits(20) == {"old": 20}
    cutover.shift(0.75, 0.25)
    shared = live.visits(100)
    assert 20 <= shared["new"] <= 30, shared
    assert shared["old"] + shared["new"] == 100
    cutover.shift(0, 1)
    assert live.visits(20) == {"new": 20}
    cutover.undo()
    assert live.visits(5) == {"old": 5}


def test_a_bound_visitor_stays_until_its_pool_is_disabled(live: Live) -> None:
    cutover = Cutover(live, session_affinity="cookie", session_affinity_ttl=1800)
    live.visitor.cookies.clear()
    assert live.visits(1) == {"old": 1}
    cutover.shift(0, 1)
    assert live.visits(20) == {"old": 20}
    live.call("PATCH", f"{cutover.account}/pools/{cutover.pools['bond-old']}", {"enabled": False})
    assert live.visits(20) == {"new": 20}
    cutover.undo()
    live.visitor.cookies.clear()
