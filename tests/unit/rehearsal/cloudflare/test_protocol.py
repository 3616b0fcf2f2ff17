"""The conventions that hold for every route."""

from __future__ import annotations

import httpx
import pytest

from rehearsal.requestlog import read_log
from tests.unit.rehearsal.cloudflare.stage import Stage


def test_a_good_token_verifies(stage: Stage) -> None:
    assert stage.call("GET", "/user/tokens/verify")["status"] == "active"


@pytest.mark.parametrize(
    ("path", "authorization", "refusal"),
    [
        ("/user/tokens/verify", "Bearer " + "x" * 40, (401, 1000)),
        ("/zones", "Bearer " + "x" * 40, (403, 9109)),
        ("/zones", "", (400, 6003)),
        ("/zones", "Bearer short", (400, 6003)),
    ],
)
def test_other_tokens_are_refused(stage: Stage, path: str, authorization: str, refusal: tuple[int, int]) -> None:
    answer = httpx.get(f"{stage.cloudflare.url}{path}", headers={"Authorization": authorization})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == refusal


def test_every_answer_tells_the_limit(stage: Stage) -> None:
    first, second = (stage.client.get("/zones").headers["Ratelimit"] for _ in range(2))
    assert second == first.replace("r=1198", "r=1197")
    assert stage.client.get("/zones").headers["Ratelimit-Policy"] == '"default";q=1200;w=300'


def test_beyond_the_limit_comes_429_with_the_time_to_wait(stage: Stage) -> None:
    stage.cloudflare.api.limit.drain()
    answer = stage.client.get("/zones")
    assert (answer.status_code, answer.json()["success"]) == (429, False)
    assert 290 < int(answer.headers["retry-after"]) <= 300
    assert stage.client.post("/graphql", json={"query": "{viewer{zones(filter:{}){zoneTag}}}"}).status_code == 200


def test_an_unknown_route_is_loud_and_logged(stage: Stage) -> None:
    status, _code, message = stage.refusal("DELETE", f"{stage.zone}/purge_cache")
    assert (status, message) == (501, f"The rehearsal's Cloudflare has no route DELETE {stage.zone}/purge_cache.")
    entry = list(read_log(stage.log.path))[-1]
    assert (entry.service, entry.kind, entry.status) == ("cloudflare", "write", 501)


def test_the_log_names_operations_by_template_and_graphql_as_a_read(stage: Stage) -> None:
    pool = stage.pool("heroku")
    stage.client.post("/graphql", json={"query": "{viewer{zones(filter:{}){zoneTag}}}"})
    stage.call("PATCH", f"{stage.account}/pools/{pool['id']}", {"enabled": False})
    entries = [(entry.operation, entry.kind, entry.target) for entry in read_log(stage.log.path)][1:]
    assert entries == [
        ("POST /accounts/{account}/load_balancers/pools", "write", "heroku"),
        ("POST /graphql", "read", ""),
        ("PATCH /accounts/{account}/load_balancers/pools/{id}", "write", pool["id"]),
    ]


@pytest.mark.parametrize(
    ("path", "refusal"),
    [
        ("/zones/not-an-id", (404, 7003)),
        ("/zones/" + "0" * 32, (404, 1001)),
        ("/accounts/" + "0" * 32 + "/load_balancers/pools", (403, 9109)),
    ],
)
def test_identifiers_are_checked(stage: Stage, path: str, refusal: tuple[int, int]) -> None:
    assert stage.refusal("GET", path)[:2] == refusal


def test_pages_end_with_an_empty_one(stage: Stage) -> None:
    for number in range(3):
        stage.call("POST", f"{stage.zone}/dns_records", {"type": "TXT", "name": f"t{number}", "content": "x"})
    sizes = []
    for page in (1, 2, 3, 4):
        answer = stage.client.get(f"{stage.zone}/dns_records?page={page}&per_page=2").json()
        assert answer["result_info"]["total_count"] == 5
        sizes.append((len(answer["result"]), answer["result_info"]["count"], answer["result_info"]["total_pages"]))
    assert sizes == [(2, 2, 3), (2, 2, 3), (1, 1, 3), (0, 0, 3)]


def test_zones_are_found_by_name(stage: Stage) -> None:
    assert [zone["name"] for zone in stage.call("GET", "/zones")] == ["bond.example", "poor.example"]
    assert [zone["name"] for zone in stage.call("GET", "/zones?name=poor.example")] == ["poor.example"]
    assert stage.call("GET", "/zones?name=nobody.example") == []
