"""The visitors: open-loop traffic to the edge, as a worker process (``python -m rehearsal.dataplane.visitors``).

Open loop: a request starts when its time has come, whether or not those before it were answered, so a slow answer
never lowers the rate at which failures can show.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import Counter

import aiohttp
from yarl import URL

from rehearsal.children import Json
from rehearsal.dataplane.channel import Channel, each_second, main
from rehearsal.dataplane.proxy import client_session
from rehearsal.dataplane.spread import Spread

PATIENCE = 35.0
"""Seconds in which a request must be answered; more than Heroku's router allows an app."""
SIDES = ("heroku", "aws")
USER_AGENT = {"User-Agent": "rehearsal/visitors"}


class VisitorsPlane:
    """Sends requests at a rate and counts what comes back. It never asks twice: it is the judge.

    A message with ``rate`` 0 is in force once every request is answered and reported.
    """

    async def open(self, channel: Channel) -> Json:
        """Nobody visits before the first table."""
        self._channel = channel
        self._requests: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._in_flight: set[asyncio.Task[None]] = set()
        self._arrivals: asyncio.Task[None] | None = None
        self._session: aiohttp.ClientSession | None = None
        self._trusted: str | None = None
        self._ticker = asyncio.create_task(each_second(self._report))
        return {}

    async def apply(self, message: Json) -> None:
        """Visit as the message says from now on. With ``ca`` visitors come by HTTPS, else by HTTP."""
        if self._arrivals is not None:
            self._arrivals.cancel()
            self._arrivals = None
        if message["rate"] == 0:
            await asyncio.gather(*self._in_flight)
            self._report(int(time.time()))
            return
        session = await self._session_for(message.get("ca"))
        scheme = "https" if message.get("ca") else "http"
        base = f"{scheme}://{message['host']}:{message['edge'][scheme]}"
        paths = message.get("paths") or {"/": 1.0}
        urls = [URL(base + path) for path in paths]
        self._arrivals = asyncio.create_task(
            self._arrive(session, message["host"], message["rate"], urls, list(paths.values()))
        )

    async def _session_for(self, ca: str | None) -> aiohttp.ClientSession:
        if self._session is None or ca != self._trusted:
            if self._session is not None:
                await asyncio.gather(*self._in_flight)
                await self._session.close()
            self._trusted = ca
            self._session = client_session(None, ssl.create_default_context(cafile=ca) if ca else None, retries=False)
        return self._session

    async def _arrive(
        self, session: aiohttp.ClientSession, host: str, rate: float, urls: list[URL], weights: list[float]
    ) -> None:
        spread, due = Spread("visitors"), time.monotonic()
        while True:
            picked = spread.pick(weights)
            assert picked is not None, "the visitors' paths have no weight"
            task = asyncio.create_task(self._visit(session, host, urls[picked]))
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)
            due += 1 / rate
            await asyncio.sleep(due - time.monotonic())

    async def _visit(self, session: aiohttp.ClientSession, host: str, url: URL) -> None:
        side, problem = "unknown", None
        try:
            async with asyncio.timeout(PATIENCE):
                async with session.get(url, headers={"Host": host, **USER_AGENT}, allow_redirects=False) as answer:
                    side = answer.headers.get("X-Rehearsal-Side", "unknown")
                    await answer.read()
                    if answer.status >= 400:
                        problem = f"status {answer.status}"
        except TimeoutError:
            problem = f"no answer within {PATIENCE:g} s"
        except aiohttp.ClientError as error:
            problem = type(error).__name__
        side = side if side in SIDES else "unknown"
        self._requests[side] += 1
        if problem:
            self._failed[side] += 1
            self._reasons[f"{problem} ({side})"] += 1

    def _report(self, second: int) -> None:
        requests, failed, reasons = self._requests, self._failed, self._reasons
        self._requests, self._failed, self._reasons = Counter(), Counter(), Counter()
        if not requests:
            return
        sides = {side: {"requests": requests[side], "failed": failed[side]} for side in (*SIDES, "unknown")}
        counted = {"second": second, "requests": requests.total(), "failed": failed.total()}
        self._channel.report({"visitors": {**counted, "sides": sides, "reasons": dict(reasons)}})


if __name__ == "__main__":
    main(VisitorsPlane)
