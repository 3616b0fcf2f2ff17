from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Denied, Unreachable
from ansible_collections.offramp.ecs.plugins.module_utils.heroku import router
from ansible_collections.offramp.ecs.plugins.module_utils.heroku.router import Answered, Lost, RouterTail, Tally

AT = 1795392000.0
STAMP = "2026-11-23T00:00:00+00:00"
GOOD = (
    'heroku[router]: at=info method=GET path="/users?page=2" host=api.bond.example '
    'request_id=2f1c fwd="203.0.113.7" dyno=web.1 connect=0ms service=18ms status=200 bytes=512 protocol=https'
)
TIMEOUT = (
    'heroku[router]: at=error code=H12 desc="Request timeout" method=GET path="/" host=api.bond.example '
    "dyno=web.1 connect=1ms service=30001ms status=503 bytes=0 protocol=https"
)
NO_DYNO = (
    'heroku[router]: at=error code=H14 desc="No web processes running" method=GET path="/" '
    "dyno= connect= service= status=503 bytes="
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD, Answered(AT, "/users", 200, 18, "")),
        (TIMEOUT, Answered(AT, "/", 503, 30001, "H12")),
        (NO_DYNO, Answered(AT, "/", 503, 0, "H14")),
        ("heroku[web.1]: State changed from starting to up", None),
        ("app[web.1]: status=500", None),
        ("heroku[router]: something new", None),
        ("heroku[logplex]: Error L10 (output buffer overflow): drain 'd.1' dropped 5 messages since "
         "2026-11-22T23:59:30+00:00.", Lost(AT - 30, AT)),
        ("heroku[logplex]: Error L11 (Tail buffer overflow) -> This tail session dropped 1101 messages since "
         "2026-11-22T23:59:50+00:00", Lost(AT - 10, AT)),
        ("heroku[logplex]: Error L11 (Tail buffer overflow)", Lost(AT, AT)),
        ("heroku[logplex]: Error L13 (Local delivery error)", None),
    ],
)  # fmt: skip
def test_lines_of_a_log_session(text: str, told: Answered | Lost | None) -> None:
    assert router.parse(f"{STAMP} {text}") == told


@pytest.mark.parametrize("line", ["", "not a log line", "when heroku[router]:"])
def test_lines_that_are_none_are_passed_over(line: str) -> None:
    assert router.parse(line) is None


@pytest.mark.parametrize(("status", "failed"), [(200, False), (404, False), (499, False), (500, True), (503, True)])
def test_what_counts_as_an_error(status: int, failed: bool) -> None:
    assert Answered(AT, "/", status, 1, "").failed is failed


def test_a_tally_counts_by_second_and_leaves_probes_out() -> None:
    tally = Tally(frozenset({"/health"}))
    for at, path, status in [(10.2, "/", 200), (10.9, "/", 500), (11.0, "/health", 200), (12.0, "/a", 200)]:
        tally.add(Answered(at, path, status, 1, ""))
    assert tally.between(10, 11) == (2, 1)
    assert tally.between(10, 13) == (3, 1)
    assert tally.between(20, 30) == (0, 0)


def test_what_was_lost_is_not_known() -> None:
    tally = Tally(frozenset())
    tally.add(Lost(15.0, 21.5))
    known = [tally.between(start, start + 5) is not None for start in range(5, 35, 5)]
    assert known == [True, True, False, False, True, True]


class Logplex:
    """Gives tails that a test speaks through; None ends one, an error breaks it."""

    def __init__(self) -> None:
        self.said: queue.Queue[str | Exception | None] = queue.Queue()
        self.opened = threading.Semaphore(0)
        self.refusals: list[Exception] = []

    @contextmanager
    def open(self) -> Iterator[Iterator[str]]:
        if self.refusals:
            raise self.refusals.pop(0)
        self.opened.release()
        yield self._lines()

    def _lines(self) -> Iterator[str]:
        while (said := self.said.get()) is not None:
            if isinstance(said, Exception):
                raise said
            yield said


def line_at(at: float, status: int = 200) -> str:
    stamp = datetime.fromtimestamp(at, UTC).isoformat()
    return f'{stamp} heroku[router]: at=info method=GET path="/" status={status} service=1ms'


def heard(tail: RouterTail, second: int, within: float = 5.0) -> tuple[int, int] | None:
    """The counts of a second, once there is a request in them."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        counts = tail.counts(range(second, second + 1))[second]
        if counts not in (None, (0, 0)):
            return counts
        time.sleep(0.005)
    return tail.counts(range(second, second + 1))[second]


@pytest.fixture
def logplex() -> Logplex:
    return Logplex()


@pytest.fixture
def tail(logplex: Logplex, monkeypatch: pytest.MonkeyPatch) -> Iterator[RouterTail]:
    monkeypatch.setattr(router, "_REOPEN_S", 0.05)
    made = RouterTail(logplex.open, ["/health"])
    yield made
    made.close()
    logplex.said.put(None)


def test_a_tail_knows_what_it_heard_and_not_what_came_before(tail: RouterTail, logplex: Logplex) -> None:
    tail.start()
    now = int(time.time()) + 1
    logplex.said.put(line_at(now))
    logplex.said.put(line_at(now, 503))
    assert heard(tail, now) is not None
    logplex.said.put(line_at(now + 5))
    assert heard(tail, now + 5) == (1, 0)
    assert tail.counts(range(now - 60, now + 6, 33)) == {now - 60: None, now - 27: None}
    assert tail.counts(range(now, now + 2)) == {now: (2, 1), now + 1: (0, 0)}


@pytest.mark.parametrize("end", [None, httpx.ReadError("reset"), KeyError("anything")])
def test_a_tail_that_breaks_is_opened_again_and_the_gap_is_not_known(
    tail: RouterTail, logplex: Logplex, end: Exception | None
) -> None:
    tail.start()
    assert logplex.opened.acquire(timeout=5)
    broken = time.time()
    logplex.said.put(end)
    assert logplex.opened.acquire(timeout=5)
    later = int(time.time()) + 5
    logplex.said.put(line_at(later))
    assert heard(tail, later) == (1, 0)
    assert tail.counts(range(int(broken), int(broken) + 1)) == {int(broken): None}


def test_while_a_tail_is_broken_nothing_after_is_known(tail: RouterTail, logplex: Logplex) -> None:
    tail.start()
    later = int(time.time()) + 5
    logplex.refusals = [Denied("token gone")] * 1000
    logplex.said.put(httpx.ReadError("reset"))
    deadline = time.monotonic() + 5
    while tail.counts(range(later, later + 1))[later] is not None:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_tail_that_cannot_be_opened_says_why(tail: RouterTail, logplex: Logplex) -> None:
    logplex.refusals = [Denied("Heroku refused the log session.")]
    with pytest.raises(Denied, match="Heroku refused"):
        tail.start()


def test_a_log_server_that_cannot_be_read_is_unreachable(tail: RouterTail, logplex: Logplex) -> None:
    logplex.refusals = [httpx.ConnectError("no route")]
    with pytest.raises(Unreachable, match=r"cannot be read \(ConnectError\)"):
        tail.start()


def test_a_tally_counts_slow_requests_and_tells_what_is_usual() -> None:
    tally = Tally(frozenset({"/health"}), slower_than=0.25)
    for service in (10, 250, 251, 30000):
        tally.add(Answered(10.0, "/", 200, service, ""))
    tally.add(Answered(10.0, "/health", 200, 9000, ""))
    assert tally.between(10, 11) == (4, 0, 0, 2)
    assert tally.usual() is None  # of too few
    for number in range(996):
        tally.add(Answered(11.0, "/", 200, 400 if number < 47 else 80, ""))
    assert tally.usual() == 0.08
    for _ in range(20):
        tally.add(Answered(11.0, "/", 200, 400, ""))
    assert tally.usual() == 0.4
