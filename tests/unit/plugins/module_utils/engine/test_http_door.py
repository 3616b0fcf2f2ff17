"""The HTTP door, over real sockets."""

from __future__ import annotations

import http.server
import logging
import threading
from collections.abc import Callable, Iterator

import httpx
import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine import http_door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import DoorShut, Unreachable

CUT = 0
"""Instead of a status: the connection ends without an answer."""


class Vendor(http.server.ThreadingHTTPServer):
    """Answers with the given statuses in turn, then with 200; remembers who asked for what."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[int] = []
        self.asked: list[tuple[str, str]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Vendor

    def answer(self) -> None:
        self.server.asked.append((self.command, self.headers["User-Agent"]))
        status = self.server.answers.pop(0) if self.server.answers else 200
        if status == CUT:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.send_header("Retry-After", "0")
        self.end_headers()

    do_GET = do_PATCH = do_PUT = do_DELETE = do_POST = answer

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    server = Vendor()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause between tries."""
    monkeypatch.setattr(http_door, "_pause", lambda attempt, retry_after: 0.0)


def client(*, shut: bool, alive: Callable[[], bool] = lambda: True) -> httpx.Client:
    door = Door(shut=shut, ordered_by="offramp.ecs/lamp", alive=alive)
    return httpx.Client(transport=http_door.DoorTransport(door, "Lamps"))


def test_requests_name_who_ordered_them(vendor: Vendor) -> None:
    assert client(shut=False).patch(vendor.url).status_code == 200
    assert vendor.asked == [("PATCH", "offramp.ecs/lamp")]


def test_a_shut_door_lets_reads_out_and_no_write(vendor: Vendor) -> None:
    shut = client(shut=True)
    assert shut.get(vendor.url).status_code == 200
    with pytest.raises(DoorShut):
        shut.patch(vendor.url)
    assert [method for method, _ in vendor.asked] == ["GET"]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("method", "answers", "status", "tries"),
    [
        ("GET", [500, 503, 429], 200, 4),
        ("GET", [500, 500, 500, 500, 500], 500, 4),
        ("GET", [404], 404, 1),
        ("PATCH", [429, 429], 200, 3),
        ("PATCH", [500, CUT, 503], 200, 4),
        ("PATCH", [500, 500, 500, 500, 500], 500, 4),
        ("PUT", [500], 200, 2),
        ("DELETE", [CUT], 200, 2),
        ("PATCH", [422], 422, 1),
        ("POST", [429], 200, 2),
        ("POST", [500], 500, 1),
    ],
)
def test_only_what_may_be_repeated_is_repeated(
    vendor: Vendor, method: str, answers: list[int], status: int, tries: int
) -> None:
    vendor.answers = answers
    assert client(shut=False).request(method, vendor.url).status_code == status
    assert len(vendor.asked) == tries


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("method", "tries"), [("POST", 1), ("PATCH", 4), ("GET", 4)])
def test_a_lost_answer_makes_nothing_twice(vendor: Vendor, method: str, tries: int) -> None:
    vendor.answers = [CUT] * 9
    with pytest.raises(Unreachable):
        client(shut=False).request(method, vendor.url)
    assert len(vendor.asked) == tries


@pytest.mark.usefixtures("quick")
def test_a_write_is_not_repeated_by_a_worker_that_outlived_its_run(vendor: Vendor) -> None:
    vendor.answers = [500]
    with pytest.raises(DoorShut):
        client(shut=False, alive=lambda: not vendor.asked).patch(vendor.url)
    assert len(vendor.asked) == 1


@pytest.mark.usefixtures("quick")
def test_no_answer_is_a_sentence() -> None:
    with pytest.raises(Unreachable) as caught:
        client(shut=False).get("http://127.0.0.1:1/apps")
    assert caught.value.sentence() == (
        "Lamps at http://127.0.0.1:1 does not answer (ConnectError). "
        "Check the network and the endpoint's address, then run again."
    )


def test_an_address_that_is_a_credential_is_in_no_log(vendor: Vendor, caplog: pytest.LogCaptureFixture) -> None:
    """Ansible has all loggers write what is at least INFO to ANSIBLE_LOG_PATH."""
    caplog.set_level(logging.INFO)
    assert client(shut=False).get(f"{vendor.url}/streams/a-token?signature=signed").status_code == 200
    assert caplog.text == ""
