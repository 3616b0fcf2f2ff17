from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.balancing import Balancing
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown, is_unknown
from ansible_collections.offramp.ecs.plugins.modules import cloudflare_load_balancer as module
from tests.unit.plugins.cloudflare_world import CloudflareWorld
from tests.unit.rehearsal.cloudflare.stage import API

HEROKU, AWS = "staging-bond-heroku", "staging-bond-aws"
OLD = {"pool": HEROKU, "host": API}
NEW = {"pool": AWS, "address": "bond-1.eu-west-1.elb.amazonaws.com", "host": API}
ASKED: dict[str, Any] = {"zone": "bond.example", "hostname": API, "old": OLD, "new": NEW, "every": 0.05, "within": 5.0}
MADE = [
    ("create", f"Cloudflare monitor {HEROKU}"),
    ("create", f"Cloudflare monitor {AWS}"),
    ("create", f"Cloudflare pool {HEROKU}"),
    ("create", f"Cloudflare pool {AWS}"),
    ("create", f"Cloudflare load balancer {API}"),
]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudflareWorld]:
    made = CloudflareWorld(tmp_path)
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    yield made
    made.stop()


def changes(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(change["verb"], change["target"]) for change in result["changes"]]


def balancer(world: CloudflareWorld) -> dict[str, Any]:
    (row,) = world.call("GET", f"{world.zone}/load_balancers")
    return dict(row)


def pools(world: CloudflareWorld) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in world.call("GET", f"{world.account}/pools")}


def test_a_new_balancer_sends_all_traffic_to_heroku(world: CloudflareWorld) -> None:
    result = world.run(module, **ASKED)
    assert changes(result) == MADE, result
    assert result["load_balancer"]["share"] == 0
    made, by_name = balancer(world), pools(world)
    old, new = by_name[HEROKU], by_name[AWS]
    assert made["random_steering"] == {"default_weight": 0, "pool_weights": {old["id"]: 1, new["id"]: 0}}
    assert (made["steering_policy"], made["session_affinity"], made["proxied"]) == ("random", "none", True)
    assert (made["default_pools"], made["fallback_pool"]) == ([old["id"], new["id"]], old["id"])
    assert made["adaptive_routing"] == {"failover_across_pools": True}


def test_origins_have_the_name_that_they_serve_and_are_watched_by_https(world: CloudflareWorld) -> None:
    world.run(module, **{**ASKED, "monitor": {"path": "/deep", "interval": 10}})
    record = world.call("GET", f"{world.zone}/dns_records?name={API}")[0]["content"]
    watched = {row["id"]: row for row in world.call("GET", f"{world.account}/monitors")}
    for pool, address in ((pools(world)[HEROKU], record), (pools(world)[AWS], NEW["address"])):
        (origin,) = pool["origins"]
        assert (origin["address"], origin["header"]) == (address, {"Host": [API]})
        monitor = watched[pool["monitor"]]
        assert (monitor["type"], monitor["port"], monitor["allow_insecure"]) == ("https", 443, False)
        assert (monitor["path"], monitor["interval"], monitor["header"]) == ("/deep", 10, {"Host": [API]})


def test_a_second_run_writes_nothing_and_reads_five_things(world: CloudflareWorld) -> None:
    world.run(module, **ASKED)
    before = len(world.requests())
    result = world.run(module, **ASKED)
    assert (result["changed"], result["changes"]) == (False, [])
    after = world.requests()[before:]
    assert [entry.kind for entry in after] == ["read"] * 5


def test_a_dry_run_plans_all_and_writes_nothing(world: CloudflareWorld) -> None:
    address = Unknown("LoadBalancerDnsName of stack offramp-staging-bond", "playbooks/provision.yml")
    result = world.run(module, dry=True, **{**ASKED, "new": {**NEW, "address": str(address)}})
    assert changes(result) == MADE
    assert world.writes() == []
    assert result["load_balancer"]["share"] == 0
    assert str(address) in result["diff"]["prepared"]


def test_it_tells_whether_the_new_pool_can_get_traffic_as_far_as_a_dry_run_can_know(world: CloudflareWorld) -> None:
    def told(*, dry: bool) -> str:
        return str(world.run(module, dry=dry, **ASKED)["load_balancer"]["new_pool"])

    assert is_unknown(told(dry=True))
    assert [told(dry=False), told(dry=True)] == ["open", "open"]
    pool = f"{world.account}/pools/{pools(world)[AWS]['id']}"
    world.call("PATCH", pool, {"enabled": False})
    word = {**ASKED, "reopen": True}
    assert is_unknown(world.run(module, dry=True, **word)["load_balancer"]["new_pool"])
    assert world.run(module, **word)["load_balancer"]["new_pool"] == "open"


@pytest.mark.parametrize("writes", range(5))
def test_killed_at_any_write_and_run_again_the_end_is_the_same(world: CloudflareWorld, writes: int) -> None:
    killed = world.run(module, dies_after=writes, **ASKED)
    assert (killed["failed"], len(world.writes())) == (True, writes)
    assert changes(world.run(module, **ASKED)) == MADE[writes:]
    assert len(world.writes()) == len(MADE)


def drift(world: CloudflareWorld, kind: str, **fields: Any) -> None:
    """Somebody changes a thing by hand."""
    if fields.get("fallback_pool"):
        fields["fallback_pool"] = pools(world)[AWS]["id"]
    if kind == "balancer":
        path = f"{world.zone}/load_balancers/{balancer(world)['id']}"
    elif kind == "monitor":
        path = f"{world.account}/monitors/{pools(world)[AWS]['monitor']}"
    else:
        path = f"{world.account}/pools/{pools(world)[AWS]['id']}"
    world.call("PATCH", path, fields)


@pytest.mark.parametrize(
    ("kind", "fields", "target"),
    [
        ("balancer", {"fallback_pool": "(the new one)"}, f"Cloudflare load balancer {API}"),
        ("balancer", {"adaptive_routing": {"failover_across_pools": False}}, f"Cloudflare load balancer {API}"),
        ("balancer", {"enabled": False}, f"Cloudflare load balancer {API}"),
        ("monitor", {"path": "/"}, f"Cloudflare monitor {AWS}"),
        ("monitor", {"expected_codes": "2xx"}, f"Cloudflare monitor {AWS}"),
        ("pool", {"origins": [{"name": AWS, "address": "elsewhere.example"}]}, f"Cloudflare pool {AWS}"),
        ("pool", {"origins": [{"name": "x", "address": "x.example"}]}, f"Cloudflare pool {AWS}"),
    ],
)
def test_what_is_ours_is_converged(world: CloudflareWorld, kind: str, fields: dict[str, Any], target: str) -> None:
    world.run(module, **ASKED)
    before = balancer(world), pools(world)
    drift(world, kind, **fields)
    assert changes(world.run(module, **ASKED)) == [("update", target)]
    after = balancer(world), pools(world)
    for was, now in zip([before[0], *before[1].values()], [after[0], *after[1].values()], strict=True):
        assert {**was, "modified_on": ""} == {**now, "modified_on": ""}


def test_what_is_not_ours_stays(world: CloudflareWorld) -> None:
    world.run(module, **ASKED)
    drift(world, "pool", notification_email="ops@bond.example", minimum_origins=0)
    drift(world, "balancer", ttl=120, adaptive_routing={"failover_across_pools": False})
    result = world.run(module, **ASKED)
    assert len(changes(result)) == 2
    assert pools(world)[AWS]["notification_email"] == "ops@bond.example"
    assert balancer(world)["ttl"] == 120


def test_weights_are_never_touched(world: CloudflareWorld) -> None:
    world.run(module, **ASKED)
    weights = {pools(world)[HEROKU]["id"]: 0.75, pools(world)[AWS]["id"]: 0.25}
    steering = {"default_weight": 0, "pool_weights": weights}
    drift(world, "balancer", random_steering=steering, adaptive_routing={"failover_across_pools": False})
    result = world.run(module, **ASKED)
    assert result["load_balancer"]["share"] == 25
    assert balancer(world)["random_steering"]["pool_weights"] == weights


def test_a_closed_pool_that_still_has_weight_is_not_opened(world: CloudflareWorld) -> None:
    world.run(module, **ASKED)
    weights = {pools(world)[HEROKU]["id"]: 0.75, pools(world)[AWS]["id"]: 0.25}
    drift(world, "balancer", random_steering={"default_weight": 0, "pool_weights": weights})
    drift(world, "pool", enabled=False)
    result = world.run(module, **ASKED)
    assert (result["kind"], "gives 25 % to pool" in result["msg"]) == ("refused", True), result
    assert "rollback.yml" in result["hint"]
    assert pools(world)[AWS]["enabled"] is False


def test_a_pool_that_a_rollback_closed_is_opened_by_a_person_s_word_alone(world: CloudflareWorld) -> None:
    world.run(module, **ASKED)
    drift(world, "balancer", description="offramp 5f02ac: 0 % on it")
    drift(world, "pool", enabled=False)
    dry, real = (world.run(module, dry=dry, **ASKED) for dry in (True, False))
    assert (dry["kind"], dry["msg"]) == (real["kind"], real["msg"]) == ("refused", real["msg"])
    assert f"pool {AWS} is closed, as a rollback leaves it (the load balancer says: 'offramp 5f02ac: 0 %" in real["msg"]
    assert "-e shift_reopen=true" in real["hint"]
    assert pools(world)[AWS]["enabled"] is False
    assert changes(world.run(module, reopen=True, **ASKED)) == [("update", f"Cloudflare pool {AWS}")]
    assert pools(world)[AWS]["enabled"] is True


def test_a_closed_pool_of_heroku_is_opened_without_a_word(world: CloudflareWorld) -> None:
    world.run(module, **ASKED)
    world.call("PATCH", f"{world.account}/pools/{pools(world)[HEROKU]['id']}", {"enabled": False})
    assert changes(world.run(module, **ASKED)) == [("update", f"Cloudflare pool {HEROKU}")]


def test_what_a_run_sees_is_told_for_its_first_step_to_compare_with(world: CloudflareWorld) -> None:
    absent = {"weights": {}, "description": "", "steering_policy": "", "session_affinity": "", "disabled": []}
    dry, real = (world.run(module, dry=dry, **ASKED)["load_balancer"] for dry in (True, False))
    assert dry["seen"] == absent
    assert real["seen"]["weights"] == {HEROKU: 1.0, AWS: 0.0}
    assert dry["run"] != real["run"]


def test_a_balancer_of_somebody_else_is_left_alone(world: CloudflareWorld) -> None:
    theirs = world.pool("theirs")
    world.balancer(theirs, steering_policy="off")
    result = world.run(module, **ASKED)
    assert (result["kind"], world.writes()) == ("refused", [])
    assert "is not ours: it steers by 'off' between the pools theirs" in result["msg"]


def test_a_mistyped_hostname_does_not_take_the_pools_of_the_right_one(world: CloudflareWorld) -> None:
    world.run(module, **ASKED)
    before = pools(world)
    typo = "apo.bond.example"
    wrong = {"hostname": typo, "old": {**OLD, "host": typo}, "new": {**NEW, "host": typo}}
    result = world.run(module, **{**ASKED, **wrong})
    assert (result["kind"], f"serve {API} already, not {typo}." in result["msg"]) == ("refused", True), result
    assert pools(world) == before


def test_without_a_dns_record_heroku_s_address_must_be_given(world: CloudflareWorld) -> None:
    record = world.call("GET", f"{world.zone}/dns_records?name={API}")[0]["id"]
    world.call("DELETE", f"{world.zone}/dns_records/{record}")
    result = world.run(module, **ASKED)
    assert (result["kind"], world.writes()) == ("bad_input", []), result
    given = {**ASKED, "old": {**OLD, "address": "fjord.herokudns.com"}}
    assert changes(world.run(module, **given)) == MADE


def test_a_balancer_names_the_records_whose_place_it_takes(world: CloudflareWorld) -> None:
    record = world.call("GET", f"{world.zone}/dns_records?name={API}")[0]
    told = [world.run(module, dry=dry, **ASKED)["changes"][-1]["after"]["in_place_of"] for dry in (True, False)]
    assert told == [f"CNAME {record['content']}"] * 2
    assert world.call("GET", f"{world.zone}/dns_records?name={API}")[0] == record


def test_a_record_that_is_not_proxied_is_adopted_by_a_person_s_word_alone(world: CloudflareWorld) -> None:
    record = world.call("GET", f"{world.zone}/dns_records?name={API}")[0]
    world.call("PATCH", f"{world.zone}/dns_records/{record['id']}", {"proxied": False})
    dry, real = (world.run(module, dry=dry, **ASKED) for dry in (True, False))
    assert (dry["kind"], dry["msg"]) == (real["kind"], real["msg"]) == ("refused", real["msg"])
    assert f"(CNAME {record['content']} (not proxied)) is not proxied: visitors speak to Heroku" in real["msg"]
    assert world.writes() == []
    assert changes(world.run(module, unproxied=True, **ASKED)) == MADE


@pytest.mark.parametrize("mode", ["flexible", "off"])
def test_a_zone_that_speaks_plain_http_to_origins_is_refused(
    world: CloudflareWorld, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(Balancing, "ssl_mode", lambda _self: mode)
    result = world.run(module, **ASKED)
    assert (result["kind"], f"by plain HTTP (TLS mode {mode})" in result["msg"]) == ("refused", True), result
    assert world.writes() == []


def test_it_waits_until_cloudflare_holds_the_old_pool_and_then_the_new_one_for_healthy(world: CloudflareWorld) -> None:
    world.sickness = "TCP connection failed"
    result = world.run(module, **{**ASKED, "within": 0.3})
    assert result["kind"] == "deadline"
    assert f"Cloudflare does not hold pool {HEROKU} for healthy (TCP connection failed)" in result["msg"]
    assert world.call("GET", f"{world.zone}/load_balancers") == []
    world.sickness = ""
    assert changes(world.run(module, **ASKED)) == MADE[-1:]
    world.sickness = "TCP connection failed"
    drift(world, "balancer", ttl=60)
    result = world.run(module, **{**ASKED, "within": 0.3})
    assert f"Cloudflare does not hold pool {AWS} for healthy (TCP connection failed)" in result["msg"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"zone": "bund.example"}, "Cloudflare has no zone bund.example that this token may see."),
        ({"old": {**OLD, "pool": AWS}}, f"Both sides name the pool {AWS}."),
        ({"zone": "poor.example", "hostname": "api.poor.example", "old": {**OLD, "address": "x.example"}}, "load bal"),
    ],
)
def test_bad_input_is_one_sentence(world: CloudflareWorld, asked: dict[str, Any], said: str) -> None:
    result = world.run(module, **{**ASKED, **asked})
    assert result["failed"]
    assert said in result["msg"]
    assert result["kind"] != "bug"
