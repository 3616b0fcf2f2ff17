"""The module that takes and frees an app's lock, against the rehearsal's Parameter Store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.modules import app_lock
from tests.unit.plugins.stack_world import StackWorld, stack_world

NAME = "/offramp/test/bond/lock"


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackWorld]:
    with stack_world(tmp_path_factory.mktemp("aws")) as made:
        yield made


def owner(world: StackWorld) -> str:
    found = world.client("ssm").get_parameters(Names=[NAME])["Parameters"]
    return str(json.loads(found[0]["Value"])["owner"]) if found else ""


def taken_by_bert(world: StackWorld) -> None:
    told = {"owner": "bert@desk", "host": "desk", "process": "1 1", "purpose": "release v1"}
    moments = {"since": "2027-01-15T08:00:00Z", "until": "2100-01-01T00:00:00Z"}
    world.client("ssm").put_parameter(Name=NAME, Value=json.dumps(told | moments), Type="String")


def lock_of(world: StackWorld, *, dry: bool = False, **given: Any) -> dict[str, Any]:
    return world.run(app_lock, dry=dry, **{"stage": "test", "app": "bond", "purpose": "shift", **given})


def test_a_role_takes_and_frees_it(world: StackWorld) -> None:
    dry = lock_of(world, dry=True)
    assert dry["lock"]["held"], "as it would be"
    assert owner(world) == ""
    taken = lock_of(world)
    assert [(each["verb"], each["target"]) for each in taken["changes"]] == [("create", "lock of app test/bond")]
    assert taken["changes"] == dry["changes"]
    assert (taken["lock"]["held"], taken["lock"]["purpose"]) == (True, "shift")
    with world.watched() as seen:
        assert not lock_of(world)["changed"]
    assert seen == ["read GetParameter"]
    assert [each["verb"] for each in lock_of(world, state="free")["changes"]] == ["delete"]
    assert not lock_of(world, state="free")["changed"]


def test_a_role_is_refused_what_another_run_has(world: StackWorld) -> None:
    taken_by_bert(world)
    refused = lock_of(world)
    assert (refused["kind"], refused["changes"][0]["verb"]) == ("refused", "update")
    assert "bert@desk has it for release v1" in refused["msg"]
    assert not lock_of(world, state="free")["changed"]
    broken = lock_of(world, break_it=True)
    assert broken["lock"]["held"]
    had = "bert@desk, who had it for release v1 since 2027-01-15T08:00:00Z"
    assert broken["headline"] == [f"The lock of app test/bond: taken from {had} (by order)"]
