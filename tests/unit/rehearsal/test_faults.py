"""Faults by rule: which call is struck, and what its caller sees over a real socket of either server."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from rehearsal.aws.ailing import refuse as aws_refuse
from rehearsal.aws.embed import Server as Hypercorn
from rehearsal.calls import Call
from rehearsal.cloudflare.protocol import refuse as cloudflare_refuse
from rehearsal.faults import FaultError, Faults, Rule, Strike, load_faults
from rehearsal.heroku.protocol import refuse as heroku_refuse
from rehearsal.requestlog import AsgiApp, Receive, Request, RequestLog, Scope, Send, read_log
from rehearsal.serving import Server

WRITE = Call("POST /things", "write", "a")


class Shop:
    """An API that counts the things it has made."""

    def __init__(self) -> None:
        self.made = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        self.made += 1
        await send({"type": "http.response.start", "status": 201, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"{}"})


class Stage:
    """The shop behind a log with faults, on one of the two servers that the stand-ins use."""

    def __init__(self, which: str, path: Path) -> None:
        self.shop, self.log = Shop(), RequestLog(path)
        app: AsgiApp = self.log.logged(self.shop, "aws", lambda *_: WRITE, heroku_refuse)
        if which == "uvicorn":
            uvicorn = Server(app, "shop")
            uvicorn.start()
            self.url, self.stop = uvicorn.url, uvicorn.stop
        else:
            hypercorn = Hypercorn()
            hypercorn.start(app)
            self.url, self.stop = f"http://127.0.0.1:{hypercorn.port}", hypercorn.stop

    def post(self, **options: Any) -> httpx.Response:
        return httpx.post(self.url, **options)


@pytest.fixture(params=["uvicorn", "hypercorn"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(request.param, tmp_path / "requests.jsonl")
    yield made
    made.stop()


def test_the_nth_call_is_struck_and_no_other(stage: Stage) -> None:
    stage.log.faults.obey([Rule(operation="POST /things", nth=2, times=2, answer=500)])
    assert [stage.post().status_code for _ in range(4)] == [201, 500, 500, 201]
    assert stage.shop.made == 2
    assert stage.log.faults.struck == [Strike(0, passed=True), Strike(0, passed=True)]
    assert [entry.status for entry in read_log(stage.log.path)] == [201, 500, 500, 201]


def test_a_call_may_take_effect_before_its_answer_is_lost(stage: Stage) -> None:
    stage.log.faults.obey([Rule(answer="reset", after=True)])
    with pytest.raises(httpx.TransportError):
        stage.post()
    assert stage.shop.made == 1


def test_a_reset_is_a_reset(stage: Stage) -> None:
    stage.log.faults.obey([Rule(answer="reset")])
    with pytest.raises(httpx.TransportError, match=r"reset|disconnected"):
        stage.post()
    assert stage.shop.made == 0
    assert stage.post().status_code == 201


def test_garbage_is_no_json(stage: Stage) -> None:
    stage.log.faults.obey([Rule(answer="garbage")])
    with pytest.raises(ValueError):
        stage.post().json()


def test_one_who_hangs_gets_nothing_until_he_gives_up(stage: Stage) -> None:
    stage.log.faults.obey([Rule(answer="hang")])
    with pytest.raises(httpx.ReadTimeout):
        stage.post(timeout=0.2)
    assert stage.post().status_code == 201


def test_a_kill_ends_the_run_after_the_effect(stage: Stage) -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    stage.log.faults.aim_at(sleeper.pid)
    stage.log.faults.obey([Rule(kill="all")])
    assert stage.post().status_code == 201
    assert sleeper.wait(5) == -9
    assert stage.shop.made == 1


@pytest.mark.parametrize("victims", ["main", "all"])
def test_a_kill_reaches_those_whom_it_is_meant_for(victims: str) -> None:
    """A worker that has a session of its own, as Ansible's have."""
    worker = "import os, sys; os.setsid(); print(os.getpid(), flush=True); sys.stdin.read()"
    main = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {worker!r}])"
    run = subprocess.Popen([sys.executable, "-c", main], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert run.stdout is not None
    assert run.stdin is not None
    below = int(run.stdout.readline())
    faults = Faults()
    faults.aim_at(run.pid)
    faults.kill("main" if victims == "main" else "all")
    assert run.wait(5) == -9
    assert (below in faults.orphans()) is (victims == "main")
    run.stdin.close()  # which the worker waits for
    run.stdout.close()


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        ({}, True),
        ({"service": "aws"}, True),
        ({"service": "heroku"}, False),
        ({"caller": "offramp.ecs/x"}, True),
        ({"caller": "boto3"}, False),
        ({"target": "a"}, True),
        ({"target": "b"}, False),
        ({"target": "<id>"}, False),
        ({"kind": "read"}, False),
        ({"operation": "POST /things"}, True),
        ({"operation": "POST"}, False),
    ],
)
def test_a_rule_fits_by_what_it_names(rule: dict[str, Any], fits: bool) -> None:
    assert Rule(answer=500, **rule).fits("aws", WRITE, "offramp.ecs/x") is fits


def test_a_target_may_be_said_without_the_ids_of_one_world() -> None:
    call = dataclasses.replace(WRITE, target="pools/5d41402abc4b2a76b9719d911017c592")
    assert Rule(answer=500, target="pools/<id>").fits("aws", call, "me")
    assert Rule(answer=500, target=call.target).fits("aws", call, "me")
    assert not Rule(answer=500, target="monitors/<id>").fits("aws", call, "me")


def test_the_first_rule_that_strikes_wins_and_each_counts_for_itself() -> None:
    faults = Faults([Rule(nth=2, answer=429), Rule(answer=500)])
    struck = [faults.strike("aws", WRITE, "me") for _ in range(3)]
    assert [rule and rule.answer for rule in struck] == [500, 429, None]


def test_a_rule_counts_what_an_earlier_one_strikes_too() -> None:
    faults = Faults([Rule(answer=429), Rule(nth=2, answer=500), Rule(nth=2, answer="reset")])
    struck = [faults.strike("aws", WRITE, "me") for _ in range(3)]
    assert [rule and rule.answer for rule in struck] == [429, 500, None], "the third has missed its call"


def test_it_is_known_whether_a_struck_call_came_through_later() -> None:
    faults = Faults([Rule(answer=500, target="a"), Rule(answer=500, target="b")])
    for target in ("a", "b", "a"):
        faults.strike("aws", dataclasses.replace(WRITE, target=target), "me")
    assert faults.struck == [Strike(0, passed=True), Strike(1)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {answer: 418}", "0.answer"),
        ("- {operation: X}", "either answer or kill"),
        ("- {answer: 500, kill: all}", "either answer or kill"),
        ("- {answer: 500, nth: 0}", "0.nth"),
        ("- {answer: 500, opration: X}", "0.opration"),
        ("- [", "not YAML"),
    ],
)
def test_a_mistake_in_the_rules_is_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "faults.yml"
    path.write_text(text)
    with pytest.raises(FaultError, match=said) as caught:
        load_faults(path)
    assert "\n" not in str(caught.value)


def test_rules_are_read(tmp_path: Path) -> None:
    path = tmp_path / "faults.yml"
    path.write_text("- {service: aws, operation: UpdateService, nth: 2, answer: hang}\n- {kill: main}\n")
    assert [(rule.answer, rule.kill) for rule in load_faults(path)] == [("hang", None), (None, "main")]


def test_each_vendor_refuses_in_its_own_words() -> None:
    signed = "AWS4-HMAC-SHA256 Credential=AKIA/20261122/eu-west-1/ecs/aws4_request"
    headers = {"authorization": signed, "x-amz-target": "AmazonEC2ContainerServiceV20141113.UpdateService"}
    request = Request("POST", "/", headers, b"{}")
    assert aws_refuse(429, request)[0] == 400
    assert b"ThrottlingException" in aws_refuse(429, request)[2]
    assert aws_refuse(500, request)[0] == 500
    assert b"rate_limit" in heroku_refuse(429, request)[2]
    assert b"971" in cloudflare_refuse(429, request)[2]


def test_each_vendor_says_in_its_own_words_that_somebody_may_not() -> None:
    def signed(service: str, **more: str) -> Request:
        scope = f"AWS4-HMAC-SHA256 Credential=AKIA/20261122/eu-west-1/{service}/aws4_request"
        return Request("POST", "/", {"authorization": scope, **more}, b"Action=DescribeVpcs")

    ecs = aws_refuse(403, signed("ecs", **{"x-amz-target": "AmazonEC2ContainerServiceV20141113.UpdateService"}))
    assert (ecs[0], b"AccessDeniedException" in ecs[2]) == (400, True)
    assert b"is not authorized to perform: ecs:UpdateService" in ecs[2]
    assert b"UnauthorizedOperation" in aws_refuse(403, signed("ec2"))[2]
    assert b"forbidden" in heroku_refuse(403, signed("ec2"))[2]
    assert b"10000" in cloudflare_refuse(403, signed("ec2"))[2]
