"""The conventions that hold for every route."""

from __future__ import annotations

import base64
import uuid

import httpx
import pytest

from rehearsal.requestlog import read_log
from tests.unit.rehearsal.heroku.stage import HEADERS, Stage


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/vnd.heroku+json"])
def test_a_request_without_a_version_is_not_acceptable(stage: Stage, accept: str) -> None:
    answer = stage.client.get("/apps", headers={"Accept": accept})
    assert (answer.status_code, answer.json()["id"]) == (406, "missing_version")


@pytest.mark.parametrize("suffix", ["", ".dyno_size", ".cedar-acm"])
def test_any_variant_of_version_3_is_acceptable(stage: Stage, suffix: str) -> None:
    accept = f"application/vnd.heroku+json; version=3{suffix}"
    assert stage.client.get("/apps", headers={"Accept": accept}).status_code == 200


def test_the_key_may_come_as_the_password_of_basic(stage: Stage) -> None:
    key = base64.b64encode(f":{stage.heroku.token}".encode()).decode()
    assert stage.client.get("/account", headers={"Authorization": f"Basic {key}"}).status_code == 200


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", "Basic ???", "Basic OndyeQ=="])
def test_wrong_credentials_are_refused(stage: Stage, authorization: str) -> None:
    answer = httpx.get(f"{stage.heroku.url}/account", headers={**HEADERS, "Authorization": authorization})
    assert (answer.status_code, answer.json()["id"]) == (401, "unauthorized")


def test_every_answer_has_its_id_and_what_is_left_of_the_limit(stage: Stage) -> None:
    first, second = stage.client.get("/account"), stage.client.get("/apps/nobody")
    assert uuid.UUID(first.headers["Request-Id"]) != uuid.UUID(second.headers["Request-Id"])
    assert int(first.headers["RateLimit-Remaining"]) == 4499
    assert int(second.headers["RateLimit-Remaining"]) == 4498


def test_an_empty_limit_refuses_all_but_the_question_for_it(stage: Stage) -> None:
    stage.heroku.limit.drain()
    answer = stage.client.get("/apps")
    assert (answer.status_code, answer.json()["id"]) == (429, "rate_limit")
    assert stage.get("/account/rate-limits") == {"remaining": 0}


def test_an_unchanged_thing_answers_304_to_its_etag(stage: Stage) -> None:
    etag = stage.client.get("/apps/bond-server").headers["ETag"]
    unchanged = stage.client.get("/apps/bond-server", headers={"If-None-Match": etag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    stage.patch("/apps/bond-server", {"maintenance": True})
    assert stage.client.get("/apps/bond-server", headers={"If-None-Match": etag}).status_code == 200


def test_if_match_guards_a_write(stage: Stage) -> None:
    etag = stage.client.get("/apps/bond-server/config-vars").headers["ETag"]
    path, guard = "/apps/bond-server/config-vars", {"If-Match": etag}
    assert stage.client.patch(path, json={"A": "1"}, headers=guard).status_code == 200
    late = stage.client.patch(path, json={"A": "2"}, headers=guard)
    assert (late.status_code, late.json()["id"]) == (412, "precondition_failed")
    assert stage.get(path)["A"] == "1"


def test_errors_name_what_was_not_found(stage: Stage) -> None:
    answer = stage.client.get("/apps/nobody/formation")
    assert answer.status_code == 404
    assert answer.json() == {"id": "not_found", "message": "Couldn't find that app.", "resource": "app"}


def test_a_body_that_is_not_json_is_a_bad_request(stage: Stage) -> None:
    answer = stage.client.patch("/apps/bond-server/config-vars", content=b"{")
    assert (answer.status_code, answer.json()["id"]) == (400, "bad_request")


def test_an_unknown_route_is_loud_and_logged(stage: Stage) -> None:
    answer = stage.client.post("/apps/bond-server/enterprise", json={})
    assert answer.status_code == 501
    assert answer.json()["message"] == "The rehearsal's Heroku has no route POST /apps/bond-server/enterprise."
    entry = list(read_log(stage.log.path))[-1]
    assert (entry.service, entry.kind, entry.status) == ("heroku", "write", 501)


def test_the_log_names_operations_by_template_and_knows_reads_that_are_posts(stage: Stage) -> None:
    stage.get("/apps/bond-server/formation/web")
    stage.client.post("/apps/bond-server/log-sessions", json={})
    stage.client.post("/filters/apps", json={"in": {"id": []}})
    stage.patch("/apps/bond-server/formation", {"updates": []})
    entries = [(entry.operation, entry.kind, entry.target) for entry in read_log(stage.log.path)]
    assert entries == [
        ("GET /apps/{app}/formation/{type}", "read", "bond-server"),
        ("POST /apps/{app}/log-sessions", "read", "bond-server"),
        ("POST /filters/apps", "read", ""),
        ("PATCH /apps/{app}/formation", "write", "bond-server"),
    ]


def test_apps_answer_to_their_name_and_to_their_id(stage: Stage) -> None:
    by_name = stage.get("/apps/bond-server")
    assert stage.get(f"/apps/{by_name['id']}") == by_name
