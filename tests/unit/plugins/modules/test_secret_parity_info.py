"""secret_parity_info: names of keys that differ, and never a value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws.pins import Pins, Use
from ansible_collections.offramp.ecs.plugins.modules import secret_bundle
from ansible_collections.offramp.ecs.plugins.modules import secret_parity_info as module
from tests.unit.plugins.heroku_world import HerokuWorld, heroku_world

CONFIG = {"APP": "bond-server", "TEXT": "value-of-text", "PORT": "value-of-port"}
NAME = "staging/bond/config"


@pytest.mark.parametrize(
    ("pinned", "named", "keys"),
    [
        ({"A": "1", "B": "2"}, (), ()),
        ({"A": "1", "B": "2"}, ("A", "B"), ()),
        ({"A": "1", "B": "old"}, (), ("B",)),
        ({"A": "1"}, (), ("B",)),
        ({"A": "1", "B": "2"}, ("A",), ("B",)),
        ({"A": "1", "B": "2", "C": "3"}, (), ("C",)),
        (None, (), ("A", "B")),
    ],
    ids=["equal", "equal by name", "changed", "missing", "not named", "left over", "version gone"],
)
def test_which_keys_differ(pinned: Mapping[str, str] | None, named: tuple[str, ...], keys: tuple[str, ...]) -> None:
    assert module.differing(pinned, {"A": "1", "B": "2"}, named) == keys


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HerokuWorld]:
    with heroku_world(tmp_path_factory.mktemp("world")) as made:
        made.set_config("bond-server", CONFIG)
        yield made


def look(world: HerokuWorld, monkeypatch: pytest.MonkeyPatch, *uses: Use, dry: bool = False) -> dict[str, Any]:
    monkeypatch.setattr(Pins, "uses", lambda _self, _cluster, _services, _arn: uses)
    return world.run(module, dry=dry, app="bond-server", name=NAME, cluster="offramp-staging", services=["bond-web"])


def use(version: str) -> Use:
    return Use("bond-web", "arn:aws:ecs:eu-west-1:1:task-definition/web:1", version, ())


def copied(world: HerokuWorld) -> str:
    return str(world.run(secret_bundle, app="bond-server", name=NAME)["secret"]["version_id"])


def test_a_release_with_what_heroku_has_may_get_traffic(world: HerokuWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    result = look(world, monkeypatch, use(copied(world)))
    assert result["parity"] == {"app": "bond-server", "secret": NAME, "equal": True, "differing": {"bond-web": []}}
    assert result["headline"] == ["Gate: bond-web run with the configuration of Heroku app bond-server"]


def test_a_change_at_heroku_shuts_the_gate_and_names_the_keys(
    world: HerokuWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = copied(world)
    world.set_config("bond-server", {**CONFIG, "TEXT": "value-of-another", "NEW": "value-of-new"})
    real, dry = (look(world, monkeypatch, use(version), dry=dry) for dry in (False, True))
    assert (real["kind"], dry["failed"], dry["parity"]["equal"]) == ("refused", False, False)
    told = "Heroku app bond-server has another configuration than ECS service bond-web (NEW, TEXT)"
    assert real["msg"].startswith(f"No traffic may move: {told}.")
    assert dry["headline"] == [f"Gate: {told}"]
    assert "value-of" not in json.dumps([real, dry])


def test_an_older_version_is_compared_as_it_was_pinned(world: HerokuWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    first = copied(world)
    world.set_config("bond-server", {**CONFIG, "TEXT": "value-of-another"})
    second = copied(world)
    assert look(world, monkeypatch, use(second))["parity"]["equal"]
    assert look(world, monkeypatch, use(first), dry=True)["parity"]["differing"] == {"bond-web": ["TEXT"]}


def test_where_no_service_runs_with_the_secret_nothing_moves(
    world: HerokuWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert f"no service runs with secret {NAME}" in look(world, monkeypatch)["msg"]
    assert not look(world, monkeypatch, dry=True)["failed"]
