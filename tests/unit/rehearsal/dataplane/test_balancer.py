"""The load balancers: actions, targets, health and what they count."""

from __future__ import annotations

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
FORWARD = {"Type": "forward", "TargetGroupArn": GROUP}


def target(number: int, port: int | None, draining: bool = False) -> Json:
    """Target 10.0.0.<number> behind a real port; None: nothing listens."""
    address = None if port is None else ["127.0.0.1", port]
    return {"id": f"10.0.0.{number}", "port": 8080, "address": address, "draining": draining}


def group(*targets: Json, interval: float = 0.1) -> Json:
    """A target group that takes a target out after two failed checks."""
    check = {"interval": interval, "timeout": 1, "healthy_threshold": 2, "unhealthy_threshold": 2}
    health = {"path": "/health", "matcher": "200", **check}
    return {"protocol": "HTTP", "port": 8080, "health": health, "attributes": {}, "targets": list(targets)}


class Balancer:
    """A balancer worker with one load balancer."""

    def __init__(self, steered: Steered) -> None:
        self.steered = steered

    def table(self, groups: Json, *listeners: Json, idle_timeout: int = 60) -> None:
        """Put a table in force."""
        rows = [{"arn": f"arn:listener:{row['port']}", "certificate": None, **row} for row in listeners]
        attributes = {"idle_timeout.timeout_seconds": str(idle_timeout)}
        self.steered.send({"balancers": {ELB: {"listeners": rows, "attributes": attributes}}, "target_groups": groups})

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
    balancer.forward(target(2, slow.real_ports[8080]), idle_timeout=1)
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
