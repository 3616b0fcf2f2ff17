"""While a step is judged, other hands are noticed, and an API that is down is no reason to stop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare import lookout
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.lookout import Lookout
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Refused
from ansible_collections.offramp.ecs.plugins.modules import cloudflare_pool_weights
from tests.unit.plugins.cloudflare_world import CloudflareWorld
from tests.unit.rehearsal.cloudflare.stage import API

ASKED: dict[str, Any] = {"zone": "bond.example", "hostname": API, "old": "heroku", "new": "aws"}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudflareWorld]:
    made = CloudflareWorld(tmp_path)
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(lookout, "_EVERY_S", 0.0)
    made.balancer(made.pool("heroku"), made.pool("aws"))
    yield made
    made.stop()


def looking(world: CloudflareWorld) -> Lookout:
    """After the run wrote its first weights."""
    written = world.run(cloudflare_pool_weights, share=10, **ASKED)["weights"]
    return lookout_of(written)


def lookout_of(after: dict[str, Any]) -> Lookout:
    return Lookout(Door(shut=True, ordered_by="offramp.ecs/test"), "bond.example", API, ("heroku", "aws"), after)


def test_a_look_costs_two_reads_and_finds_what_the_run_wrote(world: CloudflareWorld) -> None:
    watch = looking(world)
    watch.look()
    before = len(world.requests())
    watch.look()
    assert [entry.operation for entry in world.requests()[before:]] == [
        "GET /accounts/{account}/load_balancers/pools",
        "GET /zones/{zone}/load_balancers",
    ]


def test_looks_keep_their_distance(world: CloudflareWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookout, "_EVERY_S", 60.0)
    watch = looking(world)
    watch.look()
    before = len(world.requests())
    watch.look()
    assert world.requests()[before:] == []


def test_other_hands_are_shown_with_both_states(world: CloudflareWorld) -> None:
    watch = looking(world)
    watch.look()
    world.run(cloudflare_pool_weights, share=0, close_new=True, **ASKED)
    with pytest.raises(Refused, match=r"this run knew heroku 90 %, aws 10 % .*; Cloudflare says .*aws 0 % .*disabled"):
        watch.look()


def test_an_api_that_is_down_stops_nothing(world: CloudflareWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = looking(world)
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", "http://127.0.0.1:1")
    watch.look()


def test_without_what_the_run_was_told_nobody_is_asked(world: CloudflareWorld) -> None:
    lookout_of({}).look()
    assert world.requests() == []
