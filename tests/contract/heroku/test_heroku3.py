"""The stand-in under PyPI's heroku3, which reads every field of every answer into objects."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.restapi import Json
from tests.contract.strangers.environment import answer_of, from_pypi
from tests.unit.rehearsal.heroku.stage import Stage

BEGIN = """
import json, os
import heroku3, heroku3.api, requests
heroku3.api.HEROKU_URL = os.environ["HEROKU_API_URL"]
heroku = heroku3.from_key(os.environ["HEROKU_API_KEY"])
app = heroku.app("bond-server")
def refusal(call):
    try:
        call()
    except requests.HTTPError as error:
        return [error.response.status_code, error.response.json()["id"]]
"""
END = "\nprint(json.dumps(told, default=str))"
Tell = Callable[[str], Any]


@pytest.fixture
def tell(stage: Stage, tmp_path: Path) -> Tell:
    """Run statements that use ``heroku`` and ``app``; returns what they leave in ``told``."""
    python = from_pypi("heroku3", "python")
    environment = {"HEROKU_API_URL": stage.heroku.url, "HEROKU_API_KEY": stage.heroku.token}
    return lambda code: answer_of([python, "-c", BEGIN + textwrap.dedent(code) + END], tmp_path, environment)


def test_the_app_is_found_by_name_and_by_id(tell: Tell, stage: Stage) -> None:
    app: Json = stage.get("/apps/bond-server")
    told = tell("""
        again = heroku.apps()[app.id]
        owner = heroku.account().email
        told = [app.id, again.name, app.region.name, app.stack.name, app.maintenance, app.created_at, owner]
    """)
    created = app["created_at"].replace("T", " ").replace("Z", "+00:00")
    assert told == [app["id"], "bond-server", "eu", "heroku-24", False, created, "founder@bond.example"]


def test_what_there_is_not(tell: Tell) -> None:
    told = tell("""
        told = [
            refusal(lambda: heroku.app("nobody")),
            refusal(lambda: app.get_domain("nobody.example")),
            refusal(lambda: app.scale_formation_process("clock", 1)),
        ]
    """)
    assert told == [[404, "not_found"]] * 3


def test_a_wrong_key_is_refused(tell: Tell) -> None:
    told = tell("""
        stranger = heroku3.from_key("00000000-0000-0000-0000-000000000000")
        told = [heroku.is_authenticated, stranger.is_authenticated, refusal(stranger.apps)]
    """)
    assert told == [True, False, [401, "unauthorized"]]


def test_config_vars_are_read_and_changed(tell: Tell, stage: Stage) -> None:
    told = tell("""
        before = app.config().to_dict()
        app.update_config({"COLOUR": "blue", "EMPTY": None})
        config = app.config()
        config["SHADE"] = "dark"
        del config["COLOUR"]
        told = [before, app.config().to_dict(), refusal(lambda: app.update_config({"REDIS_URL": "elsewhere"}))]
    """)
    before = {"APP": "bond-server", "APP_VERSION": "7", "REDIS_URL": "redis://one", "EMPTY": ""}
    after = {"APP": "bond-server", "APP_VERSION": "7", "REDIS_URL": "redis://one", "SHADE": "dark"}
    assert told == [before, after, [422, "invalid_params"]]
    assert stage.get("/apps/bond-server/config-vars") == after


def test_the_formation_is_read_and_scaled(tell: Tell, stage: Stage) -> None:
    told = tell("""
        shape = lambda rows: sorted([row.type, row.quantity, row.size, row.command] for row in rows)
        before = shape(app.process_formation())
        app.process_formation()["web"].scale(1)
        app.batch_scale_formation_processes({"web": 3, "worker": 0})
        app.scale_formation_process("worker", 2)
        resized = app.process_formation()["worker"].resize("Standard-2X")
        told = [before, shape(app.process_formation()), resized.size]
    """)
    assert told == [
        [["web", 2, "Standard-1X", "npm start"], ["worker", 1, "Standard-1X", "npm run work"]],
        [["web", 3, "Standard-1X", "npm start"], ["worker", 2, "Standard-2X", "npm run work"]],
        "Standard-2X",
    ]
    assert len(stage.heroku.store.apps["bond-server"].formation) == 2


def test_dynos_are_seen_and_restarted(tell: Tell, stage: Stage) -> None:
    told = tell("""
        before = {dyno.name: dyno.state for dyno in app.dynos()}
        app.kill_dyno("web.1")
        told = [before, {dyno.name: dyno.id for dyno in app.dynos()}["web.1"]]
    """)
    assert told[0] == {"web.1": "up", "web.2": "up", "worker.1": "up"}
    assert "SIGTERM web.1" in stage.befalls.since(0, until="SIGTERM web.1")


def test_addons_domains_and_drains(tell: Tell) -> None:
    told = tell("""
        told = {
            "addons": sorted([it.name, it.plan.name] for it in app.addons()),
            "domains": sorted([it.hostname, it.kind, it.cname, it.acm_status] for it in app.domains()),
            "one": app.get_domain("api.bond.example").hostname,
            "certificates": [sorted(it.ssl_cert.cert_domains) for it in app.sni_endpoints()],
            "drains": [it.url for it in app.logdrains()],
            "people": [it.user.email for it in app.collaborators()],
        }
    """)
    ours, custom = sorted(told["domains"], key=lambda row: row[1], reverse=True)
    assert told["addons"] == [
        ["logdna-round-2", "logdna:quaco"],
        ["redis-flat-1", "heroku-redis:mini"],
    ]
    assert (ours[1:], ours[0].startswith("bond-server-")) == (["heroku", None, None], True)
    assert (custom[0], custom[2].endswith(".herokudns.com"), custom[3]) == ("api.bond.example", True, "cert issued")
    assert (told["one"], told["certificates"]) == ("api.bond.example", [["api.bond.example"]])
    assert told["drains"] == ["syslog+tls://logs.logdna.example:6514"]
    assert told["people"] == ["founder@bond.example"]


def test_releases_newest_first_and_back_again(tell: Tell, stage: Stage) -> None:
    told = tell("""
        app.update_config({"APP_VERSION": "8"})
        newest = app.releases(order_by="version", limit=2, sort="desc")
        seen = [[it.version, it.description, it.user.email] for it in newest]
        app.rollback("v3")
        told = [seen, len(app.releases()), app.config().to_dict()["APP_VERSION"]]
    """)
    by = "founder@bond.example"
    assert told == [[[4, "Set APP_VERSION config vars", by], [3, "Deploy 5f2c1e9a", by]], 5, "7"]


def test_maintenance_goes_on_and_off(tell: Tell, stage: Stage) -> None:
    assert tell("app.enable_maintenance_mode(); told = app.info.maintenance") is True
    assert stage.router.row()["maintenance"] is True
    assert tell("app.disable_maintenance_mode(); told = app.info.maintenance") is False
    assert stage.router.row()["maintenance"] is False


def test_features_go_on_and_off(tell: Tell) -> None:
    told = tell("""
        enabled = lambda: app.features()["preboot"].enabled
        states = [enabled()]
        app.enable_feature("preboot")
        states.append(enabled())
        app.disable_feature("preboot")
        told = [*states, enabled(), list(heroku.features())]
    """)
    assert told == [False, True, False, []]


def test_the_log_is_read(tell: Tell) -> None:
    assert "heroku[web.2]: State changed from starting to up" in tell("told = app.get_log(lines=50)")
