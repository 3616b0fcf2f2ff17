"""The stand-in under Heroku's own command line.

It is 400 MB of Node.js, so nothing installs it by itself: ``npm i --ignore-scripts heroku@11.10.0`` somewhere, and
name its ``node_modules/heroku/bin/run.js`` in OFFRAMP_HEROKU_CLI.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.rehearsal.heroku.stage import Stage

CLI = os.environ.get("OFFRAMP_HEROKU_CLI")
pytestmark = pytest.mark.skipif(not CLI, reason="Heroku's command line is not here: OFFRAMP_HEROKU_CLI is not set")
Run = Callable[[str], str]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    made.listen()
    yield made
    made.stop()


@pytest.fixture
def run(stage: Stage, tmp_path: Path) -> Run:
    """Run a command of the CLI on the app bond-server; returns what it prints."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "HEROKU_HOST": stage.heroku.url,
        "HEROKU_PARTICLEBOARD_URL": stage.heroku.url,
        "HEROKU_API_KEY": stage.heroku.token,
        "DISABLE_TELEMETRY": "true",
    }

    def command(line: str) -> str:
        done = subprocess.run(
            ["node", str(CLI), *line.split(), "-a", "bond-server"], env=env, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    return command


def test_what_a_survey_reads(run: Run) -> None:
    assert "web.1: up" in run("ps")
    assert "REDIS_URL:   redis://one" in run("config")
    assert "heroku-redis (redis-flat-1)" in run("addons")
    assert "api.bond.example" in run("domains")
    assert "Deploy 5f2c1e9a" in run("releases")
    assert "logdna:quaco (logdna-round-2)" in run("drains")
    assert "tokyo-" in run("certs")


def test_what_a_migration_writes(run: Run, stage: Stage) -> None:
    run("config:set COLOUR=blue")
    assert stage.get("/apps/bond-server/config-vars")["COLOUR"] == "blue"
    assert "now running web at 0:Standard-1X" in run("ps:scale web=0")
    run("maintenance:on")
    assert stage.router.row()["maintenance"] is True


def test_logs_come_by_session(run: Run) -> None:
    assert "heroku[web.2]: State changed from starting to up" in run("logs -n 50")
