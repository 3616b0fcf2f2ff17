"""The visitors: their rate, and what they count as a failure."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from rehearsal.processes import AppProcess
from tests.unit.rehearsal.dataplane.origin import Conversation, answers, origin, unused_port
from tests.unit.rehearsal.dataplane.steered import Steered

Json = dict[str, Any]
HOST = "api.bond.example"


class Visitors:
    """A visitors worker, told to visit a port directly."""

    def __init__(self, steered: Steered) -> None:
        self.steered = steered

    def visit(self, port: int, rate: float, paths: Json | None = None) -> None:
        edge = {"http": port, "https": port}
        self.steered.send({"edge": edge, "host": HOST, "rate": rate, "paths": paths or {"/": 1}})

    def pause(self) -> Json:
        """Stop visiting; the sum of all reports."""
        self.steered.send({"rate": 0})
        sums: Json = {"requests": 0, "failed": 0, "sides": Counter(), "reasons": Counter()}
        for report in self.steered.reports.of("visitors"):
            sums["requests"] += report["requests"]
            sums["failed"] += report["failed"]
            sums["sides"].update({side: counts["requests"] for side, counts in report["sides"].items()})
            sums["reasons"].update(report["reasons"])
        return sums

    def wait_some(self, number: int = 1) -> None:
        self.steered.reports.wait("visitors", lambda all_: sum(report["requests"] for report in all_) >= number)


@pytest.fixture
def visitors(start_worker: Callable[[str], Steered]) -> Visitors:
    """Visitors who wait to be told."""
    return Visitors(start_worker("visitors"))


def test_they_come_at_their_rate_however_slow_the_answers_are(
    visitors: Visitors, start_app: Callable[..., AppProcess]
) -> None:
    app = start_app(delay=0.5)
    visitors.visit(app.real_ports[8080], 40)
    started = time.monotonic()
    visitors.wait_some(60)
    least = 40 * (time.monotonic() - started)
    sums = visitors.pause()
    most = 40 * (time.monotonic() - started)
    assert sums["failed"] == 0
    assert sums["sides"] == Counter(aws=sums["requests"])
    assert least * 0.9 <= sums["requests"] <= most + 1


def test_a_pause_counts_what_is_in_flight(visitors: Visitors, start_app: Callable[..., AppProcess]) -> None:
    app = start_app("heroku", delay=1)
    visitors.visit(app.real_ports[8080], 1000)
    sums = visitors.pause()
    assert sums["requests"] > 0
    assert sums["sides"] == Counter(heroku=sums["requests"])
    assert visitors.pause() == sums


def test_they_ask_for_paths_by_weight(visitors: Visitors) -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with origin(answers(raw)) as (port, heads):
        visitors.visit(port, 100, {"/a": 3, "/b": 1, "/c": 0})
        visitors.wait_some(40)
        visitors.pause()
    seen = Counter(head.split()[1].decode() for head in heads)
    assert set(seen) == {"/a", "/b"}
    assert abs(seen["/b"] - 0.25 * seen.total()) <= 2
    assert all(f"\r\nHost: {HOST}\r\n".encode() in head for head in heads)


@pytest.mark.parametrize(
    ("conversation", "reason"),
    [
        (answers(b"HTTP/1.1 502 Bad\r\nContent-Length: 0\r\nX-Rehearsal-Side: aws\r\n\r\n"), "status 502 (aws)"),
        (answers(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"), "status 404 (unknown)"),
        (answers(b""), "ServerDisconnectedError (unknown)"),
        (answers(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), "ClientPayloadError (unknown)"),
    ],
)
def test_they_ask_once_and_keep_the_reason_of_a_failure(
    visitors: Visitors, conversation: Conversation, reason: str
) -> None:
    with origin(conversation) as (port, heads):
        visitors.visit(port, 10)
        visitors.wait_some()
        sums = visitors.pause()
        assert sums["requests"] == sums["failed"] == len(heads)
    assert sums["reasons"] == Counter({reason: sums["failed"]})


def test_a_redirect_is_an_answer(visitors: Visitors) -> None:
    raw = b"HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with origin(answers(raw)) as (port, _):
        visitors.visit(port, 10)
        visitors.wait_some()
        assert visitors.pause()["failed"] == 0


def test_an_edge_that_refuses_is_a_failure(visitors: Visitors) -> None:
    visitors.visit(unused_port(), 10)
    visitors.wait_some()
    sums = visitors.pause()
    assert sums["failed"] == sums["requests"] > 0
    assert list(sums["reasons"]) == ["ClientConnectorError (unknown)"]
