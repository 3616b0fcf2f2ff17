from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.modules import cloudflare_balancer_removal as module
from ansible_collections.offramp.ecs.plugins.modules import cloudflare_load_balancer
from tests.unit.plugins.cloudflare_world import CloudflareWorld
from tests.unit.rehearsal.cloudflare.stage import API

ASKED: dict[str, Any] = {"zone": "bond.example", "hostname": API, "old": "heroku", "new": "aws"}
OLD, NEW = {"pool": "heroku", "host": API}, {"pool": "aws", "address": "bond.elb.amazonaws.com", "host": API}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudflareWorld]:
    made = CloudflareWorld(tmp_path)
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    made.run(cloudflare_load_balancer, **{**ASKED, "old": OLD, "new": NEW, "every": 0.05, "within": 5.0})
    yield made
    made.stop()


def record(world: CloudflareWorld) -> dict[str, Any]:
    return dict(world.call("GET", f"{world.zone}/dns_records?name={API}")[0])


def test_the_record_serves_again_and_the_pools_stay(world: CloudflareWorld) -> None:
    assert world.edge_row()["kind"] == "balancer"
    dry, real = (world.run(module, dry=dry, **ASKED) for dry in (True, False))
    assert dry["changes"] == real["changes"]
    assert dry["hostname"] == real["hostname"]
    assert real["headline"] == [f"{API} is served by its DNS record: CNAME {record(world)['content']}"]
    assert world.edge_row() == {"kind": "record", "content": record(world)["content"]}
    assert len(world.call("GET", f"{world.account}/pools")) == 2
    assert not world.run(module, **ASKED)["changed"]


def elsewhere(world: CloudflareWorld) -> None:
    world.call("PATCH", f"{world.zone}/dns_records/{record(world)['id']}", {"content": "old.example"})


def without(world: CloudflareWorld) -> None:
    world.call("DELETE", f"{world.zone}/dns_records/{record(world)['id']}")


def with_traffic(world: CloudflareWorld) -> None:
    (row,) = world.call("GET", f"{world.zone}/load_balancers")
    old, new = row["default_pools"]
    steering = {"default_weight": 0, "pool_weights": {old: 0.9, new: 0.1}}
    world.call("PATCH", f"{world.zone}/load_balancers/{row['id']}", {"random_steering": steering})


@pytest.mark.parametrize(
    ("hands", "says"),
    [
        (elsewhere, "would lead to CNAME old.example, and heroku is"),
        (without, "would lead to no DNS record, and heroku is"),
        (with_traffic, "still gives 10 % of its traffic to aws"),
    ],
)
def test_nothing_is_given_back_where_visitors_would_not_find_heroku(
    world: CloudflareWorld, hands: Callable[[CloudflareWorld], None], says: str
) -> None:
    hands(world)
    dry, real = (world.run(module, dry=dry, **ASKED) for dry in (True, False))
    assert (dry["kind"], dry["msg"]) == (real["kind"], real["msg"]) == ("refused", real["msg"])
    assert says in real["msg"]
    assert len(world.call("GET", f"{world.zone}/load_balancers")) == 1


def test_after_a_rollback_a_dry_run_goes_by_what_that_foresaw(world: CloudflareWorld) -> None:
    with_traffic(world)
    assert [each["verb"] for each in world.run(module, dry=True, share=0, **ASKED)["changes"]] == ["delete"]
