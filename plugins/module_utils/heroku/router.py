"""What Heroku's router answered, from its lines in a log session (https://devcenter.heroku.com/articles/http-routing).

A tail is read in a thread of its own, since it must not be left waiting: Logplex drops lines for slow readers (L11).
Dropped lines, and the time during which a broken tail was opened again, are kept as gaps: what is not known is not
counted as good.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Optional

import httpx

from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door, Kind
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import OfframpError, Unreachable
from ansible_collections.offramp.ecs.plugins.module_utils.engine.http_door import DoorTransport, by_method
from ansible_collections.offramp.ecs.plugins.module_utils.heroku.client import Heroku, app_path

_LINE = re.compile(r"(?P<at>\S+) heroku\[(?P<process>router|logplex)\]: (?P<text>.*)")
_PAIR = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))')
_LOST = re.compile(r"\bError L1[01]\b.*?(?:since (?P<since>\S+))?$")
_REOPEN_S = 1.0
_ENOUGH = 1000  # requests, of which fifty say where the slowest twentieth begins
_CONNECT_S = 30.0
_KEPT = 1500
# Router lines come per request, but a still app writes none: silence on a tail is no fault of the tail.
_STREAM = httpx.Timeout(_CONNECT_S, read=None)

OpenTail = Callable[[], AbstractContextManager[Iterator[str]]]


@dataclass(frozen=True)
class Answered:
    """One request that the router answered. ``service`` in milliseconds, ``code`` as "H12" or empty."""

    at: float
    path: str
    status: int
    service: int
    code: str

    @property
    def failed(self) -> bool:
        """Whether the visitor got an error of the platform's or the app's making."""
        return self.status >= 500


@dataclass(frozen=True)
class Lost:
    """Lines that nobody will see: between two moments, in seconds since the epoch."""

    since: float
    until: float


def parse(line: str) -> Optional[Answered | Lost]:
    """A line of a log session, or None when it says nothing about requests."""
    found = _LINE.match(line)
    if found is None:
        return None
    at, text = _epoch(found["at"]), found["text"]
    if found["process"] == "logplex":
        lost = _LOST.search(text)
        return None if lost is None else Lost(_epoch(lost["since"].rstrip(".")) if lost["since"] else at, at)
    parts = {key: quoted or plain for key, quoted, plain in _PAIR.findall(text)}
    if not parts.get("status", "").isdigit():
        return None
    service = parts.get("service", "0").removesuffix("ms")
    path = parts.get("path", "").partition("?")[0]
    return Answered(at, path, int(parts["status"]), int(service) if service.isdigit() else 0, parts.get("code", ""))


@dataclass
class Tally:
    """Requests, errors and slow requests by second, how long they took, and the gaps; safe to use from two threads.

    ``slower_than`` is in seconds; without it no request counts as slow. ``took`` is milliseconds -> requests.
    """

    ignored_paths: frozenset[str]
    slower_than: Optional[float] = None
    seconds: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    took: Counter[int] = field(default_factory=Counter)
    gaps: list[Lost] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, told: Answered | Lost | None) -> None:
        """Count what a line told."""
        with self.lock:
            if isinstance(told, Lost):
                self.gaps.append(told)
            elif told is not None and told.path not in self.ignored_paths:
                requests, errors, slow = self.seconds.get(int(told.at), (0, 0, 0))
                is_slow = self.slower_than is not None and told.service > 1000 * self.slower_than
                self.seconds[int(told.at)] = (requests + 1, errors + told.failed, slow + is_slow)
                self.took[told.service] += 1

    def between(self, start: int, end: int) -> Optional[tuple[int, ...]]:
        """Requests, errors, 0 and, with a threshold, slow ones from ``start`` to before ``end``.

        None where lines of that time are lost.
        """
        with self.lock:
            if any(gap.since < end and gap.until >= start for gap in self.gaps):
                return None
            cells = [self.seconds.get(second, (0, 0, 0)) for second in range(start, end)]
        requests, errors, slow = (sum(cell[at] for cell in cells) for at in range(3))
        return (requests, errors) if self.slower_than is None else (requests, errors, 0, slow)

    def usual(self) -> Optional[float]:
        """Seconds within which 95 of 100 requests were answered; None where too few were seen to say so."""
        with self.lock:
            took = sorted(self.took.items())
        every, seen = sum(count for _, count in took), 0
        for milliseconds, count in took if every >= _ENOUGH else ():
            seen += count
            if seen >= 0.95 * every:
                return milliseconds / 1000
        return None


class RouterTail:
    """Follows an app's router lines until closed.

    Args:
        open_tail: opens a new log session.
        ignored_paths: paths that are not counted, such as that of Cloudflare's monitor.
        slower_than: seconds above which a request counts as slow; None to count none.
    """

    remembers = False
    trouble = "Heroku dropped log lines (L10, L11), or its log session broke off."

    def __init__(self, open_tail: OpenTail, ignored_paths: Iterable[str], slower_than: Optional[float] = None) -> None:
        self._open_tail = open_tail
        self._tally = Tally(frozenset(ignored_paths), slower_than)
        self._heard_since: Optional[float] = None
        self._broken_at: Optional[float] = None
        self._opened = threading.Event()
        self._closing = threading.Event()
        self._first_failure: Optional[OfframpError] = None

    def start(self) -> None:
        """Open the first session; returns when it is open, and may be called again when it could not be.

        Raises:
            OfframpError: Heroku does not give a session.
        """
        self._first_failure = None
        self._opened.clear()
        threading.Thread(target=self._follow, name="heroku-router-tail", daemon=True).start()
        self._opened.wait()
        if self._first_failure is not None:
            raise self._first_failure

    def usual(self) -> Optional[float]:
        """See :meth:`Tally.usual`, of all that was heard."""
        return self._tally.usual()

    def counts(self, starts: range) -> dict[int, Optional[tuple[int, ...]]]:
        """What :meth:`Tally.between` tells of each period, by its start; None where lines of that time are lost.

        Args:
            starts: the periods' starts in seconds since the epoch, in steps of the period's length.
        """
        return {start: self._between(start, start + starts.step) for start in starts}

    def _between(self, start: int, end: int) -> Optional[tuple[int, ...]]:
        heard, broken = self._heard_since, self._broken_at
        if heard is None or heard > start or (broken is not None and broken < end):
            return None
        return self._tally.between(start, end)

    def close(self) -> None:
        """Open no further session."""
        self._closing.set()

    def _follow(self) -> None:
        while not self._closing.is_set():
            try:
                self._read_one_session()
            except Exception as error:  # whatever ended the tail, what it would have told is unknown
                if not self._opened.is_set():
                    self._first_failure = _as_ours(error)
                    self._opened.set()
                    return
            self._broken_at = self._broken_at or time.time()
            self._closing.wait(_REOPEN_S)

    def _read_one_session(self) -> None:
        with self._open_tail() as lines:
            self._note_open()
            for line in lines:
                self._tally.add(parse(line))

    def _note_open(self) -> None:
        now = time.time()
        if self._broken_at is not None:
            self._tally.add(Lost(self._broken_at, now))
            self._broken_at = None
        self._heard_since = self._heard_since or now
        self._opened.set()


def kind_of(request: httpx.Request) -> Kind:
    """The class of a request: making a log session is a POST that changes nothing."""
    return "read" if request.url.path.endswith("/log-sessions") else by_method(request)


def tail_of(door: Door, app: str) -> OpenTail:
    """How to follow an app's log, on the network."""
    # "heroku" alone, not its router alone: Logplex itself tells of lost lines under that source
    return _session(door, app, {"source": "heroku", "tail": True, "lines": 1})


def recent_of(door: Door, app: str) -> OpenTail:
    """How to read the last lines that Heroku keeps of an app's router, at most 1,500."""
    return _session(door, app, {"source": "heroku", "dyno": "router", "tail": False, "lines": _KEPT})


def recent(open_session: OpenTail) -> list[Answered]:
    """The requests that a session tells of, oldest first.

    Raises:
        OfframpError: Heroku does not give a session, or ends it with a failure.
    """
    try:
        with open_session() as lines:
            told = [parse(line) for line in lines]
    except Exception as error:  # httpx has no one root of all that can go wrong
        raise _as_ours(error) from error
    return [each for each in told if isinstance(each, Answered)]


def _session(door: Door, app: str, wish: dict[str, Any]) -> OpenTail:
    api = Heroku(door, DoorTransport(door, "Heroku", kind_of))
    stream = httpx.Client(transport=DoorTransport(door, "Heroku's log"), timeout=_STREAM)

    @contextmanager
    def open_tail() -> Iterator[Iterator[str]]:
        session = api.post(app_path(app, "log-sessions"), wish, f"Heroku app {app}")
        with stream.stream("GET", session["logplex_url"]) as answer:
            answer.raise_for_status()
            yield answer.iter_lines()

    return open_tail


def _as_ours(error: Exception) -> OfframpError:
    if isinstance(error, OfframpError):
        return error
    return Unreachable(
        f"Heroku's log session cannot be read ({type(error).__name__}).",
        target="Heroku log session",
        hint="Check the network, and that this host may reach Heroku's log servers, then run again.",
    )


def _epoch(stamp: str) -> float:
    try:
        return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return time.time()
