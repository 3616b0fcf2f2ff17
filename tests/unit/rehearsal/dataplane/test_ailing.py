"""Requests that are answered badly because the world was told so, at the load balancer and at Heroku's router."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from rehearsal.ailments import WELL, AilmentError, Ailments, read_ailments
from rehearsal.dataplane.ailing import Ailing
from rehearsal.dataplane.tls import Authority
from rehearsal.processes import AppProcess
from tests.unit.rehearsal.dataplane.asking import ask
from tests.unit.rehearsal.dataplane.steered import Steered
from tests.unit.rehearsal.dataplane.test_balancer import ELB, FORWARD, GROUP, HOST, Balancer, group, target


def struck(ailing: Ailing, requests: int, path: str = "/") -> int:
    async def ask_all() -> int:
        return sum([await ailing.strikes(path) for _ in range(requests)])

    return asyncio.run(ask_all())


def told(**aws: Any) -> dict[str, Any]:
    return Ailments.model_validate({"aws": aws}).aws.model_dump()


def test_errors_are_an_even_share_and_health_checks_are_excepted() -> None:
    ailing = Ailing()
    assert struck(ailing, 100) == 0
    ailing.update(told(errors=0.2))
    assert struck(ailing, 100) == 20
    assert struck(ailing, 100, "/health") == 0
    ailing.update(told())
    assert struck(ailing, 100) == 0


def test_what_is_below_the_limit_is_answered_well() -> None:
    ailing = Ailing()
    ailing.update(told(errors=1.0, above=30))
    assert struck(ailing, 30) == 0
    assert struck(ailing, 5) == 5


def test_answers_are_delayed() -> None:
    ailing = Ailing()
    ailing.update(told(delay=0.2))
    started = time.monotonic()
    assert struck(ailing, 1) == 0
    assert time.monotonic() - started >= 0.2


def test_a_load_balancer_counts_them_as_its_targets_answers(
    start_worker: Callable[[str], Steered], start_app: Callable[..., AppProcess]
) -> None:
    balancer = Balancer(start_worker("balancer"))
    groups = {GROUP: group(target(1, start_app().real_ports[8080]))}
    row = {"arn": "arn:listener:80", "port": 80, "protocol": "HTTP", "default_actions": [FORWARD], "rules": []}
    listener = {**row, "certificate": None, "tls_versions": []}
    told_to = {"balancers": {ELB: {"listeners": [listener], "attributes": {}}}, "target_groups": groups}
    balancer.steered.send({**told_to, "ailment": told(errors=0.5)})
    seen = Counter(balancer.get().status for _ in range(10))
    assert seen == {200: 5, 500: 5}
    assert balancer.get("/health").status == 200
    counted, _ = balancer.counted(11)
    assert (counted["target_2xx"], counted["target_5xx"], counted["times"]) == (6, 5, 11)
    balancer.steered.send({**told_to, "ailment": told()})
    assert balancer.get().status == 200


def test_herokus_router_logs_them(
    start_worker: Callable[[str], Steered], start_app: Callable[..., AppProcess], authority: Authority
) -> None:
    router = start_worker("router")
    app = {"hosts": [HOST], "maintenance": False, "dynos": [{"name": "web.1", "port": start_app().real_ports[8080]}]}
    ports = router.send(
        {"apps": {"bond": app}, "certificates": {HOST: str(authority.issue([HOST]))}, "ailment": {"errors": 1.0}}
    )
    assert ask(ports["http"], HOST, "/").status == 500
    (line,) = [line["line"] for second in router.reports.wait("router_lines") for line in second]
    assert "at=info" in line
    assert "status=500" in line


def test_ailments_are_read_as_yaml() -> None:
    assert read_ailments("{}") == WELL
    assert read_ailments("{aws: {dead: true}, cloudwatch: {late: 5}}").cloudwatch.late == 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{aws: {error: 1}}", "a mistake at aws.error"),
        ("{aws: {errors: 2}}", "a mistake at aws.errors"),
        ("{heroku: {dead: true}}", "a mistake at heroku.dead"),
        ("{aws", "not YAML"),
    ],
)
def test_what_cannot_ail_is_refused_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(AilmentError) as refused:
        read_ailments(text)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
