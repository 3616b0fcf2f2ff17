"""The command line: what it starts ends with it, and what it prints is what happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rehearsal import cli
from rehearsal.home import REQUESTS, VISITORS
from rehearsal.requestlog import Entry, RequestLog

WITHIN_S = 30.0


def children(pid: int) -> list[int]:
    """All processes below a process."""
    direct = [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    return [each for child in direct for each in (child, *children(child))]


def alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc, which only Linux has")
def test_nothing_outlives_a_run_that_is_killed(tmp_path: Path) -> None:
    marker = tmp_path / "command-runs"
    command = ["sh", "-c", f"touch {marker}; exec sleep 600"]
    run = subprocess.Popen([sys.executable, "-m", "rehearsal", "run", "--home", str(tmp_path / "home"), "--", *command])
    deadline = time.monotonic() + 3 * WITHIN_S
    while not marker.exists():
        assert time.monotonic() < deadline, "the world did not come up"
        time.sleep(0.1)
    started = children(run.pid)
    assert len(started) >= 8, "a world, four workers, dynos and the command"
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    deadline = time.monotonic() + WITHIN_S
    while left := [pid for pid in started if alive(pid)]:
        assert time.monotonic() < deadline, f"still there: {left}"
        time.sleep(0.1)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc, which only Linux has")
def test_a_world_can_end_with_a_process_that_did_not_start_it(tmp_path: Path) -> None:
    owner = subprocess.Popen(["sleep", "600"])
    environment = tmp_path / "environment"
    options = ["--home", str(tmp_path / "home"), "--env-file", str(environment), "--with", str(owner.pid)]
    up = subprocess.Popen([sys.executable, "-m", "rehearsal", "up", *options], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 3 * WITHIN_S
    while not environment.exists():
        assert time.monotonic() < deadline, "the world did not come up"
        time.sleep(0.1)
    started = children(up.pid)
    owner.kill()
    owner.wait()
    assert up.wait(WITHIN_S) == 0
    assert not [pid for pid in started if alive(pid)]


def test_run_gives_the_command_the_world_and_passes_its_exit_code_on(tmp_path: Path) -> None:
    script = "import os, sys; sys.exit(7 if os.environ['AWS_ENDPOINT_URL'].startswith('http://127.0.0.1:') else 1)"
    environment = tmp_path / "environment"
    arguments = ["run", "--home", str(tmp_path), "--env-file", str(environment), "--", sys.executable, "-c", script]
    assert cli.main(arguments) == 7
    assert "HEROKU_API_URL=http://127.0.0.1:" in environment.read_text()


def test_a_mistake_in_the_seed_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seed = tmp_path / "seed.yml"
    seed.write_text("heroku: {shop: {config: {}, formatoin: {}}}")
    assert cli.main(["run", "--home", str(tmp_path / "home"), "--seed", str(seed), "--", "true"]) == 2
    told = capsys.readouterr().err
    assert "heroku.shop" in told
    assert "Traceback" not in told
    assert len(told.splitlines()) == 1


def test_log_prints_requests_and_writes_alone_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = RequestLog(tmp_path / REQUESTS)
    log.record(Entry(1.0, "aws", "DescribeStacks", "read", "a", "offramp.ecs/aws_stack", 200, 0.1))
    log.record(Entry(2.0, "heroku", "PATCH /apps/{app}/formation", "write", "shop", "heroku-cli", 200, 0.1))
    assert cli.main(["log", "--home", str(tmp_path)]) == 0
    both = capsys.readouterr().out.splitlines()
    assert cli.main(["log", "--writes", "--home", str(tmp_path)]) == 0
    writes = capsys.readouterr().out.splitlines()
    assert len(both) == 2
    assert writes == [both[1]] == ["2.000 write   200 heroku     PATCH /apps/{app}/formation shop [heroku-cli]"]


def test_visits_sums_up_what_the_visitors_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    second = '{"second": %d, "requests": 10, "failed": %d, "sides": {"aws": {"requests": 4}}, "reasons": {"502": %d}}\n'
    (tmp_path / VISITORS).write_text(second % (1, 0, 0) + second % (2, 1, 1))
    assert cli.main(["visits", "--home", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ('{"requests": 20, "failed": 1, "sides": {"aws": 8}, "reasons": {"502": 1}}\n')


@pytest.mark.parametrize("command", ["log", "visits"])
def test_looking_at_a_world_that_never_was_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert cli.main([command, "--home", str(tmp_path)]) == 2
    assert "start a world first" in capsys.readouterr().err
