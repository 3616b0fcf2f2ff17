"""Monitors, pools and load balancers, and what the edge is told of them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from rehearsal.heroku.store import herokudns
from tests.unit.rehearsal.cloudflare.stage import API, MONITOR, Stage


def monitors(stage: Stage) -> str:
    return f"{stage.account}/monitors"


def test_ids_and_times_look_like_cloudflare_s(stage: Stage) -> None:
    pool = stage.pool("heroku")
    assert re.fullmatch(r"[0-9a-f]{32}", pool["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", pool["created_on"])
    assert pool["modified_on"] == pool["created_on"]


def test_origins_come_back_sorted_by_name_with_their_defaults(stage: Stage) -> None:
    origins = [{"name": name, "address": f"{name}.example"} for name in ("b", "c", "a")]
    made = stage.call("POST", f"{stage.account}/pools", {"name": "p", "origins": origins})
    assert [origin["name"] for origin in made["origins"]] == ["a", "b", "c"]
    assert made["origins"][0] == {"name": "a", "address": "a.example", "enabled": True, "weight": 1, "port": 0}


ORIGIN = {"name": "o", "address": "o.example"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": "with space"}, "invalid pool name"),
        ({"origins": []}, "the origin list length must be in range [1, 20]"),
        ({"origins": [{**ORIGIN, "weight": 0.005}]}, "weight 0.005 must be a multiple of 0.01"),
        ({"origins": [{**ORIGIN, "weight": 1.5}]}, "weight 1.5 must be in range [0, 1]"),
        ({"origins": [ORIGIN, ORIGIN]}, "origins must not share a name"),
        ({"origins": [{**ORIGIN, "header": {"Host": ["evil.example"]}}]}, 'Host header "evil.example" not allowed'),
        ({"monitor": "0" * 32}, "monitor 00000000000000000000000000000000 not found"),
        ({"minimum_origins": 2}, "minimum_origins 2 must be in range [0, 1]"),
        ({"check_regions": ["MOON"]}, "check_regions 'MOON' is not one of"),
        ({"orgins": []}, "unknown field orgins"),
    ],
)
def test_a_pool_that_cloudflare_refuses_is_refused(stage: Stage, change: dict[str, Any], why: str) -> None:
    status, code, message = stage.refusal(
        "POST", f"{stage.account}/pools", {"name": "p", "origins": [ORIGIN], **change}
    )
    assert (status, code) == (400, 1002)
    assert why in message
    assert message.endswith(": validation failed")
    assert stage.call("GET", f"{stage.account}/pools") == []


@pytest.mark.parametrize("host", ["o.example", API])
def test_an_origin_s_host_header_may_be_its_own_address_or_a_name_of_ours(stage: Stage, host: str) -> None:
    body = {"name": "p", "origins": [{**ORIGIN, "header": {"Host": [host]}}]}
    assert stage.call("POST", f"{stage.account}/pools", body)["origins"][0]["header"] == {"Host": [host]}


def test_pool_names_are_unique(stage: Stage) -> None:
    pool = stage.pool("heroku")
    assert stage.refusal("POST", f"{stage.account}/pools", {"name": "heroku", "origins": [ORIGIN]})[1] == 1003
    assert stage.call("PATCH", f"{stage.account}/pools/{pool['id']}", {"name": "heroku"})["name"] == "heroku"


def test_patch_replaces_the_list_of_origins_and_keeps_the_rest(stage: Stage) -> None:
    pool = stage.pool("heroku", description="old")
    changed = stage.call("PATCH", f"{stage.account}/pools/{pool['id']}", {"origins": [ORIGIN]})
    assert ([origin["name"] for origin in changed["origins"]], changed["description"]) == (["o"], "old")
    put = stage.call("PUT", f"{stage.account}/pools/{pool['id']}", {"name": "heroku", "origins": [ORIGIN]})
    assert put["description"] == ""


def test_a_disabled_pool_says_since_when(stage: Stage) -> None:
    pool = stage.pool("heroku")
    assert "disabled_at" not in pool
    off = stage.call("PATCH", f"{stage.account}/pools/{pool['id']}", {"enabled": False})
    again = stage.call("PATCH", f"{stage.account}/pools/{pool['id']}", {"description": "still off"})
    assert off["disabled_at"] == off["modified_on"] == again["disabled_at"]
    assert "disabled_at" not in stage.call("PATCH", f"{stage.account}/pools/{pool['id']}", {"enabled": True})


def test_what_is_in_use_cannot_be_deleted(stage: Stage) -> None:
    monitor = stage.call("POST", monitors(stage), MONITOR)
    pool = stage.pool("heroku", monitor=monitor["id"])
    balancer = stage.balancer(pool)
    in_use = (412, 1005, "This object is referenced by other objects, delete them first.")
    assert stage.refusal("DELETE", f"{monitors(stage)}/{monitor['id']}") == in_use
    assert stage.refusal("DELETE", f"{stage.account}/pools/{pool['id']}") == in_use
    for path in (
        f"{stage.zone}/load_balancers/{balancer['id']}",
        f"{stage.account}/pools/{pool['id']}",
        f"{monitors(stage)}/{monitor['id']}",
    ):
        assert stage.call("DELETE", path) == {"id": path.rsplit("/", 1)[1]}


def test_references_name_the_users(stage: Stage) -> None:
    monitor = stage.call("POST", monitors(stage), MONITOR)
    pool = stage.pool("heroku", monitor=monitor["id"])
    stage.balancer(pool)
    users = stage.call("GET", f"{stage.account}/pools/{pool['id']}/references")
    assert [(user["reference_type"], user["resource_type"]) for user in users] == [
        ("referrer", "load_balancer"),
        ("referral", "monitor"),
    ]
    (watched,) = stage.call("GET", f"{monitors(stage)}/{monitor['id']}/references")
    assert watched["resource_name"] == "heroku"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"type": "ftp"}, "type 'ftp' is not one of"),
        ({"expected_codes": "ok"}, "expected_codes 'ok'"),
        ({"interval": 1}, "interval 1 must be in range [5, 3600]"),
        ({"path": "health"}, "path must begin with /"),
        ({"type": "tcp"}, "port is required for tcp monitors"),
    ],
)
def test_a_monitor_that_cloudflare_refuses_is_refused(stage: Stage, change: dict[str, Any], why: str) -> None:
    status, code, message = stage.refusal("POST", monitors(stage), {**MONITOR, **change})
    assert (status, code) == (400, 1002)
    assert why in message


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": "api.other.example"}, "invalid hostname: api.other.example"),
        ({"name": "xbond.example"}, "invalid hostname: xbond.example"),
        ({"default_pools": []}, "default_pools must name at least one pool"),
        ({"default_pools": ["0" * 32]}, "pool 00000000000000000000000000000000 not found"),
        ({"fallback_pool": "0" * 32}, "pool 00000000000000000000000000000000 not found"),
        ({"fallback_pool": None}, "fallback_pool must be given"),
        ({"steering_policy": "geo"}, "steering policy geo is not allowed with this subscription"),
        ({"random_steering": {"default_weight": 0.25}}, "default_weight 0.25 must be a multiple of 0.1"),
        ({"random_steering": {"pool_weights": {"0" * 32: 1}}}, "in pool_weights not found"),
        ({"session_affinity": "sticky"}, "session_affinity 'sticky' is not one of"),
        ({"session_affinity": "cookie", "session_affinity_ttl": 60}, "must be in range [1800, 604800]"),
        ({"weights": {}}, "unknown field weights"),
    ],
)
def test_a_balancer_that_cloudflare_refuses_is_refused(stage: Stage, change: dict[str, Any], why: str) -> None:
    pool = stage.pool("heroku")
    body = {"name": API, "default_pools": [pool["id"]], "fallback_pool": pool["id"], **change}
    status, code, message = stage.refusal("POST", f"{stage.zone}/load_balancers", body)
    assert (status, code) == (400, 1002)
    assert why in message
    assert stage.edge_row()["kind"] == "record"


@pytest.mark.parametrize(
    ("where", "change"),
    [
        ("monitors", {"type": "tcp", "port": 443}),
        ("monitors", {"expected_body": "ok"}),
        ("monitors", {"consecutive_up": 2}),
        ("pools", {"origin_steering": {"policy": "hash"}}),
        ("pools", {"load_shedding": {"default_percent": 10}}),
        ("balancers", {"session_affinity": "header"}),
        ("balancers", {"session_affinity_attributes": {"drain_duration": 60}}),
        ("balancers", {"rules": [{"name": "r"}]}),
    ],
)
def test_what_the_edge_cannot_do_is_refused_aloud(stage: Stage, where: str, change: dict[str, Any]) -> None:
    pool = stage.pool("heroku")["id"]
    paths: dict[str, tuple[str, dict[str, Any]]] = {
        "monitors": (monitors(stage), MONITOR),
        "pools": (f"{stage.account}/pools", {"name": "p", "origins": [ORIGIN]}),
        "balancers": (f"{stage.zone}/load_balancers", {"name": API, "default_pools": [pool], "fallback_pool": pool}),
    }
    path, body = paths[where]
    status, _code, message = stage.refusal("POST", path, {**body, **change})
    assert status == 501
    assert message.startswith("The rehearsal's edge cannot do ")


def test_pool_weights_move_in_steps_of_a_hundredth(stage: Stage) -> None:
    heroku, aws = stage.pool("heroku"), stage.pool("aws")
    made = stage.balancer(heroku, aws)
    path = f"{stage.zone}/load_balancers/{made['id']}"
    steering = {"default_weight": 0, "pool_weights": {heroku["id"]: 0.995, aws["id"]: 0.005}}
    assert "must be a multiple of 0.01" in stage.refusal("PATCH", path, {"random_steering": steering})[2]
    steering["pool_weights"] = {heroku["id"]: 0.99, aws["id"]: 0.01}
    assert stage.call("PATCH", path, {"random_steering": steering})["random_steering"] == steering


def test_a_zone_without_the_subscription_gets_no_balancer(stage: Stage) -> None:
    pool = stage.pool("heroku")
    (zone,) = stage.call("GET", "/zones?name=poor.example")
    body = {"name": "api.poor.example", "default_pools": [pool["id"]], "fallback_pool": pool["id"]}
    status, code, message = stage.refusal("POST", f"/zones/{zone['id']}/load_balancers", body)
    assert (status, code) == (400, 1002)
    assert "load balancing is not enabled for this zone" in message


def test_patch_takes_random_steering_whole(stage: Stage) -> None:
    """Sent in part, weights fall back to their defaults: the trap of terraform-provider-cloudflare #2641."""
    heroku, aws = stage.pool("heroku"), stage.pool("aws")
    weights = {heroku["id"]: 1, aws["id"]: 0}
    made = stage.balancer(heroku, aws, random_steering={"default_weight": 0, "pool_weights": weights})
    assert stage.edge_row()["pool_weights"] == weights
    path = f"{stage.zone}/load_balancers/{made['id']}"
    changed = stage.call("PATCH", path, {"random_steering": {"pool_weights": {heroku["id"]: 0.9}}})
    assert changed["random_steering"] == {"default_weight": 1, "pool_weights": {heroku["id"]: 0.9}}
    assert stage.edge_row()["pool_weights"] == {heroku["id"]: 0.9, aws["id"]: 1}
    kept = stage.call("PATCH", path, {"description": "x"})
    assert kept["random_steering"] == changed["random_steering"]


def test_put_forgets_what_it_does_not_name(stage: Stage) -> None:
    pool = stage.pool("heroku")
    made = stage.balancer(pool, description="old", adaptive_routing={"failover_across_pools": True})
    body = {"name": API, "default_pools": [pool["id"]], "fallback_pool": pool["id"]}
    put = stage.call("PUT", f"{stage.zone}/load_balancers/{made['id']}", body)
    assert (put["description"], put["steering_policy"], put["proxied"]) == ("", "off", False)
    assert put["adaptive_routing"] == {"failover_across_pools": False}


def test_a_balancer_takes_the_place_of_its_record_as_long_as_it_is_there(stage: Stage) -> None:
    made = stage.balancer(stage.pool("heroku"))
    assert stage.edge_row()["kind"] == "balancer"
    path = f"{stage.zone}/load_balancers/{made['id']}"
    stage.call("PATCH", path, {"enabled": False})
    assert stage.edge_row() == {"kind": "record", "content": herokudns(API)}
    stage.call("PATCH", path, {"enabled": True})
    assert stage.edge_row()["kind"] == "balancer"
    stage.call("DELETE", path)
    assert stage.edge_row()["kind"] == "record"


def test_the_edge_gets_a_write_before_it_is_answered(stage: Stage) -> None:
    pool = stage.pool("heroku")
    stage.balancer(pool)
    assert stage.edge_row()["pools"][0] == {
        "id": pool["id"],
        "name": "heroku",
        "healthy": True,
        "enabled": True,
        "origins": [
            {"name": "heroku", "address": "heroku.example", "port": 0, "weight": 1, "enabled": True, "host": API}
        ],
    }
    stage.call("PATCH", f"{stage.account}/pools/{pool['id']}", {"enabled": False})
    assert stage.edge_row()["pools"][0]["enabled"] is False


def test_a_fallback_pool_that_is_no_default_pool_gets_no_share(stage: Stage) -> None:
    heroku, spare = stage.pool("heroku"), stage.pool("spare")
    stage.balancer(heroku, fallback_pool=spare["id"])
    row = stage.edge_row()
    assert [pool["name"] for pool in row["pools"]] == ["heroku", "spare"]
    assert (row["fallback_pool"], row["pool_weights"]) == (spare["id"], {heroku["id"]: 1, spare["id"]: 0})


def test_names_that_come_and_go_reach_the_edge(stage: Stage) -> None:
    stage.names.publish("lb.elb.amazonaws.com", {80: 1234})
    assert stage.edge.tables[-1]["names"] == {"lb.elb.amazonaws.com": {"80": 1234}}
    stage.names.withdraw("lb.elb.amazonaws.com")
    assert stage.edge.tables[-1]["names"] == {}
