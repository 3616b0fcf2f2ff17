"""The stand-in under Heroku's own command line, npm's heroku."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.requestlog import read_log
from tests.contract.strangers import environment
from tests.unit.rehearsal.heroku.stage import APP, Stage

Run = Callable[[str], str]
Ask = Callable[[str], Any]


@pytest.fixture
def run(stage: Stage, tmp_path: Path) -> Run:
    """Run a command of the CLI on the app bond-server; returns what it prints."""
    program = environment.from_npm("heroku", "bin/run.js")
    known = {
        "HEROKU_HOST": stage.heroku.url,
        "HEROKU_PARTICLEBOARD_URL": stage.heroku.url,
        "HEROKU_API_KEY": stage.heroku.token,
        "DISABLE_TELEMETRY": "true",
        "HEROKU_SKIP_NEW_VERSION_CHECK": "true",
    }

    def command(line: str) -> str:
        done = environment.run(["node", program, *line.split(), "-a", "bond-server"], tmp_path, known)
        assert not [entry for entry in read_log(stage.log.path) if entry.status >= 500]
        return done.stdout + done.stderr if "--json" not in line else done.stdout

    return command


@pytest.fixture
def ask(run: Run) -> Ask:
    """What a command prints with --json."""
    return lambda line: json.loads(run(f"{line} --json"))


def test_config(run: Run, ask: Ask) -> None:
    assert ask("config") == APP["config"]
    assert "REDIS_URL:   redis://one" in run("config")
    assert run("config:get APP") == "bond-server\n"


def test_config_is_set_and_unset(run: Run, stage: Stage) -> None:
    assert "done, v4" in run("config:set COLOUR=blue")
    assert stage.get("/apps/bond-server/config-vars")["COLOUR"] == "blue"
    assert "done, v5" in run("config:unset COLOUR")
    assert stage.get("/apps/bond-server/config-vars") == APP["config"]


def test_ps(run: Run, ask: Ask) -> None:
    dynos = {dyno["name"]: (dyno["state"], dyno["size"], dyno["command"]) for dyno in ask("ps")}
    web = ("up", "Standard-1X", "npm start")
    assert dynos == {"web.1": web, "web.2": web, "worker.1": ("up", "Standard-1X", "npm run work")}
    assert "=== web (Standard-1X): npm start (2)" in run("ps")


def test_ps_scale_down_and_back(run: Run, stage: Stage) -> None:
    for wanted in (1, 2):
        assert f"now running web at {wanted}:Standard-1X" in run(f"ps:scale web={wanted}")
        assert stage.get("/apps/bond-server/formation/web")["quantity"] == wanted
    assert run("ps:scale").strip() == "web=2:Standard-1X worker=1:Standard-1X"
    assert stage.befalls.since(0, until="SIGTERM web.2").count("SIGTERM web.2") == 1


def test_addons(run: Run, ask: Ask) -> None:
    redis, logs = sorted(ask("addons"), key=lambda addon: str(addon["name"]), reverse=True)
    assert (redis["plan"]["name"], redis["plan"]["price"]["cents"]) == ("heroku-redis:mini", 300)
    assert (redis["config_vars"], redis["addon_service"]["human_name"]) == (["REDIS_URL"], "heroku-redis")
    assert logs["name"] == "logdna-round-2"
    table = run("addons")
    assert "heroku-redis (redis-flat-1)" in table
    assert "as REDIS" in table
    assert "$3/month" in run("addons:info redis-flat-1")


def test_domains(run: Run, ask: Ask) -> None:
    custom, own = sorted(ask("domains"), key=lambda domain: str(domain["kind"]))
    assert (custom["hostname"], custom["acm_status"]) == ("api.bond.example", "cert issued")
    assert (own["hostname"].endswith(".herokuapp.com"), own["cname"]) == (True, None)
    assert custom["cname"] in run("domains")
    assert "Cert issued" in run("certs:auto")


def test_releases(run: Run, ask: Ask) -> None:
    assert [(row["version"], row["current"]) for row in ask("releases")] == [(3, True), (2, False), (1, False)]
    assert "Deploy 5f2c1e9a" in run("releases")
    assert "Rolling back bond-server to v2... done, v4" in run("releases:rollback v2")


def test_maintenance_on_and_off(run: Run, stage: Stage) -> None:
    run("maintenance:on")
    assert stage.router.row()["maintenance"] is True
    assert run("maintenance") == "on\n"
    run("maintenance:off")
    assert stage.router.row()["maintenance"] is False


def test_apps_info(run: Run, ask: Ask) -> None:
    told = ask("apps:info")
    assert (told["app"]["name"], told["app"]["region"]["name"], told["app"]["stack"]["name"]) == (
        ("bond-server", "eu", "heroku-24")
    )
    assert {dyno["name"] for dyno in told["dynos"]} == {"web.1", "web.2", "worker.1"}
    assert {addon["name"] for addon in told["addons"]} == {"redis-flat-1", "logdna-round-2"}
    assert "Dynos:          web: 2, worker: 1" in run("apps:info")


def test_what_hangs_on_the_app(run: Run, ask: Ask) -> None:
    assert [drain["addon"]["name"] for drain in ask("drains")] == ["logdna-round-2"]
    assert "tokyo-" in run("certs")
    assert {feature["name"]: feature["enabled"] for feature in ask("features")}["preboot"] is False
    assert ask("labs")["user"] == []


def test_logs_come_by_session(run: Run) -> None:
    assert "heroku[web.2]: State changed from starting to up" in run("logs -n 50")
