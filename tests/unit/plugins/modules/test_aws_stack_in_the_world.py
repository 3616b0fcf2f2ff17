"""aws_stack against the rehearsal's CloudFormation: what it asks, what it leaves, that it can be cut off anywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door, Kind
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown
from ansible_collections.offramp.ecs.plugins.modules import aws_stack
from tests.unit.plugins.stack_world import StackWorld, stack_world

GOOD = """
Parameters:
  Days: {Type: Number, Default: 7}
Resources:
  Logs:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: !Sub "/t/${AWS::StackName}", RetentionInDays: !Ref Days}
  Topic:
    Type: AWS::SNS::Topic
Outputs:
  Name: {Value: !Ref Logs}
"""
BAD = GOOD.replace(
    "Outputs:",
    """
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    DependsOn: [Logs, Topic]
    Properties:
      LoadBalancerArn: !Sub "arn:aws:elasticloadbalancing:eu-west-1:${AWS::AccountId}:loadbalancer/app/none/1"
      Port: 80
      Protocol: HTTP
      DefaultActions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "200"}}]
Outputs:""",
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackWorld]:
    with stack_world(tmp_path_factory.mktemp("aws")) as made:
        yield made


def stack(world: StackWorld, name: str, text: str = GOOD, *, dry: bool = False, **parameters: Any) -> dict[str, Any]:
    path = world.template("good" if text == GOOD else "other", text)
    return world.run(aws_stack, dry=dry, name=name, template=path, once_created=parameters)


def test_a_new_stack_is_made_and_left_alone_by_the_second_run(world: StackWorld) -> None:
    with world.watched() as seen:
        first = stack(world, "made")
    assert [line for line in seen if not line.startswith("read ")] == [
        "write CreateChangeSet",
        "write ExecuteChangeSet",
    ]
    assert (first["changed"], first["stack"]["status"]) == (True, "CREATE_COMPLETE")
    assert first["stack"]["outputs"] == {"Name": "/t/made"}
    with world.watched() as seen:
        second = stack(world, "made")
    assert not second["changed"]
    assert seen == ["read DescribeStacks", "read GetTemplate"]


def test_a_dry_run_of_a_new_stack_reads_once_and_lists_its_resources(world: StackWorld) -> None:
    with world.watched() as seen:
        dry = stack(world, "dry", dry=True)
    assert seen == ["read DescribeStacks"]
    (change,) = dry["changes"]
    assert change["after"]["resources"] == {"add": {"Logs": "AWS::Logs::LogGroup", "Topic": "AWS::SNS::Topic"}}
    assert is_unknown(dry["stack"]["outputs"]["Name"])


def test_a_dry_run_of_an_update_looks_by_a_change_set_and_leaves_none(world: StackWorld) -> None:
    stack(world, "looked-at")
    with world.watched() as seen:
        dry = stack(world, "looked-at", dry=True, Days=3)
    assert [line for line in seen if not line.startswith("read ")] == [
        "preview CreateChangeSet",
        "preview DeleteChangeSet",
    ]
    left = world.client("cloudformation").list_change_sets(StackName="looked-at")["Summaries"]
    assert not [one for one in left if "preview" in one["ChangeSetName"]]
    real = stack(world, "looked-at", Days=3)
    assert dry["changes"] == real["changes"]
    assert "parameters.Days: 7 -> 3" in real["diff"]["prepared"]
    groups = world.client("logs").describe_log_groups(logGroupNamePrefix="/t/looked-at")["logGroups"]
    assert [group["retentionInDays"] for group in groups] == [3]


def test_the_first_failed_resource_comes_first(world: StackWorld) -> None:
    failed = stack(world, "failed", BAD)
    assert failed["msg"].startswith("Listener of stack failed failed: The specified load balancer does not exist.")
    assert failed["failures"][0]["resource"] == "Listener"


def test_what_a_failed_creation_left_is_cleared_away(world: StackWorld) -> None:
    stack(world, "again", BAD)
    made = stack(world, "again")
    assert [change["verb"] for change in made["changes"]] == ["delete", "create"]
    assert made["stack"]["status"] == "CREATE_COMPLETE"
    assert not stack(world, "again")["changed"]


def test_a_failed_update_leaves_the_stack_as_it_was(world: StackWorld) -> None:
    stack(world, "kept")
    failed = stack(world, "kept", BAD, Days=3)
    assert failed["msg"].startswith("Listener of stack kept failed: ")
    assert "back in the state before" in failed["msg"]
    with world.watched() as seen:
        assert not stack(world, "kept")["changed"]
    assert "write" not in " ".join(seen)


def test_an_order_that_cloudformation_does_not_take_leaves_no_shell_of_a_stack(world: StackWorld) -> None:
    path = world.template("unknown", GOOD.replace("AWS::SNS::Topic", "AWS::SNS::Tropic"))
    refused = world.run(aws_stack, name="refused", template=path)
    assert refused["failed"]
    assert "AWS::SNS::Tropic" in refused["msg"]
    names = [one["StackName"] for one in world.client("cloudformation").describe_stacks()["Stacks"]]
    assert "refused" not in names


def test_who_waits_hears_how_far_it_is(world: StackWorld) -> None:
    handle = "Handle: {Type: AWS::CloudFormation::WaitConditionHandle}"
    slow = "Gate: {Type: AWS::CloudFormation::WaitCondition, Properties: {Handle: !Ref Handle, Timeout: '1', Count: 1}}"
    stack(world, "slow", GOOD.replace("Outputs:", f"  {handle}\n  {slow}\nOutputs:"))
    assert any(f"slow, {n} of 4 resources finished, last " in line for n in (1, 2, 3) for line in world.said)


def test_runs_at_once_end_as_one(world: StackWorld) -> None:
    world.template("good", GOOD)
    for days in (7, 3, 5):
        with ThreadPoolExecutor(3) as pool:
            runs = list(pool.map(lambda days: stack(world, "shared", Days=days), [days] * 3))
        assert [run["msg"] for run in runs if run["failed"]] == []
        assert not stack(world, "shared", Days=days)["changed"]


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the collection may catch it."""


@pytest.fixture
def cut_off(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """``cut_off(n)``: whoever makes the n-th request from now on dies before it leaves. Polls count as one."""

    def before(number: int) -> None:
        class Mortal(Door):
            made: ClassVar[Counter[str]] = Counter()

            def let_out(self, kind: Kind, operation: str) -> None:
                self.made[operation] += kind != "read" or self.made[operation] < 2
                if self.made.total() == number:
                    raise Killed
                super().let_out(kind, operation)

        monkeypatch.setattr(runner, "Door", Mortal)

    return before


@pytest.mark.parametrize("start", ["an older stack", "remains of a failed creation"])
def test_a_run_cut_off_at_any_request_and_run_again_ends_the_same(
    world: StackWorld, cut_off: Callable[[int], None], start: str
) -> None:
    beginnings: dict[str, Callable[[str], Any]] = {
        "an older stack": lambda name: stack(world, name),
        "remains of a failed creation": lambda name: stack(world, name, BAD),
    }
    ends, number, survived = [], 0, False
    while not survived:
        number += 1
        name = f"{start.split()[-1]}-{number}"
        cut_off(0)
        beginnings[start](name)
        cut_off(number)
        try:
            stack(world, name, Days=3)
            survived = True
        except Killed:
            cut_off(0)
            assert not stack(world, name, Days=3)["failed"]
        cut_off(0)
        assert not stack(world, name, Days=3)["changed"]
        ends.append(end_of(world, name))
    assert number > 6
    assert all(end == ends[-1] for end in ends)


def end_of(world: StackWorld, name: str) -> dict[str, Any]:
    """What there is in the end, the stack's own name aside."""
    formation = world.client("cloudformation")
    found = formation.describe_stacks(StackName=name)["Stacks"][0]
    resources = formation.list_stack_resources(StackName=name)["StackResourceSummaries"]
    return {
        "status": found["StackStatus"],
        "parameters": found["Parameters"],
        "outputs": [one["OutputValue"].replace(name, "NAME") for one in found["Outputs"]],
        "resources": sorted(one["LogicalResourceId"] for one in resources),
        "change sets": len(formation.list_change_sets(StackName=name)["Summaries"]),
    }
