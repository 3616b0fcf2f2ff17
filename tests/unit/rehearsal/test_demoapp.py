"""The demo app as a process, seen from outside."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rehearsal.processes import AppProcess
from rehearsal.seed import Behaviour

Start = Callable[..., "Running"]


class Running:
    """A demo app with what it said."""

    def __init__(self, environment: dict[str, str], behaviour: Behaviour, worker: bool) -> None:
        self.lines: list[str] = []
        self.said = threading.Condition()
        self.exits: list[int] = []
        self.exited = threading.Event()
        self.process = AppProcess(environment, behaviour, [8080], worker, self._hear, self._end)

    def _hear(self, line: str) -> None:
        with self.said:
            self.lines.append(line)
            self.said.notify_all()

    def _end(self, code: int) -> None:
        self.exits.append(code)
        self.exited.set()

    def wait_line(self, text: str) -> None:
        with self.said:
            assert self.said.wait_for(lambda: any(text in line for line in self.lines), 20), self.lines

    def wait_end(self) -> int:
        assert self.exited.wait(20)
        return self.exits[0]

    def connect(self) -> http.client.HTTPConnection:
        assert self.process.listening.wait(20), self.lines
        return http.client.HTTPConnection("127.0.0.1", self.process.real_ports[8080], timeout=20)

    def get(self, path: str) -> tuple[int, Any]:
        connection = self.connect()
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.getheader("X-Rehearsal-Side") == "aws"
        content = json.loads(answer.read())
        connection.close()
        return answer.status, content


@pytest.fixture
def start() -> Iterator[Start]:
    """Start the app with behaviour (keywords), environment and as a worker or not."""
    started: list[Running] = []

    def starter(environment: dict[str, str] | None = None, worker: bool = False, **behaviour: Any) -> Running:
        given = {"PORT": "8080", "REHEARSAL_SIDE": "aws", "REHEARSAL_PROCESS": "web.1", **(environment or {})}
        started.append(Running(given, Behaviour(**behaviour), worker))
        return started[-1]

    yield starter
    for running in started:
        running.process.kill()


def test_it_tells_who_it_is_and_that_it_is_healthy(start: Start) -> None:
    app = start({"APP_VERSION": "v7"})
    assert app.get("/") == (200, {"side": "aws", "process": "web.1", "version": "v7"})
    assert app.get("/health?deep=1") == (200, {"ok": True})
    assert app.get("/nothing")[0] == 404


def test_it_digests_each_configuration_variable_and_nothing_else(start: Start) -> None:
    config = {"EMPTY": "", "TWO": "2", "LINES": "a\nb\\n", "UNICODE": "grüße ✓", "LONG": "x" * 9000}
    platform = {"REHEARSAL_DIGEST_KEY": "secret", "AWS_REGION": "eu", "ECS_CLUSTER": "c", "PYTHONHASHSEED": "1"}
    status, digests = start(config | platform).get("/config-digest")
    assert status == 200
    assert digests == {
        name: hmac.new(b"secret", value.encode(), hashlib.sha256).hexdigest() for name, value in config.items()
    }


def test_a_share_of_its_requests_fails_evenly_but_no_health_check(start: Start) -> None:
    app = start(errors=0.25)
    assert [app.get("/")[0] for _ in range(8)] == [200, 200, 200, 500, 200, 200, 200, 500]
    assert {app.get("/health")[0] for _ in range(8)} == {200}


def test_a_build_that_is_never_healthy_serves_all_the_same(start: Start) -> None:
    app = start(starts="never_healthy")
    assert app.get("/health") == (503, {"ok": False})
    assert app.get("/")[0] == 200


def test_a_crash_ends_it_with_its_exit_code_after_its_last_words(start: Start) -> None:
    app = start(starts="crashes", exit_code=3)
    assert app.wait_end() == 3
    assert not app.process.listening.is_set()
    assert app.lines[-2:] == ["Traceback (most recent call last):", "RuntimeError: this build of the app dies on start"]


def test_a_build_may_tell_its_environment_as_it_dies(start: Start) -> None:
    app = start(starts="crashes", tells_environment=True)
    app.wait_end()
    assert "REHEARSAL_SIDE=aws" in " ".join(app.lines[:-2])
    assert app.lines[-1] == "RuntimeError: this build of the app dies on start"


@pytest.mark.parametrize("worker", [False, True])
def test_a_build_may_die_later(start: Start, worker: bool) -> None:
    app = start(worker=worker, dies_after=0.2, exit_code=7)
    assert app.wait_end() == 7
    assert app.process.listening.is_set() != worker
    assert app.lines[-1] == "RuntimeError: this build of the app dies after 0.2 s"


def test_a_port_that_its_platform_does_not_look_at_is_never_found(start: Start) -> None:
    app = start({"PORT": "3000"})
    app.wait_line("listens on port 3000")
    assert not app.process.listening.is_set()
    assert app.process.real_ports == {}


def test_a_worker_works_until_it_is_told_to_stop(start: Start) -> None:
    app = start(worker=True)
    app.wait_line("is at work")
    assert app.process.stop(20) == 0
    assert app.lines[-1] == "web.1 stops"


def test_sigterm_lets_it_finish_what_is_in_flight(start: Start) -> None:
    app = start(delay=0.5)
    connection = app.connect()
    connection.request("GET", "/")
    assert app.get("/health")[0] == 200  # answered after the other request has come
    stopping = threading.Thread(target=app.process.stop, args=(20,))
    stopping.start()
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Connection")) == (200, "close")
    stopping.join()
    assert app.wait_end() == 0


def test_a_request_that_crosses_sigterm_on_a_kept_connection_is_answered(start: Start) -> None:
    app = start()
    kept = app.connect()
    kept.request("GET", "/")
    kept.getresponse().read()
    stopping = threading.Thread(target=app.process.stop, args=(20,))
    stopping.start()
    kept.request("GET", "/")
    assert kept.getresponse().status == 200
    stopping.join()
    assert app.wait_end() == 0


def test_an_app_that_does_not_stop_in_time_is_killed(start: Start) -> None:
    app = start(delay=60)
    connection = app.connect()
    connection.request("GET", "/")
    assert app.get("/health")[0] == 200
    assert app.process.stop(0.3) == 137
    assert app.wait_end() == 137
