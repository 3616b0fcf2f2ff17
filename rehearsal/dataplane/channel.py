"""The worker's side of the line protocol between the world and its data plane (:class:`rehearsal.children.Worker`)."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Protocol

from rehearsal.children import Json

LONGEST_LINE = 64 * 1024 * 1024


class Plane(Protocol):
    """What a worker does with the tables it is sent."""

    async def open(self, channel: Channel) -> Json:
        """Start to listen. Returns what the world should know of it (its ports)."""

    async def apply(self, message: Json) -> None:
        """Put a whole table in force; when this returns, no new request is treated by the old one."""


class Channel:
    """Speaks to the world. Never waits for it: a world that is slow to read must not slow the traffic."""

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport

    def report(self, report: Json) -> None:
        """Tell the world what happened."""
        self.tell({"report": report})

    def tell(self, message: Json) -> None:
        """Send one line."""
        self._transport.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")


async def serve(plane: Plane) -> None:
    """Take tables from standard input until it ends; with it ends the process."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LONGEST_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    transport, _ = await loop.connect_write_pipe(asyncio.Protocol, sys.stdout)
    channel = Channel(transport)
    channel.tell({"ready": await plane.open(channel)})
    while line := await reader.readline():
        message = json.loads(line)
        number = message.pop("id")
        await plane.apply(message)
        channel.tell({"applied": number})


async def each_second(flush: Callable[[int], None]) -> None:
    """Call ``flush`` at the end of each second of the clock, with that second (since the epoch)."""
    second = int(time.time())
    while True:
        await asyncio.sleep(second + 1 - time.time())
        flush(second)
        second += 1


def main(plane: Callable[[], Plane]) -> None:
    """The life of a worker process: it serves while its parent lives."""

    async def run() -> None:
        await serve(plane())
        os._exit(0)  # at once: nobody is left for whom a request could be finished

    asyncio.run(run())
