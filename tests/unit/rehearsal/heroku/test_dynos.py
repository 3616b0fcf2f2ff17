"""What becomes of dynos: restarts, crashes, boots that never end, preboot."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.heroku import Tempo
from tests.unit.rehearsal.heroku.stage import Stage


def states(stage: Stage) -> dict[str, str]:
    rows: Any = stage.get("/apps/bond-server/dynos")
    return {row["name"]: row["state"] for row in rows}


def log(stage: Stage) -> str:
    url = stage.client.post("/apps/bond-server/log-sessions", json={"lines": 1500}).json()["logplex_url"]
    return stage.client.get(url).text


def test_a_restart_takes_dynos_out_of_the_router_before_it_ends_them(stage: Stage) -> None:
    before = len(stage.befalls)
    assert stage.client.delete("/apps/bond-server/dynos").status_code == 202
    row = stage.router.row()
    assert (row["dynos"], row["starting"]) == ([], 2)
    for name in ("web.1", "web.2", "worker.1"):
        events = stage.befalls.since(before, until=f"SIGTERM {name}")
        assert events.index("table ") < events.index(f"SIGTERM {name}")
    stage.listen()
    stage.befalls.since(before, until="table web.1 web.2")
    assert states(stage) == {"web.1": "up", "web.2": "up", "worker.1": "up"}


def test_a_restart_shows_in_the_log_as_heroku_tells_it(stage: Stage) -> None:
    before = len(stage.befalls)
    stage.client.delete("/apps/bond-server/dynos/web.1")
    stage.befalls.since(before, until="SIGTERM web.1")
    stage.newest("web.1").listen()
    told = [line.split("heroku[web.1]: ")[1] for line in log(stage).splitlines() if "heroku[web.1]" in line]
    assert told[told.index("Restarting") :] == [
        "Restarting",
        "State changed from up to starting",
        "Starting process with command `npm start`",
        "Stopping all processes with SIGTERM",
        "Process exited with status 0",
        "State changed from starting to up",
    ]


def test_one_dyno_restarts_alone_and_the_other_serves_on(stage: Stage) -> None:
    stage.client.delete("/apps/bond-server/dynos/web.1")
    assert [dyno["name"] for dyno in stage.router.row()["dynos"]] == ["web.2"]
    assert states(stage)["web.1"] == "starting"


def test_an_unknown_dyno_cannot_restart(stage: Stage) -> None:
    answer = stage.client.delete("/apps/bond-server/dynos/web.9")
    assert (answer.status_code, answer.json()["message"]) == (404, "Couldn't find that dyno.")


def test_a_crashed_dyno_is_tried_again_at_once_and_then_stays_crashed(stage: Stage) -> None:
    before = len(stage.befalls)
    stage.newest("web.1").on_exit(1)
    launch = before + stage.befalls.since(before, until="launch web.1").index("launch web.1")
    stage.befalls.since(launch, until="table web.2")
    stage.newest("web.1").on_exit(1)
    assert states(stage)["web.1"] == "crashed"
    assert stage.router.row()["crashed"] == 1
    assert "heroku[web.1]: State changed from up to crashed" in log(stage)
    assert "heroku[web.1]: Process exited with status 1" in log(stage)


def test_with_preboot_the_old_dynos_serve_until_the_new_ones_do(stage: Stage) -> None:
    stage.patch("/apps/bond-server/features/preboot", {"enabled": True})
    old = {dyno["name"]: dyno["port"] for dyno in stage.router.row()["dynos"]}
    stage.patch("/apps/bond-server/config-vars", {"A": "1"})
    assert {dyno["name"]: dyno["port"] for dyno in stage.router.row()["dynos"]} == old
    stage.newest("web.1").listen()
    now = {dyno["name"]: dyno["port"] for dyno in stage.router.row()["dynos"]}
    assert now["web.1"] != old["web.1"]
    assert now["web.2"] == old["web.2"]


def test_two_releases_in_a_row_leave_one_process_for_each_dyno(stage: Stage) -> None:
    stage.patch("/apps/bond-server/config-vars", {"A": "1"})
    overtaken = stage.newest("web.1")
    stage.patch("/apps/bond-server/config-vars", {"A": "2"})
    overtaken.listen()
    assert stage.router.row()["dynos"] == []
    assert "heroku[web.1]: State changed from down to up" not in log(stage)
    stage.newest("web.1").listen()
    assert [dyno["name"] for dyno in stage.router.row()["dynos"]] == ["web.1"]


def test_maintenance_reaches_the_router(stage: Stage) -> None:
    stage.patch("/apps/bond-server", {"maintenance": True})
    assert (stage.router.row()["maintenance"], stage.router.row("bond-site")["maintenance"]) == (True, False)


def test_the_router_knows_every_name_of_an_app_and_its_certificate(stage: Stage) -> None:
    domains: Any = stage.get("/apps/bond-server/domains")
    names = {domain["hostname"] for domain in domains} | {domain["cname"] for domain in domains if domain["cname"]}
    assert set(stage.router.row()["hosts"]) == names
    assert names <= stage.router.tables[-1]["certificates"].keys()


@pytest.fixture
def hurried(tmp_path: Path) -> Iterator[Stage]:
    """A stand-in whose patience with booting dynos is over at once."""
    made = Stage(tmp_path, tempo=Tempo(boot_timeout=0.05))
    yield made
    made.stop()


def test_a_web_dyno_that_never_listens_is_killed(hurried: Stage) -> None:
    hurried.befalls.since(0, until="SIGKILL web.1")
    assert "Error R10 (Boot timeout) -> Web process failed to bind to $PORT within 0.05 seconds of launch" in log(
        hurried
    )


def test_waiting_for_the_web_dynos_ends_when_they_listen(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    try:
        with pytest.raises(TimeoutError):
            stage.heroku.wait_serving(0.01)
        helper = threading.Thread(target=stage.listen)
        helper.start()
        stage.heroku.wait_serving(5)
        assert len(stage.router.row()["dynos"]) == 2
        helper.join()
    finally:
        stage.stop()
