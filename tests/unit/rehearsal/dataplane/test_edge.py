"""Cloudflare's edge: records, balancers, its own errors, and the monitors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.dataplane.tls import Authority
from rehearsal.processes import AppProcess
from tests.unit.rehearsal.dataplane.asking import Got, ask
from tests.unit.rehearsal.dataplane.origin import answers, origin, unused_port
from tests.unit.rehearsal.dataplane.steered import Steered

Json = dict[str, Any]
HOST = "api.bond.example"


def pool(name: str, **changes: Any) -> Json:
    """A pool with one origin at the name ``<name>.example``."""
    row = {"name": name, "address": f"{name}.example", "weight": 1, "enabled": True, "host": None}
    return {"id": f"id-{name}", "name": name, "healthy": True, "enabled": True, "origins": [row | changes]}


def balancer(*pools: Json, **changes: Any) -> Json:
    """A balancer that shares evenly between its pools."""
    row = {
        "kind": "balancer",
        "id": "lb",
        "enabled": True,
        "pools": list(pools),
        "fallback_pool": pools[0]["id"],
        "steering_policy": "random",
        "default_weight": 1,
        "pool_weights": {},
        "failover_across_pools": False,
        "session_affinity": "none",
    }
    return row | changes


class Edge:
    """An edge, with the world's names."""

    def __init__(self, steered: Steered, authority: Authority) -> None:
        self.steered, self.authority = steered, authority
        self.ports: dict[str, int] = {}
        self.names: Json = {}

    def table(self, row: Json | None = None, monitors: Json | None = None) -> None:
        """Put a table with one host in force."""
        hosts = {} if row is None else {HOST: row}
        certificates = {HOST: str(self.authority.issue([HOST]))}
        rest = {"monitors": monitors or {}, "ca": str(self.authority.ca_path), "certificates": certificates}
        self.ports = self.steered.send({"names": self.names, "hosts": hosts, **rest})

    def get(self, path: str = "/", **more: Any) -> Got:
        return ask(self.ports["http"], HOST, path, **more)

    def wait_health(self, pool_id: str, healthy: bool) -> Json:
        """What was told of a pool, once it is so."""

        def mine(all_: list[Any]) -> Json:
            told = [report[pool_id] for report in all_ if pool_id in report]
            return told[-1] if told else {"healthy": None}

        return mine(self.steered.reports.wait("pool_health", lambda all_: mine(all_)["healthy"] is healthy))


@pytest.fixture
def edge(start_worker: Callable[[str], Steered], authority: Authority) -> Edge:
    """An edge that knows no host yet."""
    return Edge(start_worker("edge"), authority)


def test_a_proxied_record_leads_to_its_address(edge: Edge, start_app: Callable[..., AppProcess]) -> None:
    edge.names = {"old.example": {"80": start_app("heroku").real_ports[8080]}}
    edge.table({"kind": "record", "content": "Old.example"})
    got = edge.get()
    assert (got.json["side"], got.headers["server"]) == ("heroku", "cloudflare")
    assert got.headers["cf-ray"]


def test_the_origin_gets_the_visitors_host_or_the_one_of_its_own(edge: Edge) -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with origin(answers(raw)) as (port, heads):
        edge.names = {"one.example": {"80": port}}
        edge.table(balancer(pool("one")))
        edge.get()
        edge.table(balancer(pool("one", host="one.herokuapp.example")))
        edge.get()
    assert f"\r\nHost: {HOST}\r\n".encode() in heads[0]
    assert b"\r\nHost: one.herokuapp.example\r\n" in heads[1]
    assert b"\r\nCF-Connecting-IP: 127.0.0.1\r\n" in heads[0]


@pytest.mark.parametrize("row", [None, {"kind": "record", "content": "nowhere.example"}, balancer(pool("nowhere"))])
def test_what_cannot_be_reached_is_an_error_of_cloudflares(edge: Edge, row: Json | None) -> None:
    edge.table(row)
    assert edge.get().status == (530 if row is None else 521)


def test_an_origin_that_closes_without_an_answer_is_a_520_and_is_not_asked_elsewhere(
    edge: Edge, start_app: Callable[..., AppProcess]
) -> None:
    with origin(answers(b"")) as (port, _):
        edge.names = {"one.example": {"80": port}, "two.example": {"80": start_app().real_ports[8080]}}
        weights = {"id-one": 1, "id-two": 0}
        edge.table(balancer(pool("one"), pool("two"), pool_weights=weights, failover_across_pools=True))
        assert edge.get(method="POST").status == 520


def test_with_failover_a_pool_that_cannot_be_reached_costs_no_request(
    edge: Edge, start_app: Callable[..., AppProcess]
) -> None:
    edge.names = {"one.example": {"80": unused_port()}, "two.example": {"80": start_app().real_ports[8080]}}
    pools = (pool("one"), pool("two"))
    edge.table(balancer(*pools, failover_across_pools=True))
    assert {edge.get().status for _ in range(10)} == {200}
    edge.table(balancer(*pools))
    statuses = Counter(edge.get().status for _ in range(10))
    assert set(statuses) == {200, 521}
    counted = edge.steered.reports.wait("edge", lambda cells: sum(cell["requests"] for cell in cells) == 20)
    errors: Counter[str] = Counter()
    for cell in counted:
        errors[cell["pool"]] += cell["errors"]
    assert {cell["host"] for cell in counted} == {HOST}
    assert +errors == Counter(one=statuses[521])


@pytest.mark.parametrize(("name", "status"), [(HOST, 200), ("other.example", 526)])
def test_an_origins_certificate_must_be_for_the_host(
    edge: Edge,
    start_worker: Callable[[str], Steered],
    start_app: Callable[..., AppProcess],
    authority: Authority,
    name: str,
    status: int,
) -> None:
    router = start_worker("router")
    app = {"hosts": [HOST], "maintenance": False, "dynos": [{"name": "web.1", "port": start_app().real_ports[8080]}]}
    ports = router.send({"apps": {"bond": app}, "certificates": {HOST: str(authority.issue([name]))}})
    edge.names = {"old.example": {"443": ports["https"]}}
    edge.table({"kind": "record", "content": "old.example"})
    assert ask(edge.ports["https"], HOST, ca=str(authority.ca_path)).status == status


def test_an_origin_that_speaks_no_tls_is_a_525(
    edge: Edge, start_app: Callable[..., AppProcess], authority: Authority
) -> None:
    edge.names = {"old.example": {"443": start_app().real_ports[8080]}}
    edge.table({"kind": "record", "content": "old.example"})
    assert ask(edge.ports["https"], HOST, ca=str(authority.ca_path)).status == 525


def test_monitors_tell_the_health_of_each_pool(edge: Edge, start_app: Callable[..., AppProcess]) -> None:
    well, ill = start_app(), start_app(starts="never_healthy")
    edge.names = {"well.example": {"80": well.real_ports[8080]}, "ill.example": {"80": ill.real_ports[8080]}}
    settings = {"type": "http", "path": "/health", "port": 80, "interval": 0.1, "timeout": 1, "retries": 1}
    monitor = {**settings, "expected_codes": "2xx", "header": {"Host": [HOST]}}
    pools = (pool("well"), pool("ill"), pool("nowhere"))
    edge.table(balancer(*pools), {each["id"]: monitor for each in pools})
    assert edge.wait_health("id-well", True)["origins"]["well"]["response_code"] == 200
    edge.wait_health("id-ill", False)
    edge.wait_health("id-nowhere", False)
    well.stop(20)
    edge.wait_health("id-well", False)


def test_a_pool_of_no_balancer_is_watched_too(edge: Edge, start_app: Callable[..., AppProcess]) -> None:
    edge.names = {"well.example": {"80": start_app().real_ports[8080]}}
    settings = {"type": "http", "path": "/health", "interval": 0.1, "timeout": 1, "expected_codes": "200"}
    edge.table(None, {"id-well": {**settings, "origins": pool("well")["origins"]}})
    edge.wait_health("id-well", True)


def test_a_table_of_another_kind_is_not_taken(start_worker: Callable[[str], Steered], tmp_path: Path) -> None:
    worker = start_worker("edge")
    with pytest.raises(ChildProcessError):
        worker.send({"no": "table"})
    assert "KeyError" in (tmp_path / "workers.log").read_text()
    (tmp_path / "workers.log").write_text("")
