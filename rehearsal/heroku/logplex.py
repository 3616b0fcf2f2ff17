"""Logplex: the last lines of each app's log, and sessions that stream them (https://devcenter.heroku.com/articles/logplex)."""

from __future__ import annotations

import asyncio
import datetime
import itertools
import secrets
import threading
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

KEPT = 1500
"""Lines that Logplex keeps of an app."""
TAIL_BUFFER = 1024
"""Lines that wait for a slow reader; more are dropped and counted."""
SESSION_OPENS_WITHIN_S = 300


@dataclass(frozen=True)
class Line:
    """One line of a log; ``at`` in seconds since the epoch. ``source`` is "app" or "heroku"."""

    at: float
    source: str
    process: str
    text: str

    def __str__(self) -> str:
        return f"{_stamp(self.at)} {self.source}[{self.process}]: {self.text}"


@dataclass(frozen=True)
class Wish:
    """What a session wants to see."""

    app: str
    lines: int = 100
    tail: bool = False
    source: str | None = None
    process: str | None = None

    def covers(self, line: Line) -> bool:
        """Whether a line is wanted: ``process`` may be one dyno ("web.1") or a process type ("web")."""
        fits = self.process in (None, line.process, line.process.split(".")[0])
        return fits and self.source in (None, line.source)


@dataclass
class Tail:
    """The lines that wait for one reader. ``put`` may be called from any thread."""

    wish: Wish
    loop: asyncio.AbstractEventLoop
    waiting: deque[Line] = field(default_factory=deque)
    dropped: int = 0
    since: float = 0.0
    ended: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stirred: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, line: Line) -> None:
        """Queue a line, or count it as dropped when the reader is too slow."""
        with self._lock:
            if len(self.waiting) < TAIL_BUFFER:
                self.waiting.append(line)
            else:
                self._count_lost(1, line.at)
        self._stir()

    def lose(self, lines: int, at: float) -> None:
        """Count lines that this reader will never see."""
        with self._lock:
            self._count_lost(lines, at)
        self._stir()

    def end(self) -> None:
        """No more lines will come."""
        self.ended = True
        self._stir()

    async def take(self) -> list[str]:
        """The lines that came since, first the notice of those that were dropped; empty when the session has ended."""
        while True:
            self._stirred.clear()
            with self._lock:
                lines = [str(line) for line in self.waiting]
                self.waiting.clear()
                if self.dropped:
                    lines.append(str(_tail_overflow(self.dropped, self.since)))
                    self.dropped, self.since = 0, 0.0
            if lines or self.ended:
                return lines
            await self._stirred.wait()

    def _count_lost(self, lines: int, at: float) -> None:
        self.since = self.since or at
        self.dropped += lines

    def _stir(self) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._stirred.set)


class Logplex:
    """Collects lines from any thread, and serves them to sessions on the server's event loop.

    ``signature`` is in the token of each session.
    """

    def __init__(self, signature: str) -> None:
        self._signature = signature
        self._lock = threading.Lock()
        self._kept: dict[str, deque[Line]] = {}
        self._tails: list[Tail] = []
        self._sessions: dict[str, tuple[Wish, float]] = {}

    def write(self, app: str, source: str, process: str, text: str, at: float | None = None) -> None:
        """Add a line to an app's log."""
        line = Line(time.time() if at is None else at, source, process, text)
        with self._lock:
            self._kept.setdefault(app, deque(maxlen=KEPT)).append(line)
            for tail in self._tails:
                if tail.wish.app == app and tail.wish.covers(line):
                    tail.put(line)

    def lines(self, wish: Wish) -> list[Line]:
        """The last kept lines that a wish covers, oldest first."""
        with self._lock:
            return self._backlog(wish)

    def invite(self, wish: Wish) -> str:
        """Make a session and return its token, good for one opening within five minutes."""
        token = f"{self._signature}-{secrets.token_urlsafe(24)}"
        with self._lock:
            self._sessions[token] = (wish, time.monotonic())
        return token

    def redeem(self, token: str) -> Wish | None:
        """The wish behind a token, or None when there is none any more."""
        with self._lock:
            wish, made = self._sessions.pop(token, (None, 0.0))
        return wish if time.monotonic() - made < SESSION_OPENS_WITHIN_S else None

    def stream(self, wish: Wish) -> AsyncIterator[list[str]]:
        """Backlog, then (with ``tail``) every line from the moment of this call on; lists of lines as they come."""
        tail = Tail(wish, asyncio.get_running_loop())
        with self._lock:
            backlog = [str(line) for line in self._backlog(wish)]
            if wish.tail:
                self._tails.append(tail)
        return self._follow(tail, backlog)

    async def _follow(self, tail: Tail, backlog: list[str]) -> AsyncIterator[list[str]]:
        try:
            if backlog:
                yield backlog
            while tail.wish.tail and (lines := await tail.take()):
                yield lines
        finally:
            with self._lock:
                self._tails = [other for other in self._tails if other is not tail]

    def overflow_tails(self, app: str, dropped: int) -> None:
        """Make every open tail of an app lose this many lines, as a slow reader would (L11)."""
        with self._lock:
            for tail in self._tails:
                if tail.wish.app == app:
                    tail.lose(dropped, time.time())

    def overflow_drain(self, app: str, token: str, dropped: int) -> None:
        """Say in an app's log that one of its drains lost this many lines (L10)."""
        since = _stamp(time.time())
        self.write(
            app,
            "heroku",
            "logplex",
            f"Error L10 (output buffer overflow): drain '{token}' dropped {dropped} messages since {since}.",
        )

    def close(self) -> None:
        """End all sessions."""
        with self._lock:
            for tail in self._tails:
                tail.end()

    def _backlog(self, wish: Wish) -> list[Line]:
        newest_first = (line for line in reversed(self._kept.get(wish.app, ())) if wish.covers(line))
        return list(itertools.islice(newest_first, wish.lines))[::-1]


def _stamp(at: float) -> str:
    return datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat(timespec="microseconds")


def _tail_overflow(dropped: int, since: float) -> Line:
    text = f"Error L11 (Tail buffer overflow) -> This tail session dropped {dropped} messages since {_stamp(since)}"
    return Line(time.time(), "heroku", "logplex", text)
