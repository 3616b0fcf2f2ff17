"""Scaling."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.rehearsal.heroku.stage import Stage

FORMATION = "/apps/bond-server/formation"


def shape(stage: Stage) -> dict[str, tuple[int, str]]:
    rows: Any = stage.get(FORMATION)
    return {row["type"]: (row["quantity"], row["size"]) for row in rows}


def dynos(stage: Stage) -> dict[str, str]:
    rows: Any = stage.get("/apps/bond-server/dynos")
    return {row["name"]: row["state"] for row in rows}


@pytest.mark.parametrize(
    ("update", "after"),
    [
        ({"quantity": 3}, (3, "Standard-1X")),
        ({"quantity": "3"}, (3, "Standard-1X")),
        ({"quantity": "+1"}, (3, "Standard-1X")),
        ({"quantity": "-1"}, (1, "Standard-1X")),
        ({"size": "standard-2x"}, (2, "Standard-2X")),
        ({"dyno_size": "Performance-M"}, (2, "Performance-M")),
        ({"dyno_size": {"name": "Standard-2X"}, "quantity": 1}, (1, "Standard-2X")),
    ],
)
def test_every_way_to_say_it_is_understood(stage: Stage, update: dict[str, Any], after: tuple[int, str]) -> None:
    assert stage.patch(f"{FORMATION}/web", update).status_code == 200
    assert shape(stage)["web"] == after


@pytest.mark.parametrize(
    ("update", "status"),
    [
        ({"quantity": -1}, 422),
        ({"quantity": "-3"}, 422),
        ({"quantity": "many"}, 422),
        ({"quantity": True}, 422),
        ({"quantity": 101}, 422),
        ({"size": "gigantic"}, 422),
        ({"size": "eco"}, 422),
    ],
)
def test_what_heroku_cannot_do_is_refused(stage: Stage, update: dict[str, Any], status: int) -> None:
    assert stage.patch(f"{FORMATION}/web", update).status_code == status
    assert shape(stage)["web"] == (2, "Standard-1X")


def test_a_batch_with_one_mistake_changes_nothing(stage: Stage) -> None:
    updates = [{"type": "web", "quantity": 5}, {"type": "clock", "quantity": 1}]
    answer = stage.patch(FORMATION, {"updates": updates})
    assert (answer.status_code, answer.json()["message"]) == (404, "Couldn't find that process type.")
    assert shape(stage) == {"web": (2, "Standard-1X"), "worker": (1, "Standard-1X")}


def test_more_dynos_start_and_serve_once_they_listen(stage: Stage) -> None:
    stage.patch(f"{FORMATION}/web", {"quantity": 3})
    assert dynos(stage)["web.3"] == "starting"
    assert stage.router.row()["starting"] == 1
    stage.newest("web.3").listen()
    assert dynos(stage)["web.3"] == "up"
    assert [dyno["name"] for dyno in stage.router.row()["dynos"]] == ["web.1", "web.2", "web.3"]


def test_the_highest_dynos_go_first_and_only_when_no_visitor_comes_any_more(stage: Stage) -> None:
    before = len(stage.befalls)
    stage.patch(f"{FORMATION}/web", {"quantity": 1})
    assert dynos(stage) == {"web.1": "up", "worker.1": "up"}
    assert stage.befalls.since(before, until="SIGTERM web.2") == ["table web.1", "SIGTERM web.2"]


def test_without_web_dynos_nothing_is_starting_or_crashed(stage: Stage) -> None:
    stage.patch(FORMATION, {"updates": [{"type": "web", "quantity": 0}]})
    row = stage.router.row()
    assert (row["dynos"], row["starting"], row["crashed"]) == ([], 0, 0)


def test_scaling_to_what_is_there_moves_nothing(stage: Stage) -> None:
    launched = len(stage.processes)
    stage.patch(f"{FORMATION}/web", {"quantity": 2})
    assert len(stage.processes) == launched


def test_another_size_restarts_the_dynos_of_that_type_alone(stage: Stage) -> None:
    launched = len(stage.processes)
    stage.patch(f"{FORMATION}/web", {"size": "standard-2x"})
    assert [process.name for process in stage.processes[launched:]] == ["web.1", "web.2"]


def test_scaling_shows_in_the_app_s_log(stage: Stage) -> None:
    stage.patch(FORMATION, {"updates": [{"type": "web", "quantity": 0}, {"type": "worker", "quantity": 0}]})
    url = stage.client.post("/apps/bond-server/log-sessions", json={"source": "app"}).json()["logplex_url"]
    assert "app[api]: Scaled to web@0:Standard-1X worker@0:Standard-1X by user" in stage.client.get(url).text
