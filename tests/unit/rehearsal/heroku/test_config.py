"""Config vars and releases."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.rehearsal.heroku.stage import Stage

CONFIG = "/apps/bond-server/config-vars"


def releases(stage: Stage) -> list[tuple[int, str]]:
    rows: Any = stage.get("/apps/bond-server/releases")
    return [(row["version"], row["description"]) for row in rows]


def test_values_come_back_byte_for_byte(stage: Stage) -> None:
    odd = {"LINES": "a\nb\r\n", "UNICODE": "räksmörgås ☃", "JSON": '{"a": "\\n"}', "EMPTY": "", "TWO": "2"}
    stage.patch(CONFIG, odd)
    stored = stage.get(CONFIG)
    assert {name: stored[name] for name in odd} == odd
    assert {name: stage.newest("web.1").environment[name] for name in odd} == odd


def test_one_patch_is_one_release_and_restarts_every_dyno(stage: Stage) -> None:
    launched, before = len(stage.processes), releases(stage)
    stage.patch(CONFIG, {"B": "1", "A": "1", "APP_VERSION": None})
    added = releases(stage)[len(before) :]
    assert added == [(before[-1][0] + 1, "Set A, B and Remove APP_VERSION config vars")]
    restarted = stage.processes[launched:]
    assert sorted(process.name for process in restarted) == ["web.1", "web.2", "worker.1"]
    assert all(process.environment["A"] == "1" for process in restarted)
    assert all("APP_VERSION" not in process.environment for process in restarted)


def test_dynos_carry_the_new_release(stage: Stage) -> None:
    stage.patch(CONFIG, {"A": "1"})
    rows: Any = stage.get("/apps/bond-server/dynos")
    assert {row["release"]["version"] for row in rows} == {releases(stage)[-1][0]}


def test_a_patch_that_changes_nothing_makes_no_release(stage: Stage) -> None:
    launched, before = len(stage.processes), releases(stage)
    stage.patch(CONFIG, {"APP_VERSION": "7", "NEVER_SET": None})
    assert (releases(stage), len(stage.processes)) == (before, launched)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"A": 1}, "Config vars must be strings: A."),
        ({"": "x"}, "Config var names must not be empty or contain an equals sign: ''."),
        ({"REDIS_URL": "x"}, "Cannot overwrite attachment values REDIS_URL."),
        ({"REDIS_URL": None}, "Cannot destroy attachment values REDIS_URL."),
        ({"BIG": "x" * 65536}, "Config vars are limited to 64kb for each app."),
    ],
)
def test_what_heroku_refuses_is_refused(stage: Stage, change: dict[str, Any], message: str) -> None:
    before = stage.get(CONFIG)
    answer = stage.patch(CONFIG, change)
    assert (answer.status_code, answer.json()) == (422, {"id": "invalid_params", "message": message})
    assert stage.get(CONFIG) == before


def test_a_rollback_brings_back_the_config_of_its_release(stage: Stage) -> None:
    version = releases(stage)[-1][0]
    stage.patch(CONFIG, {"APP_VERSION": "8"})
    answer = stage.client.post("/apps/bond-server/releases", json={"release": str(version)})
    assert (answer.status_code, answer.json()["description"]) == (201, f"Rollback to v{version}")
    assert stage.get(CONFIG)["APP_VERSION"] == "7"
    assert stage.get(f"/apps/bond-server/releases/v{version + 1}/config-vars")["APP_VERSION"] == "8"


def test_an_addon_rotates_its_own_config_vars_by_a_release(stage: Stage) -> None:
    stage.patch(CONFIG, {"A": "1"})
    stage.heroku.rotate("bond-server", "redis-flat-1", {"REDIS_URL": "redis://two"})
    assert stage.get(CONFIG)["REDIS_URL"] == "redis://two"
    assert releases(stage)[-1][1] == "Update REDIS by heroku-redis"
    assert stage.newest("worker.1").environment["REDIS_URL"] == "redis://two"
    before = f"v{releases(stage)[-2][0]}"
    assert stage.get(f"/apps/bond-server/releases/{before}/config-vars")["REDIS_URL"] == "redis://one"
    with pytest.raises(ValueError, match="does not own APP_VERSION"):
        stage.heroku.rotate("bond-server", "redis-flat-1", {"APP_VERSION": "9"})


def test_the_platform_s_variables_are_set_on_dynos_and_are_no_config(stage: Stage) -> None:
    environment = stage.newest("web.2").environment
    assert (environment["DYNO"], environment["REHEARSAL_SIDE"]) == ("web.2", "heroku")
    assert "PORT" not in stage.newest("worker.1").environment
    assert not {"PORT", "DYNO", "REHEARSAL_DIGEST_KEY"} & stage.get(CONFIG).keys()
