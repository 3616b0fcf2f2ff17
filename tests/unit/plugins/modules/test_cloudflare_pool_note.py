from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.modules import cloudflare_pool_note as module
from tests.unit.plugins.cloudflare_world import CloudflareWorld

ASKED: dict[str, Any] = {"zone": "bond.example", "pool": "heroku"}
SIZES = {"web": 2, "worker": 1}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudflareWorld]:
    made = CloudflareWorld(tmp_path)
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    yield made
    made.stop()


def description(world: CloudflareWorld) -> str:
    return str(world.call("GET", f"{world.account}/pools")[0]["description"])


def test_sizes_are_noted_once_and_found_again(world: CloudflareWorld) -> None:
    world.pool("heroku", description="the old platform")
    dry, real = (world.run(module, dry=dry, processes=SIZES, **ASKED) for dry in (True, False))
    assert dry["changes"] == real["changes"]
    assert dry["note"] == real["note"] == world.run(module, **ASKED)["note"] == {"pool": "heroku", "processes": SIZES}
    assert description(world) == "the old platform [offramp: web 2, worker 1 before it was retired]"
    assert world.writes() == ["PATCH /accounts/{account}/load_balancers/pools/{id}"]
    assert not world.run(module, processes=SIZES, **ASKED)["changed"]


def test_an_app_that_is_retired_already_keeps_its_note(world: CloudflareWorld) -> None:
    world.pool("heroku")
    world.run(module, processes=SIZES, **ASKED)
    assert not world.run(module, processes={"web": 0, "worker": 0}, **ASKED)["changed"]


def test_without_a_pool_nothing_is_noted_and_only_a_dry_run_plans_to(world: CloudflareWorld) -> None:
    assert world.run(module, **ASKED)["note"] == {"pool": "heroku", "processes": {}}
    dry, real = (world.run(module, dry=dry, processes=SIZES, **ASKED) for dry in (True, False))
    assert dry["changes"] == real["changes"]
    assert (real["kind"], real["msg"].startswith("There is no Cloudflare pool heroku.")) == ("missing", True)
