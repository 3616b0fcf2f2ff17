"""aws_network_info: what makes a network unfit, and that the rehearsal's own network is fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.modules import aws_network_info, aws_stack
from ansible_collections.offramp.ecs.plugins.modules.aws_network_info import Network, Subnet
from tests.unit.plugins.stack_world import TEMPLATES, StackWorld, stack_world


def subnet(number: int, zone: str, way_out: str, **other: Any) -> Subnet:
    return replace(Subnet(f"subnet-{number}", "vpc-1", zone, 100, way_out), **other)


PUBLIC = (subnet(1, "a", "igw-1"), subnet(2, "b", "igw-1"))
PRIVATE = (subnet(3, "a", "nat-1"), subnet(4, "b", "tgw-1"))
FIT = Network("vpc-1", PUBLIC, PRIVATE)


def test_a_fit_network_has_no_faults() -> None:
    assert aws_network_info.faults(FIT) == []


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (
            replace(FIT, public=PUBLIC[:1]),
            "its public subnets must be in two availability zones at least, and are in a",
        ),
        (replace(FIT, private=()), "its private subnets must be in two availability zones at least, and are in none"),
        (replace(FIT, public=(PUBLIC[0], replace(PUBLIC[1], vpc="vpc-2"))), "subnet subnet-2 is in vpc-2"),
        (replace(FIT, public=(PUBLIC[0], replace(PUBLIC[1], way_out="nat-1"))), "has no route to an internet gateway"),
        (replace(FIT, private=(PRIVATE[0], replace(PRIVATE[1], way_out=""))), "subnet-4 has no default route"),
        (replace(FIT, private=(PRIVATE[0], replace(PRIVATE[1], way_out="igw-1"))), "leads to an internet gateway"),
        (replace(FIT, public=(PUBLIC[0], replace(PUBLIC[1], free=7))), "has 7 free addresses and needs 8"),
    ],
)
def test_each_fault_is_said(network: Network, said: str) -> None:
    (fault,) = aws_network_info.faults(network)
    assert said in fault


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackWorld]:
    with stack_world(tmp_path_factory.mktemp("aws")) as made:
        yield made


@pytest.fixture(scope="module")
def outputs(world: StackWorld) -> dict[str, str]:
    path = str(TEMPLATES / "network.cfn.yaml")
    made = world.run(
        aws_stack, name="net", template=path, parameters={"Stage": "test"}, capabilities=["CAPABILITY_IAM"]
    )
    found: dict[str, str] = made["stack"]["outputs"]
    return found


def checked(world: StackWorld, vpc: str, public: list[str], private: list[str]) -> dict[str, Any]:
    return world.run(aws_network_info, vpc=vpc, public_subnets=public, private_subnets=private)


def test_our_own_template_makes_a_fit_network(world: StackWorld, outputs: dict[str, str]) -> None:
    public, private = (outputs[f"{side}SubnetIds"].split(",") for side in ("Public", "Private"))
    with world.watched() as seen:
        found = checked(world, outputs["VpcId"], public, private)
    assert len(found["network"]["zones"]) == 2
    assert seen == ["read DescribeSubnets", "read DescribeRouteTables"]


def test_public_and_private_mixed_up_is_said(world: StackWorld, outputs: dict[str, str]) -> None:
    public, private = (outputs[f"{side}SubnetIds"].split(",") for side in ("Public", "Private"))
    found = checked(world, outputs["VpcId"], private, public)
    assert found["kind"] == "bad_input"
    assert f"subnet {private[0]} is given as public" in found["msg"]
    assert len(found["faults"]) == 4


def test_a_subnet_that_is_not_there_is_said(world: StackWorld, outputs: dict[str, str]) -> None:
    found = checked(world, outputs["VpcId"], ["subnet-0123456789abcdef0"], [])
    assert found["kind"] == "missing"
    assert "subnet-0123456789abcdef0" in found["msg"]
