from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import (
    BadInput,
    Denied,
    OfframpError,
    Unreachable,
)
from ansible_collections.offramp.ecs.plugins.module_utils.policy.counters import WHOLE, Totals
from ansible_collections.offramp.ecs.plugins.module_utils.traffic import metrics_page
from ansible_collections.offramp.ecs.plugins.module_utils.traffic.metrics_page import Expressions, MetricsPage, fetch_of

PLAIN = Expressions("", "requests", "errors", "")
LISTED = Expressions("tasks[].id", "tasks[].requests", "tasks[].errors", "tasks[].slow")
TASKS = {
    "tasks": [{"id": "a", "requests": 5, "errors": 1, "slow": 2}, {"id": "b", "requests": 7, "errors": 0, "slow": 0}]
}


@pytest.mark.parametrize(
    ("expressions", "answer", "told"),
    [
        (PLAIN, {"requests": 5, "errors": 1.0}, {WHOLE: Totals(5, 1)}),
        (LISTED, TASKS, {"a": Totals(5, 1, 2), "b": Totals(7, 0, 0)}),
        (LISTED, {"tasks": []}, {}),
    ],
)
def test_expressions_take_totals_from_an_answer(expressions: Expressions, answer: Any, told: Any) -> None:
    assert expressions.read(answer, "It") == told


@pytest.mark.parametrize(
    ("expressions", "answer", "said"),
    [
        (PLAIN, {"errors": 1}, "gives nothing for requests ('requests'), where one whole number must stand."),
        (PLAIN, {"requests": "5", "errors": 1}, "gives a text for requests"),
        (PLAIN, {"requests": True, "errors": 1}, "gives a truth for requests"),
        (PLAIN, {"requests": 5.5, "errors": 1}, "gives 5.5 for requests"),
        (PLAIN, {"requests": -5, "errors": 1}, "gives -5 for requests"),
        (PLAIN, {"requests": [5, 6], "errors": 1}, "gives a list of 2 for requests"),
        (
            LISTED,
            {"tasks": [{"id": "a", "requests": 5}]},
            "gives a list of 0 for errors ('tasks[].errors'), where 1",
        ),
        (LISTED, {"tasks": [{"id": "a"}, {"id": "a"}]}, "where different names of instances must stand"),
        (LISTED, {}, "gives nothing for instances"),
    ],
)
def test_what_is_no_total_is_one_sentence(expressions: Expressions, answer: Any, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        expressions.read(answer, "The metrics endpoint of AWS")
    assert said in caught.value.sentence()


def test_what_is_no_expression_is_one_sentence() -> None:
    with pytest.raises(BadInput, match=r"^The expression 'a\[' for errors is no JMESPath: "):
        Expressions("", "requests", "a[", "").refuse_wrong()


class Endpoint:
    """An app's endpoint on a socket of its own."""

    def __init__(self) -> None:
        self.answer: Any = {"requests": 0, "errors": 0}
        self.status = 200
        self.headers: list[dict[str, str]] = []
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                endpoint.headers.append(dict(self.headers))
                body = endpoint.answer if isinstance(endpoint.answer, str) else json.dumps(endpoint.answer)
                self.send_response(endpoint.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/metrics?key=hidden"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def page(endpoint: Endpoint) -> Iterator[MetricsPage]:
    door = Door(shut=True, ordered_by="offramp.ecs/traffic_health_info", alive=lambda: True)
    made = MetricsPage(fetch_of(door, endpoint.url, "AWS"), "The metrics endpoint of AWS", PLAIN, 1)
    yield made
    made.close()


def known(page: MetricsPage, start: int, within: float = 10.0) -> tuple[int, ...] | None:
    """What is told of a second, once something is."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline and page.counts(range(start, start + 1))[start] is None:
        time.sleep(0.02)
    return page.counts(range(start, start + 1))[start]


def test_totals_become_counts_of_periods_that_began_after_the_start(endpoint: Endpoint, page: MetricsPage) -> None:
    page.start()
    first = int(time.time()) + 1
    assert known(page, first) == (0, 0)
    endpoint.answer = {"requests": 40, "errors": 3}
    moved = [told for at in range(first + 1, first + 4) if (told := known(page, at)) != (0, 0)]
    assert moved == [(40, 3)]
    assert page.counts(range(first - 60, first - 59)) == {first - 60: None}


def test_an_endpoint_that_breaks_leaves_gaps_and_says_why(endpoint: Endpoint, page: MetricsPage) -> None:
    page.start()
    endpoint.answer = "<html>"
    broken = int(time.time()) + 2
    deadline = time.monotonic() + 10
    while not page.trouble and time.monotonic() < deadline:
        time.sleep(0.02)
    assert page.trouble.endswith("/metrics) answers 200, and no JSON.")
    assert page.counts(range(broken, broken + 1))[broken] is None


@pytest.mark.parametrize(
    ("status", "answer", "kind", "said"),
    [
        (200, "<html>", Unreachable, "answers 200, and no JSON"),
        (404, {}, Unreachable, "answers 404, and no JSON"),
        (401, {}, Denied, "may not be read (401)"),
        (200, {"requests": 1}, BadInput, "gives nothing for errors"),
    ],
)
def test_before_a_ramp_a_bad_endpoint_is_one_sentence_without_its_key(
    endpoint: Endpoint, page: MetricsPage, status: int, answer: Any, kind: type[OfframpError], said: str
) -> None:
    endpoint.status, endpoint.answer = status, answer
    with pytest.raises(kind) as caught:
        page.start()
    assert said in caught.value.sentence()
    assert "hidden" not in caught.value.sentence()


def test_a_token_of_the_environment_goes_along(
    endpoint: Endpoint, page: MetricsPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(metrics_page.TOKEN_VARIABLE, "a-token-of-mine")
    page.start()
    assert endpoint.headers[0]["Authorization"] == "Bearer a-token-of-mine"
