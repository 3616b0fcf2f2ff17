"""A Cloudflare stand-in on a stage without an edge: its tables are only noted, its reports are made up by tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from rehearsal.cloudflare import CloudflareStandIn
from rehearsal.dataplane.tls import Authority
from rehearsal.names import Names
from rehearsal.requestlog import RequestLog
from rehearsal.restapi import Json
from rehearsal.seed import Seed

API = "api.bond.example"
SEED = Seed.model_validate(
    {
        "cloudflare": {
            "zones": {
                "bond.example": {
                    "dns": [
                        {"type": "CNAME", "name": API, "content": f"heroku:{API}", "proxied": True},
                        {"type": "TXT", "name": "bond.example", "content": "v=spf1 -all"},
                    ]
                },
                "poor.example": {"load_balancing": False},
            }
        }
    }
)
MONITOR = {"type": "https", "path": "/health", "expected_codes": "200", "interval": 5, "timeout": 2}


@dataclass
class Edge:
    """Keeps the tables that it was sent, and lends its voice for reports."""

    report: Callable[[Json], None]
    tables: list[Json] = field(default_factory=list)

    def send(self, message: Json) -> None:
        self.tables.append(message)

    def wait_ready(self) -> Json:
        return {"http": 4080, "https": 4443}

    def stop(self) -> None:
        pass


class Stage:
    """The stand-in and a client with its token."""

    def __init__(self, directory: Path) -> None:
        self.names = Names()
        self.log = RequestLog(directory / "requests.jsonl")
        certificates = Authority(directory / "certificates")
        self.cloudflare = CloudflareStandIn(
            SEED, self.log, self.names, certificates, directory, analytics_delay=0, plane=self._raise_edge
        )
        self.cloudflare.start()
        bearer = {"Authorization": f"Bearer {self.cloudflare.token}"}
        self.client = httpx.Client(base_url=self.cloudflare.url, headers=bearer)
        self.zone = f"/zones/{self.call('GET', '/zones?name=bond.example')[0]['id']}"
        self.account = f"/accounts/{self.cloudflare.account}/load_balancers"

    def call(self, method: str, path: str, body: Json | None = None) -> Any:
        """The result of a call that must succeed."""
        answer = self.client.request(method, path, json=body)
        assert answer.is_success, answer.text
        assert answer.json()["success"] is True
        return answer.json()["result"]

    def refusal(self, method: str, path: str, body: Json | None = None) -> tuple[int, int, str]:
        """Status, code and message of a call that must fail."""
        answer = self.client.request(method, path, json=body)
        assert not answer.is_success, answer.text
        content = answer.json()
        assert (content["success"], content["result"]) == (False, None)
        return answer.status_code, content["errors"][0]["code"], content["errors"][0]["message"]

    def pool(self, name: str, **more: Any) -> Json:
        """A pool with one origin of the same name."""
        origins = [{"name": name, "address": f"{name}.example", "header": {"Host": [API]}}]
        made: Json = self.call("POST", f"{self.account}/pools", {"name": name, "origins": origins, **more})
        return made

    def balancer(self, *pools: Json, **more: Any) -> Json:
        """A proxied balancer over pools, the first one as fallback."""
        body = {
            "name": API,
            "proxied": True,
            "default_pools": [pool["id"] for pool in pools],
            "fallback_pool": pools[0]["id"],
            "steering_policy": "random",
            **more,
        }
        made: Json = self.call("POST", f"{self.zone}/load_balancers", body)
        return made

    def edge_row(self, host: str = API) -> Json:
        """What the edge was last told of a host."""
        row: Json = self.edge.tables[-1]["hosts"][host]
        return row

    def stop(self) -> None:
        """End it."""
        self.client.close()
        self.cloudflare.stop()

    def _raise_edge(self, report: Callable[[Json], None]) -> Edge:
        self.edge = Edge(report)
        return self.edge
