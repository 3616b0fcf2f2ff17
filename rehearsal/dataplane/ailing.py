"""Requests that a platform answers badly because the world was told so (:mod:`rehearsal.ailments`)."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from rehearsal.children import Json

HEALTH = "/health"
"""The demo app's health path, which no ailment but death strikes."""


class Ailing:
    """One platform's ailment, request by request."""

    def __init__(self) -> None:
        self._ailment: Json = {}
        self._struck = 0
        self._arrivals: deque[float] = deque()

    def update(self, ailment: Json) -> None:
        """Put another ailment in force; errors are counted anew."""
        if ailment != self._ailment:
            self._ailment, self._struck = ailment, 0

    async def strikes(self, path: str) -> bool:
        """Whether a request is answered with 500 in the app's place; returns after the delay that there is."""
        above = float(self._ailment.get("above", 0))
        if path == HEALTH or (above and self._rate() <= above):
            return False
        await asyncio.sleep(float(self._ailment.get("delay", 0)))
        before, self._struck = self._struck, self._struck + 1
        errors = float(self._ailment.get("errors", 0))
        return int(self._struck * errors) > int(before * errors)  # spread evenly, as the demo app does

    def _rate(self) -> int:
        """Requests in the last second, this one included."""
        now = time.monotonic()
        self._arrivals.append(now)
        while self._arrivals[0] <= now - 1:
            self._arrivals.popleft()
        return len(self._arrivals)
