"""aws_stack_info: given values win, and what does not exist is unknown."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws.stacks import Stack
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown
from ansible_collections.offramp.ecs.plugins.modules import aws_stack_info

DEPLOYED = Stack("net", status="CREATE_COMPLETE", outputs={"VpcId": "vpc-1", "Subnets": "a,b"})


class Api:
    """Stands for CloudFormation, and counts."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.asked = 0

    def describe(self, name: str) -> Stack:
        self.asked += 1
        assert name == self._stack.name
        return self._stack


def looked_up(api: Api, outputs: list[str], given: dict[str, Any], *, required: bool = True) -> Stack:
    params = {"name": "net", "region": "eu-west-1", "outputs": outputs, "given": given, "required": required}
    return aws_stack_info.observe(api, aws_stack_info.want_of(params))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "outputs", "asked"),
    [
        ({}, {"VpcId": "vpc-1", "Subnets": "a,b"}, 1),
        ({"VpcId": "vpc-9", "Subnets": []}, {"VpcId": "vpc-9", "Subnets": "a,b"}, 1),
        ({"VpcId": "vpc-9", "Subnets": ["c", "d"]}, {"VpcId": "vpc-9", "Subnets": "c,d"}, 0),
    ],
)
def test_given_values_win_and_spare_the_read(given: dict[str, Any], outputs: dict[str, str], asked: int) -> None:
    api = Api(DEPLOYED)
    assert looked_up(api, ["VpcId", "Subnets"], given).outputs == outputs
    assert api.asked == asked


@pytest.mark.parametrize("stack", [Stack("net"), Stack("net", status="ROLLBACK_COMPLETE")])
def test_what_is_missing_is_unknown_and_names_who_makes_it(stack: Stack) -> None:
    found = looked_up(Api(stack), ["VpcId"], {})
    assert is_unknown(found.outputs["VpcId"])
    assert "VpcId of stack net in eu-west-1" in found.outputs["VpcId"]


def test_what_need_not_be_there_is_empty_where_it_is_missing() -> None:
    assert looked_up(Api(Stack("net")), ["VpcId"], {}, required=False).outputs == {"VpcId": ""}
    assert looked_up(Api(DEPLOYED), ["VpcId"], {}, required=False).outputs == {"VpcId": "vpc-1"}
