from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.balancing import Balancing
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.way_back import Road
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Refused
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown
from ansible_collections.offramp.ecs.plugins.modules import cloudflare_pool_weights as module
from ansible_collections.offramp.ecs.plugins.modules.cloudflare_pool_weights import Have, Want, plan
from tests.unit.plugins.cloudflare_world import CloudflareWorld
from tests.unit.rehearsal.cloudflare.stage import API

ASKED: dict[str, Any] = {"zone": "bond.example", "hostname": API, "old": "heroku", "new": "aws"}


def have(share: int, *, enabled: bool = True, weights: dict[str, float] | None = None) -> Have:
    by_share = {"heroku": round(1 - share / 100, 2), "aws": round(share / 100, 2)}
    there = by_share if weights is None else weights
    return Have(API, there, share if enabled else 0, enabled, "", road=Road(new_open=enabled))


def want(share: int | None, *, close_new: bool = False) -> Want:
    return Want("bond.example", API, "heroku", "aws", share, close_new, "offramp")


SHIFT, CLOSE = ("shift", f"traffic of {API}"), ("stop", "Cloudflare pool aws")


@pytest.mark.parametrize(
    ("there", "wanted", "planned"),
    [
        (have(10), want(None), []),
        (have(10), want(10), []),
        (have(10), want(25), [SHIFT]),
        (have(25), want(0), [SHIFT]),
        (have(0, weights={}, enabled=False), want(10), [SHIFT]),  # a dry run before the balancer is made
        (have(10, weights={"heroku": 0.45, "aws": 0.05}), want(10), [SHIFT]),  # a share by other weights
        (have(25), want(0, close_new=True), [CLOSE, SHIFT]),
        (have(25, enabled=False), want(0, close_new=True), [SHIFT]),  # a rollback that was cut off half-way
        (have(0), want(0, close_new=True), [CLOSE]),
        (have(0, enabled=False), want(0, close_new=True), []),
        (have(25, enabled=False), want(0), [SHIFT]),
        (have(0, enabled=False), replace(want(10), opening=True), [SHIFT]),  # a dry run before the pool is opened
    ],
)
def test_what_is_planned(there: Have, wanted: Want, planned: list[tuple[str, str]]) -> None:
    assert [(change.verb, change.target) for change in plan(there, wanted)] == planned


def test_a_ramp_never_gives_to_a_disabled_pool() -> None:
    with pytest.raises(Refused, match="Pool aws is disabled"):
        plan(have(10, enabled=False), want(25))


def test_a_plan_is_readable() -> None:
    (change,) = plan(have(10), want(25))
    assert change.before == {"heroku": "90 %", "aws": "10 %"}
    assert change.after == {"heroku": "75 %", "aws": "25 %"}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudflareWorld]:
    made = CloudflareWorld(tmp_path)
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    yield made
    made.stop()


@pytest.fixture
def pools(world: CloudflareWorld) -> dict[str, str]:
    """The ids of the two pools of a balancer that gives all to Heroku."""
    old, new = world.pool("heroku"), world.pool("aws")
    weights = {"default_weight": 0, "pool_weights": {old["id"]: 1, new["id"]: 0}}
    world.balancer(old, new, random_steering=weights, description="made by hand", ttl=60)
    return {"heroku": old["id"], "aws": new["id"]}


def balancer(world: CloudflareWorld) -> dict[str, Any]:
    return dict(world.call("GET", f"{world.zone}/load_balancers")[0])


def test_both_weights_and_the_marker_move_by_one_write(world: CloudflareWorld, pools: dict[str, str]) -> None:
    result = world.run(module, share=10, marker="run 7 of ops", **ASKED)
    assert result["weights"]["share"] == 10, result
    assert world.writes() == ["PATCH /zones/{zone}/load_balancers/{id}"]
    row = balancer(world)
    assert row["random_steering"] == {"default_weight": 0, "pool_weights": {pools["heroku"]: 0.9, pools["aws"]: 0.1}}
    run = result["weights"]["run"]
    assert row["description"] == result["weights"]["description"] == f"run 7 of ops {run}: 10 % on aws"
    assert row["ttl"] == 60


def test_a_share_that_is_there_is_not_written_again(world: CloudflareWorld, pools: dict[str, str]) -> None:
    world.run(module, share=29, **ASKED)  # 0.29 and 0.71 are no exact binary numbers
    written = len(world.writes())
    result = world.run(module, share=29, **ASKED)
    assert (result["changed"], len(world.writes())) == (False, written)


def test_without_a_share_the_present_one_is_told(world: CloudflareWorld, pools: dict[str, str]) -> None:
    world.run(module, share=25, **ASKED)
    assert world.run(module, **ASKED)["weights"]["share"] == 25


def test_a_rollback_closes_the_pool_before_it_moves_weights(world: CloudflareWorld, pools: dict[str, str]) -> None:
    world.run(module, share=50, **ASKED)
    result = world.run(module, share=0, close_new=True, **ASKED)
    assert (result["weights"]["share"], result["weights"]["new_pool_enabled"]) == (0, False)
    assert world.writes()[1:] == [
        "PATCH /accounts/{account}/load_balancers/pools/{id}",
        "PATCH /zones/{zone}/load_balancers/{id}",
    ]
    assert balancer(world)["random_steering"]["pool_weights"][pools["aws"]] == 0
    again = world.run(module, share=0, close_new=True, **ASKED)
    assert (again["changed"], len(world.writes())) == (False, 3)


def test_a_late_step_of_a_ramp_cannot_undo_a_rollback(world: CloudflareWorld, pools: dict[str, str]) -> None:
    world.run(module, share=0, close_new=True, **ASKED)
    result = world.run(module, share=25, **ASKED)
    assert (result["kind"], "Somebody rolled back" in result["hint"]) == ("refused", True)
    assert balancer(world)["random_steering"]["pool_weights"][pools["aws"]] == 0


HANDS: dict[str, Callable[[CloudflareWorld, dict[str, str]], None]] = {
    "weights": lambda world, pools: change(world, random_steering=weighted(pools, 0.5)),
    "weights and description": lambda world, pools: change(
        world, random_steering=weighted(pools, 0.5), description="offramp 000000: 50 % on aws"
    ),
    "description": lambda world, _pools: change(world, description="hands off"),
    "policy": lambda world, _pools: change(world, steering_policy="off"),
    "affinity": lambda world, _pools: change(world, session_affinity="cookie"),
    "balancer": lambda world, _pools: change(world, enabled=False),
    "heroku": lambda world, pools: close(world, pools["heroku"]),
    "rollback": lambda world, _pools: rolled_back(world),
}


def change(world: CloudflareWorld, **fields: Any) -> None:
    world.call("PATCH", f"{world.zone}/load_balancers/{balancer(world)['id']}", fields)


def close(world: CloudflareWorld, pool: str) -> None:
    world.call("PATCH", f"{world.account}/pools/{pool}", {"enabled": False})


def weighted(pools: dict[str, str], new: float) -> dict[str, Any]:
    return {"default_weight": 0, "pool_weights": {pools["heroku"]: 1 - new, pools["aws"]: new}}


def rolled_back(world: CloudflareWorld) -> None:
    """Somebody runs playbooks/rollback.yml."""
    assert not world.run(module, share=0, close_new=True, **ASKED)["failed"]


@pytest.mark.parametrize("share", [25, 0])
@pytest.mark.parametrize("hands", HANDS)
def test_other_hands_stop_a_ramp_in_either_direction(
    world: CloudflareWorld, pools: dict[str, str], hands: str, share: int
) -> None:
    before = world.run(module, share=10, **ASKED)["weights"]
    HANDS[hands](world, pools)
    written, left = len(world.writes()), balancer(world)
    result = world.run(module, share=share, after=before, **ASKED)
    assert (result["kind"], len(world.writes()), balancer(world)) == ("refused", written, left), result
    assert f"this run knew heroku 90 %, aws 10 % (by random; described as 'offramp {before['run']}: 10" in result["msg"]
    assert "Cloudflare says " in result["msg"]


def test_a_ramp_goes_on_from_what_it_wrote_itself(world: CloudflareWorld, pools: dict[str, str]) -> None:
    moved = world.run(module, share=10, **ASKED)["weights"]
    for share in (25, 25, 50, 0):
        moved = world.run(module, share=share, after=moved, **ASKED)["weights"]
        assert moved["share"] == share
    assert balancer(world)["description"] == f"offramp {moved['run']}: 0 % on aws"


def test_a_write_whose_answer_was_lost_is_the_run_s_own(world: CloudflareWorld, pools: dict[str, str]) -> None:
    before = world.run(module, share=10, **ASKED)["weights"]
    lost = f"offramp {before['run']}: 25 % on aws"
    change(world, random_steering=weighted(pools, 0.25), description=lost)
    assert world.run(module, share=0, after=before, **ASKED)["weights"]["share"] == 0


def test_an_own_marker_over_other_weights_is_other_hands_work(world: CloudflareWorld, pools: dict[str, str]) -> None:
    before = world.run(module, share=10, **ASKED)["weights"]
    change(world, random_steering=weighted(pools, 0.5), description=f"offramp {before['run']}: 25 % on aws")
    assert world.run(module, share=0, after=before, **ASKED)["kind"] == "refused"


def test_a_rollback_between_a_look_and_a_write_is_seen_when_the_weights_are_read_back(
    world: CloudflareWorld, pools: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = world.run(module, share=10, **ASKED)["weights"]

    def late(api: Balancing, moved: Change) -> None:
        close(world, pools["aws"])
        module.move(api, moved)

    monkeypatch.setitem(module.MODULE.apply, "shift", late)
    result = world.run(module, share=25, after=before, **ASKED)
    assert (result["kind"], "pool aws disabled" in result["msg"]) == ("refused", True), result


def test_a_dry_ramp_compares_each_step_with_what_is_there(world: CloudflareWorld, pools: dict[str, str]) -> None:
    first = world.run(module, share=10, **ASKED)["weights"]
    for share in (25, 50):
        result = world.run(module, dry=True, share=share, after=first, **ASKED)
        assert ([each["verb"] for each in result["changes"]], result["failed"]) == (["shift"], False)
        first = result["weights"]


ASTRAY: dict[str, dict[str, Any]] = {
    "steered by order": {"steering_policy": "off"},
    "falls back on AWS": {"fallback_pool": "aws"},
    "without Heroku": {"default_pools": ["aws"], "fallback_pool": "aws"},
    "weights by default": {"random_steering": {"default_weight": 1}},
}


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("state", ASTRAY)
def test_the_way_back_works_from_whatever_hands_have_made(
    world: CloudflareWorld, pools: dict[str, str], state: str, closed: bool
) -> None:
    fields = dict(ASTRAY[state])
    if "fallback_pool" in fields:
        fields["fallback_pool"] = pools[fields["fallback_pool"]]
    if "default_pools" in fields:
        fields["default_pools"] = [pools[name] for name in fields["default_pools"]]
    change(world, **fields)
    if closed:
        close(world, pools["heroku"])
    result = world.run(module, share=0, close_new=True, **ASKED)
    verbs = ["start", "stop", "shift"] if closed else ["stop", "shift"]
    assert [each["verb"] for each in result["changes"]] == verbs, result
    row = balancer(world)
    assert (row["steering_policy"], row["fallback_pool"]) == ("random", pools["heroku"])
    assert row["default_pools"] == [pools["heroku"], pools["aws"]]
    assert row["random_steering"] == {"default_weight": 0, "pool_weights": {pools["heroku"]: 1, pools["aws"]: 0}}
    assert not world.run(module, share=0, close_new=True, **ASKED)["changed"]


def test_without_a_pool_of_heroku_there_is_no_way_back_and_nothing_is_closed(world: CloudflareWorld) -> None:
    world.balancer(world.pool("aws"))
    dry, real = (world.run(module, dry=dry, share=0, close_new=True, **ASKED) for dry in (True, False))
    assert (dry["kind"], dry["msg"]) == (real["kind"], real["msg"]) == ("missing", real["msg"])
    assert "Cloudflare has no pool heroku" in real["msg"]
    assert world.writes() == []


def test_a_balancer_of_strangers_pools_is_not_rolled_back(world: CloudflareWorld) -> None:
    world.pool("heroku")
    world.pool("aws")
    world.balancer(world.pool("theirs"))
    assert world.run(module, share=0, close_new=True, **ASKED)["kind"] == "missing"
    assert world.writes() == []


def test_what_a_dry_run_foresees_is_nothing_that_a_real_one_believes(
    world: CloudflareWorld, pools: dict[str, str]
) -> None:
    world.run(module, share=0, close_new=True, **ASKED)
    opening = str(Unknown("state of Cloudflare pool aws", "playbooks/shift.yml"))
    dry = world.run(module, dry=True, share=25, foreseen=opening, **ASKED)
    assert [(change["verb"], change["target"]) for change in dry["changes"]] == [SHIFT]
    assert world.run(module, share=25, foreseen=opening, **ASKED)["kind"] == "bad_input"
    assert world.run(module, share=25, foreseen="open", **ASKED)["kind"] == "refused"


def test_a_rollback_without_a_balancer_closes_nothing_dry_or_real(world: CloudflareWorld) -> None:
    world.pool("heroku")
    world.pool("aws")
    dry, real = (world.run(module, dry=dry, share=0, close_new=True, **ASKED) for dry in (True, False))
    assert (dry["kind"], dry["msg"]) == (real["kind"], real["msg"]) == ("missing", real["msg"])
    assert world.writes() == []


@pytest.mark.parametrize("writes", [0, 1])
def test_a_rollback_that_was_cut_off_ends_when_run_again(
    world: CloudflareWorld, pools: dict[str, str], writes: int
) -> None:
    world.run(module, share=50, **ASKED)
    assert world.run(module, share=0, close_new=True, dies_after=writes, **ASKED)["failed"]
    assert world.run(module, share=0, close_new=True, **ASKED)["weights"]["share"] == 0
    assert balancer(world)["random_steering"]["pool_weights"][pools["aws"]] == 0


def test_a_dry_run_before_the_balancer_is_there_plans_the_step(world: CloudflareWorld) -> None:
    result = world.run(module, dry=True, share=10, **ASKED)
    assert [(change["verb"], change["target"]) for change in result["changes"]] == [SHIFT]
    assert (result["weights"]["share"], world.writes()) == (10, [])


@pytest.mark.parametrize(
    ("asked", "kind", "said"),
    [
        ({"share": 101}, "bad_input", "A share of 101 % is none."),
        ({"share": 10}, "missing", f"There is no Cloudflare load balancer {API}."),
        ({"share": 0, "close_new": True}, "missing", f"No Cloudflare load balancer divides the traffic of {API}"),
        ({"zone": "bund.example"}, "missing", "Cloudflare has no zone bund.example"),
    ],
)
def test_bad_input_is_one_sentence(world: CloudflareWorld, asked: dict[str, Any], kind: str, said: str) -> None:
    result = world.run(module, **{**ASKED, **asked})
    assert (result["kind"], said in result["msg"]) == (kind, True), result
    assert world.writes() == []
