"""The gates on AWS's side, asked over real sockets before there is anything that could get traffic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.modules import ecs_floor, ecs_readiness_info
from tests.unit.plugins.ecs_ground import EcsGround
from tests.unit.plugins.ecs_parts import process
from tests.unit.plugins.stack_world import StackWorld, stack_world

CLUSTER = "offramp-test"
SERVICE = {"cluster": CLUSTER, "service": "bond-web"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackWorld]:
    with stack_world(tmp_path_factory.mktemp("world")) as made:
        EcsGround(made, CLUSTER, "bond")
        yield made


@pytest.mark.parametrize("cluster", [CLUSTER, "offramp-absent"])
def test_a_service_that_is_not_there_gets_no_traffic_and_a_dry_run_goes_on(world: StackWorld, cluster: str) -> None:
    asked: dict[str, Any] = {**SERVICE, "cluster": cluster, "target_group_arn": "arn:aws:elasticloadbalancing:x"}
    with world.watched() as seen:
        real, dry = (world.run(ecs_readiness_info, dry=dry, **asked) for dry in (False, True))
    assert (real["kind"], real["msg"].partition(".")[0]) == (
        "refused",
        "ECS service bond-web must get no traffic: it does not exist",
    )
    assert dry["headline"] == ["Gate: ECS service bond-web may get no traffic yet: it does not exist"]
    assert seen == ["read DescribeServices"] * 2


def test_without_a_scalable_target_a_small_floor_writes_nothing(world: StackWorld) -> None:
    asked: dict[str, Any] = {**SERVICE, "process": process(port=8080, minimum=2, maximum=8)}
    with world.watched() as seen:
        result = world.run(ecs_floor, floor=2, **asked)
    assert result["floor"] == {"service": "bond-web", "minimum": 2, "foreseen": {}}
    assert seen == ["read DescribeScalableTargets"]


def test_a_floor_of_a_service_that_is_not_there_is_refused_by_aws_in_a_sentence(world: StackWorld) -> None:
    asked: dict[str, Any] = {**SERVICE, "process": process(port=8080, minimum=2, maximum=8)}
    result = world.run(ecs_floor, floor=4, **asked)
    assert (result["failed"], result["kind"] != "bug", "bond-web" in result["msg"]) == (True, True, True), result
