"""Heroku's client: it follows pages, and says each failure in one sentence without any value."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator

import httpx
import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import (
    BadInput,
    Denied,
    DoorShut,
    Missing,
    OfframpError,
    Refused,
    Throttled,
    Unreachable,
)
from ansible_collections.offramp.ecs.plugins.module_utils.heroku import apps
from ansible_collections.offramp.ecs.plugins.module_utils.heroku.client import Heroku, app_path

SECRET = "s3cret-value"
TOKEN = "11111111-2222-3333-4444-555555555555"
Answer = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEROKU_API_KEY", TOKEN)
    monkeypatch.delenv("HEROKU_API_URL", raising=False)


def door(*, shut: bool = False) -> Door:
    return Door(shut=shut, ordered_by="offramp.ecs/test")


def client(answer: Answer) -> Heroku:
    return Heroku(door(), httpx.MockTransport(answer))


def test_requests_ask_for_version_3_with_the_token() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"A": "b", "GONE": None})

    assert apps.read_config(client(answer), "bond server") == {"A": "b"}
    assert str(seen[0].url) == "https://api.heroku.com/apps/bond%20server/config-vars"
    assert seen[0].headers["accept"] == "application/vnd.heroku+json; version=3"
    assert seen[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_lists_are_read_to_their_last_page() -> None:
    pages = {"id ..; max=1000": (206, "id ]b..; max=1000"), "id ]b..; max=1000": (206, "id ]c.."), "id ]c..": (200, "")}

    def answer(request: httpx.Request) -> httpx.Response:
        status, following = pages[request.headers["range"]]
        headers = {"Next-Range": following} if following else {}
        return httpx.Response(status, json=[{"id": request.headers["range"]}], headers=headers)

    rows = client(answer).read_all("/apps/a/addons", "Heroku app a")
    assert [row["id"] for row in rows] == list(pages)


def test_a_list_that_never_ends_is_an_error() -> None:
    number = iter(range(1000))

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(206, json=[], headers={"Next-Range": f"id ]{next(number)}.."})

    with pytest.raises(Unreachable, match="has no end"):
        client(answer).read_all("/apps/a/addons", "Heroku app a")


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (401, {"id": "unauthorized", "message": "Invalid credentials provided."}, Denied, "does not accept the token"),
        (402, {"id": "payment_required", "message": "Verify your account."}, Refused, "payment method"),
        (403, {"id": "forbidden", "message": "You do not have access to the app."}, Denied, "may not do GET /apps/a"),
        (404, {"id": "not_found", "message": "Couldn't find that app."}, Missing, "Heroku has no app a (404: Couldn't"),
        (406, {"id": "not_acceptable", "message": "No version."}, Refused, "version 3"),
        (410, {"id": "gone", "message": "Gone."}, Refused, "(410: Gone)"),
        (422, {"id": "invalid_params", "message": "Not this."}, Refused, "invalid for Heroku app a (422: Not this)"),
        (429, {"id": "rate_limit", "message": "Your account reached the limit."}, Throttled, "hourly limit"),
        (503, {"id": "unavailable", "message": "Down."}, Unreachable, "answered GET /apps/a with 503"),
        (302, None, Unreachable, "answered GET /apps/a with 302"),
    ],
)
def test_every_refusal_is_a_sentence_with_a_way_on(
    status: int, body: object, kind: type[OfframpError], words: str
) -> None:
    with pytest.raises(kind) as caught:
        client(lambda _request: httpx.Response(status, json=body)).read(app_path("a"), "Heroku app a")
    assert words in caught.value.msg
    assert caught.value.target == "Heroku app a"
    assert caught.value.hint or status in (410, 422)
    assert TOKEN not in caught.value.sentence()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500])
def test_no_error_about_config_vars_quotes_the_answer(status: int) -> None:
    body = {"id": "invalid", "message": f"KEY={SECRET} is bad"}
    with pytest.raises(OfframpError) as caught:
        client(lambda _request: httpx.Response(status, json=body)).read(app_path("a", "config-vars"), "Heroku app a")
    assert SECRET not in caught.value.sentence()


@pytest.mark.parametrize("content", [f"<html>{SECRET}</html>", f'{{"A": "{SECRET}', "", '\x00"'])
def test_what_is_not_json_is_not_quoted(content: str) -> None:
    answered = httpx.Response(200, text=content, headers={"content-type": "text/html; charset=utf-8"})
    with pytest.raises(Unreachable, match=r"something that is not JSON \(text/html\)") as caught:
        apps.read_config(client(lambda _request: answered), "a")
    assert SECRET not in caught.value.sentence()
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("content", [[SECRET], SECRET, 1])
def test_json_of_another_shape_is_an_error(content: object) -> None:
    with pytest.raises(Unreachable, match="not an object") as caught:
        apps.read_config(client(lambda _request: httpx.Response(200, json=content)), "a")
    assert SECRET not in caught.value.sentence()


@pytest.mark.parametrize("content", [{"A": SECRET}, [SECRET], 1])
def test_a_list_of_another_shape_is_an_error(content: object) -> None:
    with pytest.raises(Unreachable, match="not a list of objects") as caught:
        apps.read_formation(client(lambda _request: httpx.Response(200, json=content)), "a")
    assert SECRET not in caught.value.sentence()


def test_rows_without_what_the_api_promises_are_an_error() -> None:
    with pytest.raises(Unreachable, match="lacks 'type'"):
        apps.read_formation(client(lambda _request: httpx.Response(200, json=[{"quantity": 1}])), "a")


@pytest.fixture
def cutting() -> Iterator[tuple[str, list[int]]]:
    """A server that answers with half of what it promises, and the count of its connections."""
    connections: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connections.append(1)
                    connection.recv(65536)
                    text = json.dumps({"A": SECRET}).encode()
                    head = (
                        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(text) + 9}\r\n\r\n"
                    )
                    connection.sendall(head.encode() + text)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", connections
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def test_an_answer_that_is_cut_off_is_asked_for_again_and_then_an_error(
    cutting: tuple[str, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, connections = cutting
    monkeypatch.setenv("HEROKU_API_URL", url)
    with pytest.raises(Unreachable, match="cut off its answer to GET /apps/a/config-vars") as caught:
        apps.read_config(Heroku(door()), "a")
    assert len(connections) == 3
    assert SECRET not in caught.value.sentence()


def test_only_an_idempotent_write_is_repeated_when_its_answer_is_cut_off(
    cutting: tuple[str, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, connections = cutting
    monkeypatch.setenv("HEROKU_API_URL", url)
    with pytest.raises(Unreachable, match="PATCH /apps/a/formation"):
        apps.scale(Heroku(door()), "a", {"web": 1})
    assert len(connections) == 3
    with pytest.raises(Unreachable, match="POST /apps"):
        Heroku(door()).post("/apps", {}, "Heroku app a")
    assert len(connections) == 4


def test_nobody_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    monkeypatch.setenv("HEROKU_API_URL", url)
    with pytest.raises(Unreachable, match=f"Heroku at {url} does not answer"):
        apps.read_app(Heroku(door()), "a")


def test_a_shut_door_holds_writes_back() -> None:
    with pytest.raises(DoorShut):
        apps.scale(Heroku(door(shut=True)), "a", {"web": 1})


@pytest.mark.parametrize("token", ["", "  ", "two words", "line\nbreak", "tökn"])
def test_a_token_that_is_none_is_refused_before_any_request(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEROKU_API_KEY", token)
    with pytest.raises(Denied, match="HEROKU_API_KEY") as caught:
        Heroku(door())
    assert not token.strip() or token not in caught.value.sentence()


@pytest.mark.parametrize(
    "url", ["api.heroku.com", "ftp://x", "http://", "http://x:port", "http://me:pw@x", "http://[::"]
)
def test_an_address_that_is_none_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEROKU_API_URL", url)
    with pytest.raises(BadInput, match="HEROKU_API_URL is not an address") as caught:
        Heroku(door())
    assert "pw" not in caught.value.sentence()


def test_drains_are_read_without_their_credentials() -> None:
    rows = [
        {"url": f"https://user:{SECRET}@logs.example:443/{SECRET}?key={SECRET}", "addon": None},
        {"url": "syslog+tls://syslog.logdna.example:6514", "addon": {"name": "logdna-1"}},
    ]
    drains = apps.read_drains(client(lambda _request: httpx.Response(200, json=rows)), "a")
    assert [(drain.to, drain.addon) for drain in drains] == [
        ("https://logs.example", None),
        ("syslog+tls://syslog.logdna.example", "logdna-1"),
    ]
