"""The modules that read and scale Heroku apps, against the rehearsal's Heroku."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.modules import heroku_app_info, heroku_formation
from rehearsal.seed import Seed
from tests.unit.plugins.heroku_world import HerokuWorld, heroku_world

VALUES = {
    "APP": "value-of-app",
    "REDIS_URL": "redis://value-of-redis",
    "LINES": "value\nof\nlines",
    "SAME": "value-of-app",
}


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HerokuWorld]:
    with heroku_world(tmp_path_factory.mktemp("world")) as made:
        made.set_config("bond-server", VALUES)
        yield made


def look(world: HerokuWorld, app: str = "bond-server", **params: Any) -> dict[str, Any]:
    return world.run(heroku_app_info, app=app, **params)


def scale(world: HerokuWorld, *, dry: bool = False, app: str = "bond-server", **params: Any) -> dict[str, Any]:
    return world.run(heroku_formation, dry=dry, app=app, **{"all": None, "processes": None, **params})


def test_an_app_is_told_without_values(world: HerokuWorld) -> None:
    with world.watched() as seen:
        result = look(world)
    app = result["app"]
    assert not result["changed"]
    assert len(seen) == 8
    assert not [line for line in seen if not line.startswith("read ")]
    assert (app["name"], app["region"], app["stack"]) == ("bond-server", "eu", "heroku-24")
    assert [(row["type"], row["quantity"], row["size"]) for row in app["formation"]] == [
        ("web", 2, "Standard-1X"),
        ("worker", 1, "Standard-1X"),
    ]
    assert [(row["service"], row["keys"], row["cents"]) for row in app["addons"]] == [
        ("logdna", (), 0),
        ("heroku-redis", ("REDIS_URL",), 300),
    ]
    assert {row["hostname"]: row["kind"] for row in app["domains"]}["api.bond.example"] == "custom"
    assert [row["addon"] for row in app["drains"]] == ["logdna-round-2"]
    told = {row["key"]: row for row in app["config"]}
    assert {key: row["owner"] for key, row in told.items()} == {
        "APP": None,
        "LINES": None,
        "REDIS_URL": "redis-flat-1",
        "SAME": None,
    }
    assert told["APP"]["fingerprint"] == told["SAME"]["fingerprint"] != told["LINES"]["fingerprint"]
    text = json.dumps(result)
    assert not [value for value in VALUES.values() if json.dumps(value)[1:-1] in text]
    assert result["headline"] == [
        "Heroku app bond-server: web x2 (Standard-1X, on Fargate 256/512), worker x1 (Standard-1X, on Fargate "
        "256/512); 4 config vars; add-ons logdna, heroku-redis"
    ]
    assert [row["fargate"] for row in app["formation"]] == [{"cpu": 256, "memory": 512}] * 2


@pytest.mark.parametrize(("jobs", "told"), [([], "AWS is to run none."), (["a", "b"], "AWS is to run a, b.")])
def test_jobs_that_no_api_tells_are_a_doubt(tmp_path: Path, jobs: list[str], told: str) -> None:
    clock = {"service": "scheduler", "plan": "scheduler:standard", "name": "scheduler-flat-3"}
    formation = {"web": {"quantity": 1, "size": "performance-2xl", "command": "node server.js"}}
    seed = Seed.model_validate({"heroku": {"bond-server": {"config": {}, "addons": [clock], "formation": formation}}})
    with heroku_world(tmp_path, seed) as world:
        shape, doubt = look(world, jobs=jobs)["headline"]
    assert "web x1 (Performance-2XL, too large for Fargate)" in shape
    assert doubt.startswith(
        "Jobs of Heroku app bond-server: add-on scheduler-flat-3 (scheduler) runs some by the clock"
    )
    assert told in doubt


def test_the_newest_releases_come_first(world: HerokuWorld) -> None:
    for number in range(3):
        world.stage.patch("/apps/bond-server/config-vars", {"APP": f"value {number}"})
    versions = [row["version"] for row in look(world, releases=2)["app"]["releases"]]
    newest = world.stage.heroku.store.apps["bond-server"].current.version
    assert versions == [newest, newest - 1]


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"app": "bond-servr"}, "missing", "Heroku has no app bond-servr (404"),
        ({"HEROKU_API_KEY": "00000000-0000-0000-0000-000000000000"}, "denied", "Heroku does not accept the token (401"),
        ({"HEROKU_API_KEY": ""}, "denied", "HEROKU_API_KEY is not set in the environment. Make a token"),
        ({"HEROKU_API_URL": "http://127.0.0.1:1"}, "unreachable", "Heroku at http://127.0.0.1:1 does not answer"),
        ({"HEROKU_API_URL": "heroku"}, "bad_input", "HEROKU_API_URL is not an address"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    world: HerokuWorld, monkeypatch: pytest.MonkeyPatch, change: dict[str, str], kind: str, words: str
) -> None:
    for name, value in change.items():
        if name.isupper():
            monkeypatch.setenv(name, value)
    app = change.get("app", "bond-server")
    for result in (look(world, app), scale(world, app=app, processes={"web": 1})):
        assert result["failed"]
        assert result["kind"] == kind
        assert words in result["msg"]
        assert "\n" not in result["msg"]


def test_scaling_is_one_request_and_waits_for_the_dynos(world: HerokuWorld) -> None:
    with world.watched() as seen:
        result = scale(world, processes={"web": "1", "worker": 0})
    assert [line for line in seen if line.startswith("write")] == ["write PATCH /apps/{app}/formation"]
    (change,) = result["changes"]
    assert (change["verb"], change["target"]) == ("scale", "formation of Heroku app bond-server")
    assert change["before"] == {"web": 2, "worker": 1}
    assert change["after"] == {"web": 1, "worker": 0}
    assert result["formation"] == {
        "app": "bond-server",
        "processes": {"web": 1, "worker": 0},
        "up": {"web": 1, "worker": 0},
        "crashed": [],
    }
    with world.watched() as seen:
        again = scale(world, processes={"web": 1, "worker": 0})
    assert not again["changed"]
    assert seen == ["read GET /apps/{app}/formation", "read GET /apps/{app}/dynos"]


def test_everything_stops_and_comes_back(world: HerokuWorld) -> None:
    dry = scale(world, dry=True, all=0)
    real = scale(world, all=0)
    assert dry["changes"] == real["changes"]
    assert dry["formation"]["processes"] == real["formation"]["processes"] == {"web": 0, "worker": 0}
    assert real["formation"]["up"] == {"web": 0, "worker": 0}
    assert not scale(world, all=0)["changed"]


def test_a_wait_that_is_too_long_says_what_it_waits_for(world: HerokuWorld) -> None:
    result = scale(world, processes={"web": 3}, within=0.3)
    assert result["kind"] == "deadline"
    assert "web 2 of 3 up" in result["msg"]
    world.stage.listen()
    again = scale(world, processes={"web": 3})
    assert not again["changed"]
    assert again["formation"]["up"]["web"] == 3


def test_a_dyno_that_crashed_is_told_and_does_not_stop_a_retirement(world: HerokuWorld) -> None:
    world.set_config("bond-server", {"APP": "bond-server"})  # by which the stage knows whose process is whose
    before = len(world.stage.befalls)
    world.stage.newest("web.1").kill()
    world.stage.befalls.since(before, until="launch web.1")
    world.stage.newest("web.1").kill()  # after the second crash Heroku lets it lie
    result = scale(world, processes={"worker": 1})
    assert result["formation"]["crashed"] == ["web.1"]
    assert "CRASHED: web.1" in result["headline"][0]
    assert scale(world, all=0)["formation"]["crashed"] == []


@pytest.mark.parametrize(
    ("processes", "kind", "words"),
    [
        ({"wbe": 1}, "missing", "has no process type wbe. It has: web, worker."),
        ({"web": -1}, "bad_input", "web must be a whole number"),
        ({"web": "many"}, "bad_input", "web must be a whole number"),
        ({"web": 1.5}, "bad_input", "web must be a whole number"),
        ({"web": None}, "bad_input", "web must be a whole number"),
    ],
)
def test_orders_that_cannot_be_meant_change_nothing(
    world: HerokuWorld, processes: dict[str, Any], kind: str, words: str
) -> None:
    with world.watched() as seen:
        result = scale(world, processes=processes)
    assert result["kind"] == kind
    assert words in result["msg"]
    assert not [line for line in seen if line.startswith("write")]
