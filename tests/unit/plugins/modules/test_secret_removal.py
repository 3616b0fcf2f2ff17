"""secret_removal: only what is ours, only what nobody uses, and never for good at once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws import pins
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown
from ansible_collections.offramp.ecs.plugins.modules import secret_removal
from tests.unit.plugins.stack_world import StackWorld, stack_world

_names = (f"rehearsal/removed-{number}/config" for number in count())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackWorld]:
    with stack_world(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture
def name(world: StackWorld) -> str:
    """A secret of ours."""
    made = next(_names)
    tags = [{"Key": "offramp:app", "Value": "bond"}]
    world.client("secretsmanager").create_secret(Name=made, SecretString='{"A": "value-of"}', Tags=tags)
    return made


def remove(world: StackWorld, name: str, *, dry: bool = False, **params: Any) -> dict[str, Any]:
    return world.run(secret_removal, dry=dry, **{"name": name, "app": "bond", **params})


def test_a_secret_goes_with_days_to_take_it_back(world: StackWorld, name: str) -> None:
    dry = remove(world, name, dry=True)
    assert is_unknown(dry["removal"]["leaves_at"])
    with world.watched() as seen:
        done = remove(world, name, recovery_days=7)
    assert seen == ["read DescribeSecret", "write DeleteSecret", "read DescribeSecret"]
    assert done["removal"]["leaves_at"].startswith("20")
    assert f"restore-secret --secret-id {name}" in done["headline"][0]
    assert [change["target"] for change in done["changes"]] == [f"secret {name}"]
    with world.watched() as seen:
        assert not remove(world, name)["changed"]
    assert seen == ["read DescribeSecret"]
    world.client("secretsmanager").restore_secret(SecretId=name)
    assert remove(world, name)["changed"]


def test_replicas_go_first(world: StackWorld, name: str) -> None:
    regions = [{"Region": "eu-north-1"}, {"Region": "eu-west-3"}]
    world.client("secretsmanager").replicate_secret_to_regions(SecretId=name, AddReplicaRegions=regions)
    done = remove(world, name)
    assert [change["target"] for change in done["changes"]] == [
        f"replica in eu-north-1 of secret {name}",
        f"replica in eu-west-3 of secret {name}",
        f"secret {name}",
    ]


def test_what_is_not_there_is_no_change(world: StackWorld) -> None:
    done = remove(world, "rehearsal/never/config")
    assert (done["changed"], done["removal"]["leaves_at"]) == (False, "")
    assert done["headline"] == ["Secret rehearsal/never/config: there is none"]


@pytest.mark.parametrize("app", ["other", ""])
def test_what_is_not_ours_stays(world: StackWorld, name: str, app: str) -> None:
    with world.watched() as seen:
        refused = remove(world, name, app=app)
    assert "is not ours to write" in refused["msg"]
    assert not [line for line in seen if line.startswith("write")]


def test_what_a_service_runs_with_stays(world: StackWorld, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    used = [pins.Use(f"bond-{process}", "arn:definition", "v1", ("A",)) for process in ("worker", "web")]
    monkeypatch.setattr(pins.Pins, "uses", lambda *_: tuple(used))
    with world.watched() as seen:
        refused = remove(world, name, cluster="offramp-test", services=["bond-web", "bond-worker"])
    assert "ECS service bond-web, bond-worker runs with it" in refused["msg"]
    assert not [line for line in seen if line.startswith("write")]
    assert remove(world, name, dry=True)["msg"] == refused["msg"]


@pytest.mark.parametrize("days", [0, 6, 31])
def test_windows_that_aws_does_not_have_are_refused(world: StackWorld, name: str, days: int) -> None:
    with world.watched() as seen:
        refused = remove(world, name, recovery_days=days)
    assert (refused["kind"], seen) == ("bad_input", [])
