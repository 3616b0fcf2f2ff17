from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Denied, Missing
from ansible_collections.offramp.ecs.plugins.module_utils.heroku.router import RouterTail, recent, recent_of, tail_of
from rehearsal.requestlog import read_log
from tests.unit.rehearsal.heroku.stage import Stage

LINE = 'at=info method=GET path="{path}" host=api.bond.example dyno=web.1 service=3ms status={status} bytes=2'


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    made = Stage(tmp_path)
    monkeypatch.setenv("HEROKU_API_URL", made.heroku.url)
    monkeypatch.setenv("HEROKU_API_KEY", made.heroku.token)
    yield made
    made.stop()


def tail(app: str = "bond-server") -> RouterTail:
    # the door is shut, so a log session that counted as a write would be an error
    return RouterTail(tail_of(Door(shut=True, ordered_by="offramp.ecs/test"), app), ["/health"])


def answer(stage: Stage, at: float, path: str = "/", status: int = 200) -> None:
    """Let the router answer a request."""
    stage.heroku.logplex.write("bond-server", "heroku", "router", LINE.format(path=path, status=status), at)


def counted(followed: RouterTail, second: int, until: tuple[int, int] | None) -> tuple[int, int] | None:
    """The counts of a second, once they are as expected, or after five seconds."""
    deadline = time.monotonic() + 5
    while (counts := followed.counts(range(second, second + 1))[second]) != until and time.monotonic() < deadline:
        time.sleep(0.01)
    return counts


def test_router_lines_come_through_a_log_session(stage: Stage) -> None:
    followed = tail()
    followed.start()
    second = int(time.time()) + 2
    for path, status in [("/", 200), ("/a?b=c", 503), ("/health", 200), ("/", 404)]:
        answer(stage, second + 0.5, path, status)
    stage.heroku.logplex.write("bond-server", "app", "web.1", LINE.format(path="/", status=500), second + 0.5)
    assert counted(followed, second, (3, 1)) == (3, 1)
    sessions = [entry for entry in read_log(stage.log.path) if "log-sessions" in entry.operation]
    assert [(entry.kind, entry.caller) for entry in sessions] == [("read", "offramp.ecs/test")]


def test_lines_that_heroku_drops_make_their_time_unknown(stage: Stage) -> None:
    followed = tail()
    followed.start()
    lost = int(time.time()) + 1
    while time.time() < lost:
        time.sleep(0.01)
    assert counted(followed, lost, (0, 0)) == (0, 0)
    stage.heroku.logplex.overflow_tails("bond-server", 1101)
    assert counted(followed, lost, None) is None
    later = lost + 60
    answer(stage, later)
    assert counted(followed, later, (1, 0)) == (1, 0)


@pytest.mark.parametrize(
    ("app", "token", "error"), [("bond-sever", None, Missing), ("bond-server", "0123-wrong", Denied)]
)
def test_a_session_that_heroku_refuses_says_so(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, app: str, token: str | None, error: type[Exception]
) -> None:
    if token:
        monkeypatch.setenv("HEROKU_API_KEY", token)
    with pytest.raises(error):
        tail(app).start()


def test_the_last_lines_of_the_router_tell_what_was_answered_without_waiting(stage: Stage) -> None:
    for at, path in ((1_800_000_000.0, "/a"), (1_800_000_001.0, "/b?token=x")):
        answer(stage, at, path)
    stage.heroku.logplex.write("bond-server", "app", "web.1", LINE.format(path="/", status=500), 1_800_000_002.0)
    seen = recent(recent_of(Door(shut=True, ordered_by="offramp.ecs/test"), "bond-server"))
    assert [(each.path, each.status, each.service) for each in seen] == [("/a", 200, 3), ("/b", 200, 3)]
    with pytest.raises(Missing):
        recent(recent_of(Door(shut=True, ordered_by="offramp.ecs/test"), "nobodys"))
