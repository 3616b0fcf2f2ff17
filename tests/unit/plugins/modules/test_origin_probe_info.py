"""Origins are asked as Cloudflare asks them: over real sockets, with certificates of an authority of the test's own."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown
from ansible_collections.offramp.ecs.plugins.modules import origin_probe_info as module
from rehearsal.dataplane.tls import Authority
from tests.unit.plugins.arguments import validated

API = "api.bond.example"
Answer = tuple[int, dict[str, str]]


class Origins:
    """Origins by name, each with a port of its own on loopback."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._authority, self._names = Authority(directory), directory / "names.json"
        self._servers: list[ThreadingHTTPServer] = []
        self._ports: dict[str, dict[str, int]] = {}
        self.hosts: list[str] = []
        monkeypatch.setenv("OFFRAMP_RESOLVE", str(self._names))
        monkeypatch.setenv("OFFRAMP_CA_FILE", str(self._authority.ca_path))
        self.place("nobody.example", _free_port())

    def place(self, name: str, port: int) -> None:
        """Let a name lead to a port."""
        self._ports[name] = {"443": port}
        self._names.write_text(json.dumps(self._ports))

    def serve(self, name: str, certified: str = API, answer: Callable[[], Answer] = lambda: (200, {})) -> None:
        """An origin with a certificate for a name."""
        origins = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                origins.hosts.append(self.headers["Host"])
                status, headers = answer()
                self.send_response(status)
                for key, value in headers.items():
                    self.send_header(key, value)
                self.end_headers()

            def log_message(self, *_args: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._authority.issue([certified]))
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self._servers.append(server)
        self.place(name, server.server_address[1])

    def stop(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def origins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Origins]:
    made = Origins(tmp_path, monkeypatch)
    yield made
    made.stop()


def probe(*addresses: str, dry: bool = False, gaps: tuple[float, ...] = (), **params: Any) -> dict[str, Any]:
    given = [{"name": address, "address": address, "host": API, "gaps": list(gaps)} for address in addresses]
    arguments = validated(module, {"origins": given, "every": 0.02, "within": 5.0, **params})
    orders = runner.Orders(dry=dry, say=lambda _line: None, alive=lambda: True)
    return runner.run(module.MODULE, arguments, orders)


def test_an_origin_is_asked_under_the_name_that_visitors_use(origins: Origins) -> None:
    origins.serve("fjord.example")
    result = probe("fjord.example")
    assert [each["verdict"] for each in result["origins"]["findings"]] == ["good"], result
    assert origins.hosts == [API]
    told = f"Gate: Origin fjord.example (fjord.example) answers https://{API}/health with 200, by a certificate for"
    assert result["headline"][0].startswith(told)


@pytest.mark.parametrize(
    ("certified", "answer", "says"),
    [
        (
            "other.bond.example",
            lambda: (200, {}),
            f"shows a certificate that is not valid for {API} (Hostname mismatch",
        ),
        (API, lambda: (301, {"Location": f"https://{API}/health"}), "to itself, without end (301)"),
        (API, lambda: (503, {}), "with 503, and not 200"),
    ],
)
def test_a_fault_stops_a_real_run_and_is_told_by_a_dry_one(
    origins: Origins, certified: str, answer: Callable[[], Answer], says: str
) -> None:
    origins.serve("fjord.example", certified, answer)
    real, dry = probe("fjord.example"), probe("fjord.example", dry=True)
    assert (real["kind"], real["msg"].startswith("No traffic may move: Origin fjord.example")) == ("refused", True)
    assert says in real["msg"]
    assert (dry["failed"], dry["headline"][0].startswith("Gate: FAULT: ")) == (False, True)
    assert says in dry["headline"][0]


def test_a_certificate_of_an_unknown_authority_is_a_fault(origins: Origins, monkeypatch: pytest.MonkeyPatch) -> None:
    origins.serve("fjord.example")
    monkeypatch.delenv("OFFRAMP_CA_FILE")
    assert "is not valid for" in probe("fjord.example")["msg"]


def test_an_origin_that_only_cloudflare_reaches_is_not_checked(origins: Origins) -> None:
    origins.serve("fjord.example")
    result = probe("fjord.example", "nobody.example", gaps=(0.01,))
    assert [each["verdict"] for each in result["origins"]["findings"]] == ["good", "unchecked"]
    assert result["headline"][1].startswith("Gate: NOT CHECKED: Origin nobody.example")


def test_an_origin_that_does_not_exist_yet_is_not_asked(origins: Origins) -> None:
    result = probe(str(Unknown("LoadBalancerDnsName of stack x", "playbooks/provision.yml")), dry=True)
    assert [each["verdict"] for each in result["origins"]["findings"]] == ["unchecked"]


def test_an_app_that_does_not_keep_idle_connections_is_found_after_a_pause(origins: Origins) -> None:
    answers: Iterator[Answer] = iter([(200, {}), (200, {}), (502, {})])
    origins.serve("elb.example", answer=lambda: next(answers))
    result = probe("elb.example", gaps=(0.01, 0.05))
    assert "with 502, and not 200, after 0.05 s without a request" in result["msg"]
    assert "Let the app keep idle connections longer than the load balancer does" in result["hint"]


def test_an_origin_is_asked_once_and_once_more_for_each_pause(origins: Origins) -> None:
    origins.serve("elb.example")
    assert not probe("elb.example", gaps=(0.01, 0.05))["failed"]
    assert origins.hosts == [API] * 3


@pytest.mark.parametrize(
    ("variable", "says"), [("OFFRAMP_RESOLVE", "names no JSON file"), ("OFFRAMP_CA_FILE", "names no certificates")]
)
def test_a_variable_that_names_nothing_is_one_sentence(
    origins: Origins, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, says: str
) -> None:
    origins.serve("fjord.example")
    monkeypatch.setenv(variable, str(tmp_path / "absent"))
    result = probe("fjord.example")
    assert (result["kind"], says in result["msg"]) == ("bad_input", True), result
