"""DNS records."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.heroku.store import herokudns
from tests.unit.rehearsal.cloudflare.stage import API, Stage


def test_a_seeded_cname_to_heroku_leads_to_the_target_that_heroku_names(stage: Stage) -> None:
    (record,) = stage.call("GET", f"{stage.zone}/dns_records?name={API}")
    assert (record["content"], record["proxied"], record["ttl"]) == (herokudns(API), True, 1)
    assert stage.edge_row() == {"kind": "record", "content": herokudns(API)}


def test_a_name_is_completed_by_its_zone(stage: Stage) -> None:
    made = stage.call("POST", f"{stage.zone}/dns_records", {"type": "A", "name": "www", "content": "192.0.2.1"})
    assert made["name"] == "www.bond.example"
    assert stage.edge_row("www.bond.example")["content"] == "192.0.2.1"
    at = stage.call("POST", f"{stage.zone}/dns_records", {"type": "A", "name": "@", "content": "192.0.2.1"})
    assert at["name"] == "bond.example"


def test_patch_keeps_what_it_does_not_name_and_put_forgets_it(stage: Stage) -> None:
    body = {"type": "A", "name": "www", "content": "192.0.2.1", "ttl": 300, "comment": "old"}
    made = stage.call("POST", f"{stage.zone}/dns_records", body)
    path = f"{stage.zone}/dns_records/{made['id']}"
    patched = stage.call("PATCH", path, {"content": "192.0.2.2"})
    assert (patched["content"], patched["ttl"], patched["comment"]) == ("192.0.2.2", 300, "old")
    assert (patched["id"], patched["created_on"]) == (made["id"], made["created_on"])
    put = stage.call("PUT", path, {"type": "A", "name": "www", "content": "192.0.2.3"})
    assert (put["ttl"], put["comment"]) == (1, None)


def test_a_deleted_record_is_gone_from_the_edge_too(stage: Stage) -> None:
    (record,) = stage.call("GET", f"{stage.zone}/dns_records?name={API}")
    stage.call("DELETE", f"{stage.zone}/dns_records/{record['id']}")
    assert API not in stage.edge.tables[-1]["hosts"]
    assert stage.refusal("GET", f"{stage.zone}/dns_records/{record['id']}")[:2] == (404, 81044)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"type": "A", "name": "www", "content": "api.bond.example"}, 9005),
        ({"type": "AAAA", "name": "www", "content": "192.0.2.1"}, 9006),
        ({"type": "CNAME", "name": "www", "content": "192.0.2.1"}, 9007),
        ({"type": "A", "name": "www", "content": "192.0.2.1", "ttl": 5}, 9021),
        ({"type": "A", "name": "", "content": "192.0.2.1"}, 9000),
        ({"type": "TXT", "name": "www", "content": "x", "proxied": True}, 9004),
        ({"type": "A", "name": "api", "content": "192.0.2.1"}, 81053),
        ({"type": "TXT", "name": "@", "content": "v=spf1 -all"}, 81058),
    ],
)
def test_what_cloudflare_refuses_is_refused(stage: Stage, body: dict[str, Any], code: int) -> None:
    before = stage.call("GET", f"{stage.zone}/dns_records")
    assert stage.refusal("POST", f"{stage.zone}/dns_records", body)[:2] == (400, code)
    assert stage.call("GET", f"{stage.zone}/dns_records") == before


def test_a_cname_refuses_company_but_a_record_may_be_changed_in_place(stage: Stage) -> None:
    (record,) = stage.call("GET", f"{stage.zone}/dns_records?name={API}")
    changed = {"type": "CNAME", "name": API, "content": "elsewhere.example"}
    assert stage.refusal("POST", f"{stage.zone}/dns_records", changed)[1] == 81053
    assert stage.call("PUT", f"{stage.zone}/dns_records/{record['id']}", changed)["content"] == "elsewhere.example"
