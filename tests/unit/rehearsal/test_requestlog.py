"""What the log takes for a request."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from rehearsal.calls import Call
from rehearsal.requestlog import Message, Receive, RequestLog, Scope, Send, read_log

SCOPE: Scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-length", b"8")]}
CAME: list[Message] = [
    {"type": "http.request", "body": b"Acti", "more_body": True},
    {"type": "http.request", "body": b"on=A", "more_body": False},
]
GONE: Message = {"type": "http.disconnect"}


@pytest.mark.parametrize(
    ("messages", "served"), [([*CAME, GONE], [b"Action=A"]), ([CAME[0], GONE], [])], ids=["whole", "cut half-way"]
)
def test_a_request_whose_client_was_gone_before_its_end_asks_for_nothing(
    tmp_path: Path, messages: list[Message], served: list[bytes]
) -> None:
    log, seen = RequestLog(tmp_path / "requests.jsonl"), list[bytes]()

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((await receive())["body"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    coming = iter(messages)

    async def receive() -> Message:
        return next(coming)

    async def send(_message: Message) -> None:
        """Nobody reads the answer."""

    logged = log.logged(app, "aws", lambda *_: Call("CreateThing", "write"))
    asyncio.run(logged(SCOPE, receive, send))
    assert seen == served
    assert [entry.operation for entry in read_log(log.path)] == ["CreateThing"] * len(served)
