from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare import session
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.balancing import Balancing
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.zones import find_zone
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import (
    Denied,
    Missing,
    OfframpError,
    Refused,
    Throttled,
    Unreachable,
)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "a-token-of-the-right-form")
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", "http://cloudflare.example/client/v4")


def balancing(answer: Callable[[httpx.Request], httpx.Response]) -> Balancing:
    door = Door(shut=True, ordered_by="offramp.ecs/test")
    return Balancing(session.client(door, httpx.MockTransport(answer)))


def look(answer: Callable[[httpx.Request], httpx.Response]) -> None:
    door = Door(shut=True, ordered_by="offramp.ecs/test")
    find_zone(session.client(door, httpx.MockTransport(answer)), "bond.example")


def refusal(status: int, code: int, message: str) -> Callable[[httpx.Request], httpx.Response]:
    content = {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}
    return lambda _: httpx.Response(status, json=content)


@pytest.mark.parametrize(
    ("status", "code", "message", "error", "said"),
    [
        (400, 6003, "Invalid request headers", Denied, "Check CLOUDFLARE_API_TOKEN, and that the token needs Zone"),
        (401, 1000, "Invalid API Token", Denied, "(401: Invalid API Token (1000))"),
        (403, 9109, "Unauthorized to access requested resource", Denied, "Zone: Read on zone bond.example"),
        (404, 7003, "Could not route", Missing, "Cloudflare has no zone bond.example"),
        (400, 1002, "invalid name.", Refused, "(400: invalid name (1002))."),
        (409, 1, "busy", Refused, "Something else writes to it"),
        (412, 1005, "in use", Refused, "Something else still uses it"),
        (429, 10000, "slow down", Throttled, "Run again in five minutes."),
        (500, 1, "oops", Unreachable, "https://www.cloudflarestatus.com"),
        (503, 1, "oops", Unreachable, "GET /client/v4/zones"),
    ],
)
def test_what_cloudflare_refuses_is_a_sentence(
    status: int, code: int, message: str, error: type[OfframpError], said: str
) -> None:
    with pytest.raises(error) as caught:
        look(refusal(status, code, message))
    assert said in caught.value.sentence()
    assert caught.value.target == "zone bond.example"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>Sign in</html>", headers={"content-type": "text/html"}),
        httpx.Response(502, text="bad gateway"),
        httpx.Response(200),
        httpx.Response(200, text='{"result": [', headers={"content-type": "application/json"}),
        httpx.Response(200, json=["something else"]),
        httpx.Response(200, json={"status": "ok"}),
    ],
)
def test_an_answer_that_is_not_cloudflares_names_the_address(answer: httpx.Response) -> None:
    with pytest.raises(Unreachable) as caught:
        look(lambda _: answer)
    assert "Cloudflare at http://cloudflare.example answered GET /client/v4/zones" in caught.value.msg
    assert "CLOUDFLARE_BASE_URL" in caught.value.hint


def test_a_broken_connection_is_unreachable() -> None:
    def cut(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("reset", request=request)

    with pytest.raises(Unreachable, match=r"does not answer for zone bond.example"):
        look(cut)


def test_the_sdk_does_not_repeat_by_itself() -> None:
    calls: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request.url.path)
        return refusal(500, 1, "oops")(request)

    with pytest.raises(Unreachable):
        look(answer)
    assert calls == ["/client/v4/zones"]


def test_what_the_transport_raises_comes_through_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    def shut(_: httpx.Request) -> httpx.Response:
        raise Unreachable("Cloudflare at http://cloudflare.example does not answer (ConnectError).")

    with pytest.raises(Unreachable, match=r"does not answer \(ConnectError\)"):
        look(shut)


@pytest.mark.parametrize(
    ("token", "said"), [("", "is not set"), ("two words", "characters that no token has"), ("tökn", "characters")]
)
def test_without_a_token_nothing_is_tried(monkeypatch: pytest.MonkeyPatch, token: str, said: str) -> None:
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", token)
    with pytest.raises(Denied, match=said) as caught:
        session.client(Door(shut=True, ordered_by="offramp.ecs/test"))
    assert not token or token not in caught.value.sentence()


def told(*origins: dict[str, Any], healthy: bool = False) -> Callable[[httpx.Request], httpx.Response]:
    """A Cloudflare whose pools are seen so from one place."""

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/client/v4")
        result: Any = []
        if path == "/zones":
            result = [{"id": "z", "name": "bond.example", "account": {"id": "a"}}]
        elif path.endswith("/pools"):
            result = [{"id": "p", "name": "aws", "origins": []}]
        elif path.endswith("/health"):
            result = {"pool_id": "p", "pop_health": {"Tallinn, EE": {"healthy": healthy, "origins": list(origins)}}}
        return httpx.Response(200, json={"success": True, "errors": [], "messages": [], "result": result})

    return answer


@pytest.mark.parametrize(
    ("api", "reason"),
    [
        (told(healthy=True), None),
        (told(), "not probed yet"),
        (told({"a.example": {"healthy": False, "failure_reason": "HTTP timeout occurred"}}), "HTTP timeout occurred"),
        (told({"a.example": {"healthy": False, "response_code": 503}}), "503"),
    ],
)
def test_why_a_pool_is_not_healthy(api: Callable[[httpx.Request], httpx.Response], reason: str | None) -> None:
    made = balancing(api)
    made.ground("bond.example", "api.bond.example", ["aws"])
    assert made.unhealthy("aws") == reason
