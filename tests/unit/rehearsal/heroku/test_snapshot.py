"""A snapshot of Heroku: apps come back as they were, dynos of another release are started anew."""

from __future__ import annotations

import json
from threading import Thread

from tests.unit.rehearsal.heroku.stage import Stage


def test_apps_come_back_and_dynos_run_their_release(stage: Stage) -> None:
    before, kept = stage.heroku.state(), stage.heroku.snapshot()
    stage.patch("/apps/bond-server/config-vars", {"APP_VERSION": "8"})
    stage.patch("/apps/bond-server/formation", {"updates": [{"type": "web", "quantity": 1}]})
    stage.listen()
    assert stage.heroku.state() != before

    restoring = Thread(target=stage.heroku.restore, args=(kept,))
    restoring.start()
    while restoring.is_alive():
        stage.listen()
        restoring.join(0.01)
    assert stage.heroku.state() == before
    assert stage.newest("web.1").environment["APP_VERSION"] == "7"
    assert [dyno["name"] for dyno in stage.router.row()["dynos"]] == ["web.1", "web.2"]


def test_dynos_of_the_same_release_live_on(stage: Stage) -> None:
    processes = len(stage.processes)
    stage.heroku.restore(stage.heroku.snapshot())
    assert len(stage.processes) == processes


def test_a_state_shows_digests_for_values(stage: Stage) -> None:
    assert "redis://one" not in json.dumps(stage.heroku.state())
