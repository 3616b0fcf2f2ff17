"""The load balancers: actions, targets, health and what they count."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from rehearsal.dataplane.tls import Authority
from rehearsal.processes import AppProcess
from tests.unit.rehearsal.dataplane.asking import Got, ask
from tests.unit.rehearsal.dataplane.origin import answers, origin, unused_port
from tests.unit.rehearsal.dataplane.steered import Steered

Json = dict[str, Any]
HOST, ELB, GROUP = "api.bond.example", "arn:elb", "arn:group"
REFUSED = r"PROTOCOL_VERSION|EOF"
"""How the other side's refusal of a version looks: an alert, or hanging up. The client's own looks otherwise."""
FORWARD = {"Type": "forward", "TargetGroupArn": GROUP}


def target(number: int, port: int | None, draining: bool = False) -> Json:
    """Target 10.0.0.<number> behind a real port; None: nothing listens."""
    address = None if port is None else ["127.0.0.1", port]
    return {"id": f"10.0.0.{number}", "port": 8080, "address": address, "draining": draining}


def group(*targets: Json, interval: float = 0.1, **attributes: str) -> Json:
    """A target group that takes a target out after two failed checks; ``attributes`` with "__" for a dot."""
    check = {"interval": interval, "timeout": 1, "healthy_threshold": 2, "unhealthy_threshold": 2}
    health = {"path": "/health", "matcher": "200", **check}
    return {
        "protocol": "HTTP",
        "port": 8080,
        "health": health,
        "targets": list(targets),
        "attributes": dotted(attributes),
    }


def dotted(attributes: dict[str, str]) -> dict[str, str]:
    """Attributes by the names that AWS gives them."""
    return {name.replace("__", "."): value for name, value in attributes.items()}


class Balancer:
    """A balancer worker with one load balancer."""

    def __init__(self, steered: Steered) -> None:
        self.steered = steered

    def table(self, groups: Json, *listeners: Json, **attributes: str) -> None:
        """Put a table in force; ``attributes`` are the load balancer's, with "__" for a dot."""
        told = {"certificate": None, "tls_versions": ["TLSv1.2", "TLSv1.3"]}
        rows = [{"arn": f"arn:listener:{row['port']}", **told, **row} for row in listeners]
        balancer = {"listeners": rows, "attributes": dotted(attributes)}
        self.steered.send({"balancers": {ELB: balancer}, "target_groups": groups})

    def forward(self, *targets: Json, **more: Any) -> None:
        """One listener at port 80 that forwards to one group."""
        self.table({GROUP: group(*targets)}, {"port": 80, "protocol": "HTTP", "default_actions": [FORWARD]}, **more)

    def port(self, port: int = 80) -> int:
        """The real port of a listener."""
        real: int = self.steered.reports.of("listening")[-1][ELB][str(port)]
        return real

    def get(self, path: str = "/", **more: Any) -> Got:
        return ask(self.port(), HOST, path, **more)

    def wait_state(self, number: int, state: str) -> Json:
        """The health of a target, once it is in this state."""
        key = f"10.0.0.{number}:8080"
        all_ = self.steered.reports.wait(
            "health", lambda all_: all_[-1].get(GROUP, {}).get(key, {}).get("state") == state
        )
        health: Json = all_[-1][GROUP][key]
        return health

    def counted(self, requests: int) -> tuple[Counter[str], Counter[str]]:
        """What was counted with and without a target group, once so many requests were."""

        def events(seconds: list[Any]) -> int:
            cells = [cell for second in seconds for cell in second]
            names = ("requests", "redirects", "fixed_responses", "elb_503")
            return sum(cell[name] for cell in cells for name in names)

        sums: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
        for second in self.steered.reports.wait("metrics", lambda seconds: events(seconds) >= requests):
            for cell in second:
                numbers = {name: number for name, number in cell.items() if isinstance(number, int) and number}
                numbers["times"] = len(cell["response_times"])
                sums[cell["target_group"] is not None].update(
                    Counter({k: n for k, n in numbers.items() if k != "second"})
                )
        return +sums[True], +sums[False]


@pytest.fixture
def balancer(start_worker: Callable[[str], Steered]) -> Balancer:
    """A balancer worker."""
    return Balancer(start_worker("balancer"))


def test_plain_http_is_redirected_as_the_listener_says(balancer: Balancer) -> None:
    config = {"Protocol": "HTTPS", "Port": "443", "Path": "/#{path}", "Query": "#{query}", "StatusCode": "HTTP_301"}
    action = {"Type": "redirect", "RedirectConfig": config}
    balancer.table({}, {"port": 80, "protocol": "HTTP", "default_actions": [action]})
    got = balancer.get("/a/b?c=d")
    assert (got.status, got.headers["location"]) == (301, f"https://{HOST}:443/a/b?c=d")
    assert balancer.get("/").headers["location"] == f"https://{HOST}:443/"
    assert balancer.counted(2) == (Counter(), Counter(redirects=2))


def test_https_is_served_with_the_listeners_certificate(
    balancer: Balancer, start_app: Callable[..., AppProcess], authority: Authority
) -> None:
    app = start_app()
    listener = {"port": 443, "protocol": "HTTPS", "default_actions": [FORWARD]}
    table = {GROUP: group(target(1, app.real_ports[8080]))}
    balancer.table(table, listener | {"certificate": str(authority.issue(["old.example"]))})
    port = balancer.port(443)
    balancer.table(table, listener | {"certificate": str(authority.issue([HOST]))})
    assert balancer.port(443) == port
    assert ask(port, HOST, ca=str(authority.ca_path)).json["side"] == "aws"


def test_rules_come_before_the_default_action(balancer: Balancer) -> None:
    def fixed(text: str) -> Json:
        return {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "418", "MessageBody": text}}

    rules = [
        {"conditions": [{"Field": "path-pattern", "Values": ["/a?/*"]}], "actions": [fixed("path")]},
        {"conditions": [{"Field": "host-header", "HostHeaderConfig": {"Values": ["*.BOND.example"]}},
                        {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["PUT"]}}],
         "actions": [fixed("host and method")]},
        {"conditions": [{"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "2*"}]}}],
         "actions": [fixed("query")]},
        {"conditions": [{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Beta", "Values": ["y*"]}}],
         "actions": [fixed("header")]},
        {"conditions": [{"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}],
         "actions": [fixed("source")]},
    ]  # fmt: skip
    balancer.table({}, {"port": 80, "protocol": "HTTP", "default_actions": [fixed("default")], "rules": rules})
    assert balancer.get("/ab/c").body == b"path"
    assert balancer.get("/abc/d").body == b"default"
    assert balancer.get("/x", method="PUT").body == b"host and method"
    assert balancer.get("/x?v=21").body == b"query"
    assert balancer.get("/x", headers={"X-Beta": "Yes"}).body == b"header"
    assert balancer.get("/x").status == 418


def test_weights_share_requests_between_groups(balancer: Balancer, start_app: Callable[..., AppProcess]) -> None:
    one, other = start_app(name="one"), start_app(name="other")
    weights = [{"TargetGroupArn": "arn:1", "Weight": 3}, {"TargetGroupArn": "arn:2", "Weight": 1}]
    action = {"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}
    groups = {"arn:1": group(target(1, one.real_ports[8080])), "arn:2": group(target(2, other.real_ports[8080]))}
    balancer.table(groups, {"port": 80, "protocol": "HTTP", "default_actions": [action]})
    seen = Counter(balancer.get().json["process"] for _ in range(40))
    assert abs(seen["one"] - 30) <= 2


def test_without_a_target_it_answers_503_of_its_own(balancer: Balancer) -> None:
    balancer.forward()
    got = balancer.get()
    assert (got.status, got.headers["server"]) == (503, "awselb/2.0")
    assert balancer.counted(1) == (Counter(), Counter(elb_5xx=1, elb_503=1))


def test_only_healthy_targets_get_requests(balancer: Balancer, start_app: Callable[..., AppProcess]) -> None:
    well, ill = start_app(name="well"), start_app(name="ill", starts="never_healthy")
    balancer.forward(target(1, well.real_ports[8080]), target(2, ill.real_ports[8080]))
    balancer.wait_state(1, "healthy")
    told = balancer.wait_state(2, "unhealthy")
    assert told["reason"] == "Target.ResponseCodeMismatch"
    assert told["description"] == "Health checks failed with these codes: [503]"
    assert {balancer.get().json["process"] for _ in range(6)} == {"well"}


def test_when_no_target_is_healthy_all_get_requests(balancer: Balancer, start_app: Callable[..., AppProcess]) -> None:
    ill = [start_app(name=name, starts="never_healthy") for name in ("one", "other")]
    balancer.forward(*(target(number, app.real_ports[8080]) for number, app in enumerate(ill)))
    balancer.wait_state(0, "unhealthy")
    balancer.wait_state(1, "unhealthy")
    assert {balancer.get().json["process"] for _ in range(6)} == {"one", "other"}


def test_a_target_that_nothing_serves_fails_its_checks_and_its_requests(balancer: Balancer) -> None:
    balancer.forward(target(1, None), target(2, unused_port()))
    for number in (1, 2):
        assert balancer.wait_state(number, "unhealthy")["reason"] == "Target.FailedHealthChecks"
    assert {balancer.get().status for _ in range(2)} == {502}
    counted, _ = balancer.counted(2)
    assert counted == Counter(requests=2, elb_5xx=2, elb_502=2, connection_errors=2)


def test_a_draining_target_gets_nothing_new(balancer: Balancer, start_app: Callable[..., AppProcess]) -> None:
    stays, leaves = start_app(name="stays"), start_app(name="leaves")
    balancer.forward(target(1, stays.real_ports[8080]), target(2, leaves.real_ports[8080]))
    balancer.wait_state(2, "healthy")
    balancer.forward(target(1, stays.real_ports[8080]), target(2, leaves.real_ports[8080], draining=True))
    assert {balancer.get().json["process"] for _ in range(6)} == {"stays"}
    assert balancer.wait_state(2, "draining")["reason"] == "Target.DeregistrationInProgress"
    balancer.forward(target(1, stays.real_ports[8080], draining=True))
    assert balancer.get().status == 503


def test_a_group_that_no_listener_names_is_not_probed(balancer: Balancer, start_app: Callable[..., AppProcess]) -> None:
    app = start_app()
    balancer.table({GROUP: group(target(1, app.real_ports[8080]))})
    assert balancer.wait_state(1, "unused")["reason"] == "Target.NotInUse"
    balancer.forward(target(1, app.real_ports[8080]))
    balancer.wait_state(1, "healthy")


def test_a_target_that_recovers_is_used_again(balancer: Balancer, start_app: Callable[..., AppProcess]) -> None:
    balancer.forward(target(1, None))
    balancer.wait_state(1, "unhealthy")
    balancer.forward(target(1, start_app().real_ports[8080]))
    balancer.wait_state(1, "healthy")
    assert balancer.get().status == 200


def test_what_targets_answer_is_counted_by_kind(balancer: Balancer, start_app: Callable[..., AppProcess]) -> None:
    balancer.forward(target(1, start_app(errors=0.5).real_ports[8080]))
    assert [balancer.get(path).status for path in ("/", "/", "/nothing")] == [200, 500, 404]
    assert balancer.counted(3) == (
        Counter(requests=3, target_2xx=1, target_5xx=1, target_4xx=1, times=3),
        Counter(),
    )


def test_a_target_that_closes_or_stays_silent_is_an_error_of_the_balancers(
    balancer: Balancer, start_app: Callable[..., AppProcess]
) -> None:
    slow = start_app(delay=60)
    with origin(answers(b"")) as (closes, _):
        balancer.forward(target(1, closes))
        assert balancer.get(method="POST").status == 502
    balancer.forward(target(2, slow.real_ports[8080]), idle_timeout__timeout_seconds="1")
    assert balancer.get().status == 504
    counted, _ = balancer.counted(2)
    assert counted == Counter(requests=2, elb_5xx=2, elb_502=1, elb_504=1)


def test_targets_learn_of_the_client(balancer: Balancer) -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with origin(answers(raw)) as (port, heads):
        balancer.forward(target(1, port))
        balancer.get("/", headers={"X-Forwarded-For": "203.0.113.7"})
    head = next(head.decode() for head in heads if b"ELB-HealthChecker" not in head)
    told = ("X-Forwarded-For: 203.0.113.7, 127.0.0.1", "X-Forwarded-Proto: http", "X-Forwarded-Port: 80")
    for header in (*told, "X-Amzn-Trace-Id: Root=1-"):
        assert f"\r\n{header}" in head


def shaken(port: int, version: ssl.TLSVersion, authority: Authority) -> str | None:
    """The version that a client gets that speaks this one alone."""
    context = ssl.create_default_context(cafile=str(authority.ca_path))
    context.minimum_version = context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")  # else the client itself would not speak 1.1
    plain = socket.create_connection(("127.0.0.1", port), 20)
    with plain, context.wrap_socket(plain, server_hostname=HOST) as connection:
        return connection.version()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    ("policy", "spoken", "refused"),
    [
        (["TLSv1.2", "TLSv1.3"], ["TLSv1_2", "TLSv1_3"], ["TLSv1_1"]),
        (["TLSv1.3"], ["TLSv1_3"], ["TLSv1_1", "TLSv1_2"]),
    ],
)
def test_only_the_policys_versions_of_tls_are_spoken(
    balancer: Balancer, authority: Authority, policy: list[str], spoken: list[str], refused: list[str]
) -> None:
    listener = {"port": 443, "protocol": "HTTPS", "default_actions": [FORWARD], "tls_versions": policy}
    balancer.table({GROUP: group()}, listener | {"certificate": str(authority.issue([HOST]))})
    port = balancer.port(443)
    for name in spoken:
        assert shaken(port, ssl.TLSVersion[name], authority) == name.replace("_", ".")
    for name in refused:
        with pytest.raises(ssl.SSLError, match=REFUSED):
            shaken(port, ssl.TLSVersion[name], authority)


def test_a_policy_changes_under_a_listener_that_stays(balancer: Balancer, authority: Authority) -> None:
    listener = {"port": 443, "protocol": "HTTPS", "default_actions": [FORWARD]}
    listener["certificate"] = str(authority.issue([HOST]))
    balancer.table({GROUP: group()}, listener)
    port = balancer.port(443)
    balancer.table({GROUP: group()}, listener | {"tls_versions": ["TLSv1.3"]})
    assert balancer.port(443) == port
    with pytest.raises(ssl.SSLError, match=REFUSED):
        shaken(port, ssl.TLSVersion.TLSv1_2, authority)


def test_an_open_request_of_a_draining_target_is_finished(
    balancer: Balancer, start_app: Callable[..., AppProcess]
) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slowly(connection: socket.socket, head: bytes) -> None:
        if b"GET /slow" in head:
            asked.set()
            assert go_on.wait(20)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndone")

    stays = target(2, start_app(name="stays").real_ports[8080])
    with origin(slowly) as (leaves, _):
        balancer.forward(target(1, leaves))
        balancer.wait_state(1, "healthy")
        answers_: list[Got] = []
        client = threading.Thread(target=lambda: answers_.append(balancer.get("/slow")))
        client.start()
        assert asked.wait(20)
        balancer.forward(target(1, leaves, draining=True), stays)
        assert balancer.get().json["process"] == "stays"
        go_on.set()
        client.join()
    assert [(got.status, got.body) for got in answers_] == [(200, b"done")]


@pytest.mark.parametrize(("drops", "passed"), [("true", False), ("false", True)])
def test_invalid_headers_are_dropped_where_the_balancer_is_told_to(
    balancer: Balancer, drops: str, passed: bool
) -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with origin(answers(raw)) as (port, heads):
        balancer.forward(target(1, port), routing__http__drop_invalid_header_fields__enabled=drops)
        balancer.get("/", headers={"X_Underscored": "1", "X-Plain-1": "2"})
    head = next(head for head in heads if b"ELB-HealthChecker" not in head)
    assert b"\r\nX-Plain-1: 2" in head
    assert (b"X_Underscored" in head) is passed


def test_a_connection_that_stays_idle_is_closed(balancer: Balancer, start_app: Callable[..., AppProcess]) -> None:
    balancer.forward(target(1, start_app().real_ports[8080]), idle_timeout__timeout_seconds="1")
    connection = http.client.HTTPConnection("127.0.0.1", balancer.port(), timeout=20)
    connection.request("GET", "/", headers={"Host": HOST})
    connection.getresponse().read()
    assert connection.sock.recv(1) == b"", "the balancer closes it"
    connection.close()


def test_a_new_target_starts_slowly_beside_those_that_are_warm(
    balancer: Balancer, start_app: Callable[..., AppProcess]
) -> None:
    warm, new = start_app(name="warm"), start_app(name="new")
    listener = {"port": 80, "protocol": "HTTP", "default_actions": [FORWARD]}
    slow = {"slow_start__duration_seconds": "900"}
    balancer.table({GROUP: group(target(1, warm.real_ports[8080]), **slow)}, listener)
    balancer.wait_state(1, "healthy")
    assert {balancer.get().json["process"] for _ in range(3)} == {"warm"}, "the first one has nobody to wait for"
    both = target(1, warm.real_ports[8080]), target(2, new.real_ports[8080])
    balancer.table({GROUP: group(*both, **slow)}, listener)
    balancer.wait_state(2, "healthy")
    seen = Counter(balancer.get().json["process"] for _ in range(40))
    assert seen["new"] <= 10
    balancer.table({GROUP: group(*both)}, listener)
    seen = Counter(balancer.get().json["process"] for _ in range(40))
    assert seen["new"] == 20
