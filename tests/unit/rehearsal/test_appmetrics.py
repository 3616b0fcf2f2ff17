"""The apps' own metrics, gathered over real sockets from real processes."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.traffic.metrics_page import Expressions, MetricsPage, fetch_of
from rehearsal.appmetrics import AppMetrics
from rehearsal.processes import AppProcess
from rehearsal.seed import Behaviour

LISTED = Expressions("instances[].id", "instances[].requests", "instances[].errors", "instances[].slow")
Start = Callable[[str, str, Behaviour], AppProcess]


@pytest.fixture
def metrics() -> Iterator[AppMetrics]:
    made = AppMetrics()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def start(metrics: AppMetrics) -> Iterator[Start]:
    started: list[AppProcess] = []

    def make(side: str, name: str, behaviour: Behaviour) -> AppProcess:
        environment = {"PORT": "8080", "REHEARSAL_SIDE": side, "REHEARSAL_PROCESS": name}
        environment["REHEARSAL_METRICS"] = metrics.address
        made = AppProcess(environment, behaviour, [8080], False, lambda _line: None, lambda _code: None)
        started.append(made)
        assert made.listening.wait(20)
        return made

    yield make
    for process in started:
        process.kill()


def visit(app: AppProcess, *paths: str) -> None:
    for path in paths:
        connection = http.client.HTTPConnection("127.0.0.1", app.real_ports[8080], timeout=20)
        connection.request("GET", path)
        connection.getresponse().read()
        connection.close()


def told(metrics: AppMetrics, side: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{metrics.url}/{side}", timeout=10) as answer:  # noqa: S310 - our own
        return list(json.load(answer)["instances"])


def eventually(look: Callable[[], Any], wanted: Any) -> None:
    deadline = time.monotonic() + 20
    while (seen := look()) != wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    assert seen == wanted


def test_all_processes_of_a_side_stand_in_one_answer_and_the_dead_do_not(metrics: AppMetrics, start: Start) -> None:
    bad, slow = start("aws", "web.1", Behaviour(errors=0.5)), start("aws", "web.2", Behaviour(delay=0.6))
    start("heroku", "web.1", Behaviour())
    visit(bad, "/", "/", "/health", "/", "/")
    visit(slow, "/", "/health")

    def totals() -> list[tuple[int, int, int]]:
        return [(row["requests"], row["errors"], row["slow"]) for row in told(metrics, "aws")]

    eventually(totals, [(4, 2, 0), (1, 0, 1)])
    assert len(told(metrics, "heroku")) == 1
    bad.kill()
    eventually(totals, [(1, 0, 1)])


def test_a_side_that_is_none_is_refused(metrics: AppMetrics) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        told(metrics, "azure")


def test_the_guard_reads_it_as_it_reads_an_apps_endpoint(metrics: AppMetrics, start: Start) -> None:
    app = start("aws", "web.1", Behaviour(errors=0.5))
    eventually(lambda: len(told(metrics, "aws")), 1)
    door = Door(shut=True, ordered_by="offramp.ecs/traffic_health_info", alive=lambda: True)
    page = MetricsPage(fetch_of(door, f"{metrics.url}/aws", "AWS"), "The endpoint", LISTED, 1)
    page.start()
    began = int(time.time()) + 1
    eventually(lambda: page.counts(range(began, began + 1))[began], (0, 0, 0, 0))
    visit(app, *["/"] * 8)
    seconds = range(began, began + 30)

    def seen() -> tuple[int, int]:
        known = [counted for counted in page.counts(seconds).values() if counted]
        return sum(counted[0] for counted in known), sum(counted[1] for counted in known)

    eventually(seen, (8, 4))
    page.close()
