"""Orders to a whole world, over its ear: what ails, who is killed, and how traffic is divided."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from rehearsal.dataplane.visitors import PATIENCE
from rehearsal.home import VISITORS
from rehearsal.running import RunningWorld, WorldError, running_world
from rehearsal.seed import Seed
from rehearsal.visits import count_visits
from rehearsal.world import World

HOST = "api.bond.example"
SEED = {
    "heroku": {
        "bond": {"config": {}, "formation": {"web": {"quantity": 1, "command": "npm start"}}, "domains": [HOST]}
    },
    "cloudflare": {
        "zones": {
            "bond.example": {
                "dns": [{"type": "CNAME", "name": HOST, "content": f"heroku:{HOST}", "proxied": True}],
            }
        }
    },
    "visitors": {"host": HOST, "rate": 50},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningWorld, Path]]:
    home = tmp_path_factory.mktemp("world")
    seed = home / "seed.yml"
    seed.write_text(yaml.safe_dump(SEED), encoding="utf-8")
    with running_world(seed, home) as world:
        yield world, home


def failed_of(place: tuple[RunningWorld, Path], seconds: float) -> tuple[int, int]:
    """(requests, failed) of the next seconds."""
    world, home = place
    world.visit(0)
    before = count_visits(home / VISITORS)
    world.visit(50)
    time.sleep(seconds)
    world.visit(0)
    after = count_visits(home / VISITORS)
    return after.requests - before.requests, after.failed - before.failed


def test_a_platform_ails_until_it_is_told_otherwise(place: tuple[RunningWorld, Path]) -> None:
    world, _ = place
    world.order(ail={"heroku": {"errors": 0.5}})
    requests, failed = failed_of(place, 1.0)
    assert requests // 2 <= failed <= requests // 2 + 1
    world.order(ail={})
    assert failed_of(place, 0.5)[1] == 0


def test_visitors_are_waited_for_longer_than_they_wait_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}

    class Visiting:
        def __init__(self, _module: str, **settings: Any) -> None:
            given.update(settings)

        def send(self, message: dict[str, Any]) -> None:
            given.update(message)

    monkeypatch.setattr("rehearsal.world.Worker", Visiting)
    edge = SimpleNamespace(edge_ports={"https": 443})
    authority = SimpleNamespace(ca_path=tmp_path)
    world = SimpleNamespace(
        _seed=Seed.model_validate(SEED),
        _visitors=None,
        _home=tmp_path,
        _note_visits=print,
        cloudflare=edge,
        certificates=authority,
    )
    World.visit(world, 5)  # type: ignore[arg-type]
    assert given["rate"] == 5
    assert given["within"] > PATIENCE


def test_a_restored_world_is_well(place: tuple[RunningWorld, Path]) -> None:
    world, _ = place
    world.order(snapshot="now")
    world.order(ail={"heroku": {"errors": 1.0}})
    world.order(restore="now")
    assert failed_of(place, 0.5)[1] == 0


def test_shares_are_told_of_load_balancers_alone(place: tuple[RunningWorld, Path]) -> None:
    assert place[0].order(shares=True) == {}


def test_what_cannot_be_done_is_told(place: tuple[RunningWorld, Path]) -> None:
    with pytest.raises(WorldError, match="no task of service bond-web runs"):
        place[0].order(kill_task="bond-web")
    with pytest.raises(WorldError, match="nobody"):
        place[0].order(ail={"nobody": {}})
