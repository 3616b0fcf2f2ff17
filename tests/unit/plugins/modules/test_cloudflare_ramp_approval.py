from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare import session
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.approval import (
    Approvals,
    approved_in,
    with_approval,
    without_approval,
)
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.modules import cloudflare_pool_weights as weights
from ansible_collections.offramp.ecs.plugins.modules import cloudflare_ramp_approval as module
from tests.unit.plugins.cloudflare_world import CloudflareWorld
from tests.unit.rehearsal.cloudflare.stage import API

ASKED: dict[str, Any] = {"zone": "bond.example", "hostname": API, "old": "heroku", "new": "aws"}


@pytest.mark.parametrize(
    ("description", "approved", "bare"),
    [
        ("offramp 5f02ac: 25 % on aws; approved to 25 %", 25, "offramp 5f02ac: 25 % on aws"),
        ("offramp 5f02ac: 25 % on aws", 0, "offramp 5f02ac: 25 % on aws"),
        ("; approved to 5 % of nothing", 0, "; approved to 5 % of nothing"),
        ("", 0, ""),
    ],
)
def test_an_approval_stands_behind_the_marker(description: str, approved: int, bare: str) -> None:
    assert (approved_in(description), without_approval(description)) == (approved, bare)
    assert approved_in(with_approval(description, 50)) == 50
    assert with_approval(with_approval(description, 50), 0) == bare


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudflareWorld]:
    made = CloudflareWorld(tmp_path)
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    yield made
    made.stop()


@pytest.fixture
def ramp(world: CloudflareWorld) -> CloudflareWorld:
    """A balancer whose ramp stands at ten percent."""
    old, new = world.pool("heroku"), world.pool("aws")
    world.balancer(old, new, random_steering={"default_weight": 0, "pool_weights": {old["id"]: 1, new["id"]: 0}})
    world.run(weights, share=10, **ASKED)
    return world


def seen_by_the_waiting_run() -> int:
    door = Door(shut=True, ordered_by="offramp.ecs/traffic_health_info", alive=lambda: True)
    return Approvals(session.client(door), "bond.example", API).share()


def described(world: CloudflareWorld) -> str:
    return str(world.call("GET", f"{world.zone}/load_balancers")[0]["description"])


def test_an_approval_is_one_write_which_moves_nothing_and_which_a_waiting_run_reads(ramp: CloudflareWorld) -> None:
    assert seen_by_the_waiting_run() == 0
    before = ramp.call("GET", f"{ramp.zone}/load_balancers")[0]
    dry = ramp.run(module, dry=True, step=25, **ASKED)
    assert (dry["changes"][0]["after"], len(ramp.writes())) == ({"approved": "to 25 %"}, 1)
    result = ramp.run(module, step=25, **ASKED)
    assert (result["approval"], ramp.writes()[1:]) == (
        {"hostname": API, "approved": 25, "share": 10},
        ["PATCH /zones/{zone}/load_balancers/{id}"],
    )
    after = ramp.call("GET", f"{ramp.zone}/load_balancers")[0]
    assert after["description"] == f"{before['description']}; approved to 25 %"
    assert after["random_steering"] == before["random_steering"]
    assert seen_by_the_waiting_run() == 25
    assert ramp.run(module, step=25, **ASKED)["changed"] is False


def test_an_approval_stays_while_the_share_rises_and_goes_when_it_falls(ramp: CloudflareWorld) -> None:
    ramp.run(module, step=25, **ASKED)
    ramp.run(weights, share=25, **ASKED)
    assert approved_in(described(ramp)) == 25
    ramp.run(weights, share=10, lower_only=True, **ASKED)
    assert approved_in(described(ramp)) == 0


def test_an_approval_is_no_change_by_other_hands(ramp: CloudflareWorld) -> None:
    moved = ramp.run(weights, share=25, **ASKED)["weights"]
    ramp.run(module, step=25, **ASKED)
    assert ramp.run(weights, share=50, after=moved, **ASKED)["weights"]["share"] == 50


@pytest.mark.parametrize(("there", "left"), [(10, 10), (50, 10)])
def test_what_is_only_lowered_never_rises(ramp: CloudflareWorld, there: int, left: int) -> None:
    ramp.run(weights, share=there, **ASKED)
    dry, real = (ramp.run(weights, dry=dry, share=10, lower_only=True, **ASKED) for dry in (True, False))
    assert dry["weights"]["share"] == real["weights"]["share"] == left
    assert dry["changed"] is real["changed"] is (there != left)


def test_where_no_ramp_is_nothing_can_be_approved(world: CloudflareWorld) -> None:
    result = world.run(module, step=25, **ASKED)
    said = f"There is no Cloudflare load balancer {API}, so no ramp waits. Run playbooks/shift.yml first."
    assert (result["kind"], result["msg"]) == ("missing", said)


@pytest.mark.parametrize("step", [0, 100])
def test_a_ramp_waits_neither_before_its_beginning_nor_at_its_end(world: CloudflareWorld, step: int) -> None:
    result = world.run(module, step=step, **ASKED)
    said = f"A ramp does not wait at {step} %. Approve a step of 1 to 99."
    assert (result["kind"], result["msg"]) == ("bad_input", said)
