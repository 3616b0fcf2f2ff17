"""Heroku's router: where it sends requests, and what it says when it cannot."""

from __future__ import annotations

import http.client
import re
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from rehearsal.dataplane.tls import Authority
from rehearsal.processes import AppProcess
from tests.unit.rehearsal.dataplane.asking import Got, ask
from tests.unit.rehearsal.dataplane.origin import answers, origin, unused_port
from tests.unit.rehearsal.dataplane.steered import Steered

HOST = "api.bond.example"
LINE = re.compile(
    r"at=(?:info|error code=(?P<code>H\d\d) desc=\"(?P<desc>[^\"]+)\") method=(?P<method>\w+) "
    r"path=\"(?P<path>[^\"]+)\" host=\S+ request_id=\S+ fwd=\"127\.0\.0\.1\" dyno=(?P<dyno>\S*) "
    r"connect=(?:\d+ms)? service=(?:\d+ms)? status=(?P<status>\d+) bytes=(?P<bytes>\d+) protocol=(?P<protocol>\w+)"
)


class Router:
    """A router with one app."""

    def __init__(self, steered: Steered, authority: Authority) -> None:
        self.steered = steered
        self.authority = authority
        self.ports: dict[str, int] = {}

    def table(self, *ports: int, **row: Any) -> None:
        dynos = [{"name": f"web.{number}", "port": port} for number, port in enumerate(ports, 1)]
        app = {"hosts": [HOST], "maintenance": False, "dynos": dynos, **row}
        pem = str(self.authority.issue([HOST]))
        self.ports = self.steered.send({"apps": {"bond": app}, "certificates": {HOST: pem}})

    def get(self, path: str = "/", **more: Any) -> Got:
        return ask(self.ports["http"], HOST, path, **more)

    def line(self) -> dict[str, Any]:
        """The parts of the one line that was logged so far."""
        lines = [line for second in self.steered.reports.wait("router_lines") for line in second]
        assert [line["app"] for line in lines] == ["bond"]
        found = LINE.fullmatch(lines[0]["line"])
        assert found, lines[0]["line"]
        return found.groupdict()


@pytest.fixture
def router(start_worker: Callable[[str], Steered], authority: Authority) -> Router:
    """A router that knows no app yet."""
    return Router(start_worker("router"), authority)


def test_it_passes_requests_and_answers_on_and_logs_them(router: Router) -> None:
    raw = b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\nX-App: yes\r\nConnection: close\r\n\r\nhello"
    with origin(answers(raw)) as (port, heads):
        router.table(port)
        got = router.get("/a%2Fb?x=%20y", method="POST", body=b"ping", headers={"X-Forwarded-Proto": "gopher"})
    assert (got.status, got.body, got.headers["x-app"], got.headers["via"]) == (
        201,
        b"hello",
        "yes",
        "1.1 heroku-router",
    )
    head = heads[0].decode()
    assert head.startswith("POST /a%2Fb?x=%20y HTTP/1.1\r\n")
    for header in (
        f"Host: {HOST}",
        "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-Proto: http",
        "X-Request-Start: ",
        "X-Request-Id: ",
    ):
        assert f"\r\n{header}" in head
    line = router.line()
    assert (line["method"], line["path"], line["dyno"], line["status"], line["bytes"], line["protocol"]) == (
        "POST", "/a%2Fb?x=%20y", "web.1", "201", "5", "http",
    )  # fmt: skip


def test_it_serves_https_with_the_apps_certificate(
    router: Router, start_app: Callable[..., AppProcess], authority: Authority
) -> None:
    router.table(start_app("heroku").real_ports[8080])
    assert ask(router.ports["https"], HOST, ca=str(authority.ca_path)).json["side"] == "heroku"
    assert router.line()["protocol"] == "https"


@pytest.mark.parametrize(
    ("row", "code", "desc"),
    [
        ({}, "H14", "No web processes running"),
        ({"crashed": 1}, "H10", "App crashed"),
        ({"maintenance": True}, "H80", "Maintenance mode"),
    ],
)
def test_it_says_why_there_is_no_dyno(router: Router, row: dict[str, Any], code: str, desc: str) -> None:
    router.table(**row)
    assert router.get().status == 503
    line = router.line()
    assert (line["code"], line["desc"], line["status"], line["dyno"]) == (code, desc, "503", "")


def test_an_unknown_host_is_no_app_and_leaves_no_line(router: Router) -> None:
    router.table()
    assert ask(router.ports["http"], "other.example").status == 404
    assert router.get().status == 503
    assert router.line()["code"] == "H14"


def test_a_dyno_that_closes_without_an_answer_is_an_h13(router: Router) -> None:
    with origin(answers(b"")) as (port, _):
        router.table(port)
        assert router.get(method="POST").status == 503
    assert (router.line()["code"]) == "H13"


def test_a_dyno_that_refuses_is_passed_over(router: Router, start_app: Callable[..., AppProcess]) -> None:
    router.table(unused_port(), start_app("heroku").real_ports[8080], unused_port())
    assert {router.get().status for _ in range(6)} == {200}


def test_an_app_whose_dynos_all_refuse_has_crashed(router: Router) -> None:
    router.table(unused_port(), unused_port())
    assert router.get().status == 503
    assert router.line()["code"] == "H10"


def test_a_request_waits_for_a_dyno_that_boots(router: Router, start_app: Callable[..., AppProcess]) -> None:
    router.table(starting=1)
    got: list[Got] = []
    waiting = threading.Thread(target=lambda: got.append(router.get()))
    waiting.start()
    router.table(start_app("heroku").real_ports[8080])
    waiting.join()
    assert got[0].status == 200


def test_a_body_that_breaks_off_does_not_look_whole(router: Router) -> None:
    def conversation(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")

    with origin(conversation) as (port, _):
        router.table(port)
        with pytest.raises((ConnectionError, http.client.IncompleteRead)):
            router.get()
