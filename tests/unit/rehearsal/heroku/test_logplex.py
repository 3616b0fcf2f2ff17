"""The log: backlog, tails, and what happens to slow readers."""

from __future__ import annotations

import asyncio
import json
import re

import httpx
import pytest

from rehearsal.heroku.logplex import KEPT, TAIL_BUFFER, Logplex, Wish
from tests.unit.rehearsal.heroku.stage import Stage

SESSIONS = "/apps/bond-server/log-sessions"


def filled(lines: int) -> Logplex:
    logplex = Logplex("signed")
    for number in range(lines):
        logplex.write("bond", "heroku", "router", f"line {number}", at=1000.0 + number)
    return logplex


def test_lines_look_as_logplex_writes_them() -> None:
    logplex = Logplex("signed")
    logplex.write("bond", "app", "web.1", "hello", at=1795300200.123456)
    assert [str(line) for line in logplex.lines(Wish("bond"))] == ["2026-11-21T22:30:00.123456+00:00 app[web.1]: hello"]


def test_only_the_last_1500_lines_are_kept() -> None:
    lines = filled(KEPT + 5).lines(Wish("bond", lines=KEPT + 5))
    assert (len(lines), lines[0].text, lines[-1].text) == (KEPT, "line 5", f"line {KEPT + 4}")


def test_a_wish_filters_by_source_dyno_and_type() -> None:
    logplex = filled(1)
    for process in ("web.1", "web.2", "worker.1"):
        logplex.write("bond", "app", process, "x")
        logplex.write("bond", "heroku", process, "y")

    def processes(wish: Wish) -> list[str]:
        return [f"{line.source}[{line.process}]" for line in logplex.lines(wish)]

    assert processes(Wish("bond", source="heroku", process="router")) == ["heroku[router]"]
    assert processes(Wish("bond", source="app", process="web")) == ["app[web.1]", "app[web.2]"]
    assert processes(Wish("bond", process="worker.1")) == ["app[worker.1]", "heroku[worker.1]"]
    assert processes(Wish("other")) == []


def test_a_tail_gives_the_backlog_and_then_what_comes() -> None:
    logplex = filled(3)

    async def read() -> list[str]:
        stream = logplex.stream(Wish("bond", lines=2, tail=True))
        seen = await anext(stream)
        logplex.write("bond", "heroku", "router", "new")
        logplex.write("elsewhere", "heroku", "router", "not ours")
        seen += await anext(stream)
        logplex.close()
        seen += [line async for lines in stream for line in lines]
        return [line.split(": ", 1)[1] for line in seen]

    assert asyncio.run(read()) == ["line 1", "line 2", "new"]


def test_a_slow_reader_loses_lines_and_is_told_how_many() -> None:
    logplex = filled(0)

    async def read() -> list[str]:
        stream = logplex.stream(Wish("bond", tail=True))
        first = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)  # until the session is open; it waits for lines then
        for number in range(TAIL_BUFFER + 12):
            logplex.write("bond", "heroku", "router", f"line {number}")
        return await first

    lines = asyncio.run(read())
    assert len(lines) == TAIL_BUFFER + 1
    told = r".* heroku\[logplex\]: Error L11 \(Tail buffer overflow\) -> This tail session dropped 12 messages since .*"
    assert re.fullmatch(told, lines[-1])


def test_lines_can_be_lost_on_purpose() -> None:
    logplex = filled(0)

    async def read() -> list[str]:
        stream = logplex.stream(Wish("bond", tail=True))
        first = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        logplex.overflow_tails("bond", 7)
        return await first

    assert "dropped 7 messages" in asyncio.run(read())[0]
    logplex.overflow_drain("bond", "d.1", 12)
    text = logplex.lines(Wish("bond"))[-1].text
    assert text.startswith("Error L10 (output buffer overflow): drain 'd.1' dropped 12 messages since ")


def test_a_session_opens_once(stage: Stage) -> None:
    session = stage.client.post(SESSIONS, json={"lines": 2}).json()
    answer = httpx.get(session["logplex_url"])
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert len(answer.text.splitlines()) == 2
    assert httpx.get(session["logplex_url"]).status_code == 404


def test_a_tail_over_http_brings_router_lines_as_they_come(stage: Stage) -> None:
    wish = {"lines": 0, "tail": True, "source": "heroku", "dyno": "router"}
    url = stage.client.post(SESSIONS, json=wish).json()["logplex_url"]
    with httpx.stream("GET", url) as answer:
        lines = answer.iter_lines()
        line = 'at=info method=GET path="/" status=200'
        stage.heroku._report({"router_lines": [{"app": "bond-server", "line": line, "at": 1795300200.5}]})
        assert next(lines) == f"2026-11-21T22:30:00.500000+00:00 heroku[router]: {line}"


def test_clients_that_ask_for_events_get_events(stage: Stage) -> None:
    url = stage.client.post(SESSIONS, json={"lines": 1}).json()["logplex_url"]
    answer = httpx.get(url, headers={"Accept": "text/event-stream"})
    assert answer.text.startswith("data: ")
    assert answer.text.endswith("\n\n")


@pytest.mark.parametrize("lines", [-1, "many", True])
def test_a_senseless_number_of_lines_is_refused(stage: Stage, lines: object) -> None:
    answer = stage.client.post(SESSIONS, content=json.dumps({"lines": lines}))
    assert answer.status_code == 422


def test_a_stand_in_can_lose_lines_everywhere_at_once(stage: Stage) -> None:
    url = stage.client.post(SESSIONS, json={"lines": 0, "tail": True, "source": "heroku"}).json()["logplex_url"]
    with httpx.stream("GET", url) as answer:
        lines = answer.iter_lines()
        stage.heroku._report({"router_lines": [{"app": "bond-server", "line": "at=info", "at": 1.0}]})
        assert next(lines).endswith("at=info")
        stage.heroku.lose_log_lines("bond-server", 12)
        told = " ".join((next(lines), next(lines)))
    assert "Error L11 (Tail buffer overflow) -> This tail session dropped 12 messages since" in told
    assert re.search(r"Error L10 \(output buffer overflow\): drain 'd\.[0-9a-f-]{36}' dropped 12 messages since", told)
