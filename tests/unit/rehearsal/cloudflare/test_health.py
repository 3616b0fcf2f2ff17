"""Health: what monitors are told to the edge, and what its reports change."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from rehearsal.restapi import Json
from tests.unit.rehearsal.cloudflare.stage import MONITOR, Edge, Stage


def watched(stage: Stage, **more: Any) -> Json:
    monitor = stage.call("POST", f"{stage.account}/monitors", MONITOR)
    origins = [{"name": name, "address": f"{name}.example"} for name in ("one", "two")]
    pool = stage.pool("heroku", monitor=monitor["id"], origins=origins, **more)
    stage.balancer(pool)
    return pool


def told(stage: Stage, pool: Json, **healthy: bool) -> Json:
    """Let the edge report, and return the pool in the table that follows."""
    origins = {
        name: {"healthy": fine, "response_code": 200 if fine else 503, "failure_reason": "" if fine else "no"}
        for name, fine in healthy.items()
    }
    sent = threading.Event()
    send = Edge.send

    def note(edge: Edge, message: Json) -> None:
        send(edge, message)
        sent.set()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Edge, "send", note)
        stage.edge.report({"pool_health": {pool["id"]: {"healthy": any(healthy.values()), "origins": origins}}})
        assert sent.wait(5)
    row: Json = stage.edge_row()["pools"][0]
    return row


def test_monitors_reach_the_edge_with_the_origins_they_watch(stage: Stage) -> None:
    pool = watched(stage)
    row = stage.edge.tables[-1]["monitors"][pool["id"]]
    assert (row["type"], row["path"], row["interval"], row["timeout"], row["retries"]) == ("https", "/health", 5, 2, 2)
    assert [origin["name"] for origin in row["origins"]] == ["one", "two"]


def test_disabled_pools_are_not_watched(stage: Stage) -> None:
    pool = watched(stage)
    stage.call("PATCH", f"{stage.account}/pools/{pool['id']}", {"enabled": False})
    assert stage.edge.tables[-1]["monitors"] == {}


def test_health_is_unavailable_until_the_edge_has_seen_the_pool(stage: Stage) -> None:
    pool = watched(stage)
    path = f"{stage.account}/pools/{pool['id']}/health"
    assert stage.refusal("GET", path) == (404, 1001, "Health info unavailable")
    told(stage, pool, one=True, two=False)
    (seen,) = stage.call("GET", path)["pop_health"].values()
    assert seen["healthy"] is True
    assert seen["origins"][0]["one.example"] == {
        "failure_reason": "No failures",
        "healthy": True,
        "response_code": 200,
        "rtt": "0.0ms",
    }
    assert seen["origins"][1]["two.example"]["failure_reason"] == "no"


def test_an_unhealthy_origin_gets_no_traffic(stage: Stage) -> None:
    row = told(stage, watched(stage), one=True, two=False)
    assert row["healthy"] is True
    assert [origin["enabled"] for origin in row["origins"]] == [True, False]


def test_an_unhealthy_pool_sends_to_all_its_origins_should_it_be_the_fallback(stage: Stage) -> None:
    row = told(stage, watched(stage), one=False, two=False)
    assert row["healthy"] is False
    assert [origin["enabled"] for origin in row["origins"]] == [True, True]


def test_a_pool_needs_its_minimum_of_origins(stage: Stage) -> None:
    assert told(stage, watched(stage, minimum_origins=2), one=True, two=False)["healthy"] is False


def test_a_pool_that_nothing_watches_any_more_counts_as_healthy(stage: Stage) -> None:
    pool = watched(stage)
    assert told(stage, pool, one=False, two=False)["healthy"] is False
    stage.call("PATCH", f"{stage.account}/pools/{pool['id']}", {"monitor": ""})
    assert stage.edge_row()["pools"][0]["healthy"] is True
