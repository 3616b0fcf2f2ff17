"""aws_stack_drift_info: what was changed by hand is told by property, in dry runs too, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.modules import aws_stack, aws_stack_drift_info
from ansible_collections.offramp.ecs.plugins.modules.aws_stack_drift_info import Difference, Drift, Resource
from tests.unit.plugins.stack_world import StackWorld, stack_world

TEMPLATE = """
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: bond}
  Logs:
    Type: AWS::Logs::LogGroup
    Properties: {RetentionInDays: 30}
Outputs:
  Logs: {Value: !Ref Logs}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackWorld]:
    with stack_world(tmp_path_factory.mktemp("aws")) as made:
        yield made


@pytest.fixture(scope="module")
def logs(world: StackWorld) -> str:
    made = world.run(aws_stack, name="bond", template=world.template("bond", TEMPLATE))
    return str(made["stack"]["outputs"]["Logs"])


def drift(world: StackWorld, name: str = "bond", *, dry: bool = False) -> dict[str, Any]:
    found = world.run(aws_stack_drift_info, dry=dry, name=name)
    assert not found["failed"], found["msg"]
    return found


def test_a_stack_as_it_was_made_is_in_sync(world: StackWorld, logs: str) -> None:
    with world.watched() as seen:
        found = drift(world)
    assert found["drift"] == {"name": "bond", "status": "IN_SYNC", "resources": []}
    assert found["headline"] == ["Stack bond: no drift."]
    assert {line.partition(" ")[0] for line in seen} == {"read"}


@pytest.mark.parametrize("dry", [False, True])
def test_what_was_changed_by_hand_is_told_by_property(world: StackWorld, logs: str, dry: bool) -> None:
    client = world.client("logs")
    client.put_retention_policy(logGroupName=logs, retentionInDays=7)
    found = drift(world, dry=dry)
    client.put_retention_policy(logGroupName=logs, retentionInDays=30)
    (resource,) = found["drift"]["resources"]
    assert resource["resource"] == "Logs"
    assert resource["differences"] == [{"path": "/RetentionInDays", "expected": "30", "actual": "7"}]
    assert found["headline"] == ["Stack bond, Logs (AWS::Logs::LogGroup): was modified; /RetentionInDays is 7, not 30"]


def test_a_stack_that_is_not_there_has_no_drift(world: StackWorld) -> None:
    assert drift(world, "none")["headline"] == ["Stack none: there is none."]


def test_what_a_creation_that_came_to_nothing_left_has_no_drift(world: StackWorld) -> None:
    change_set = {"ChangeSetName": "first", "ChangeSetType": "CREATE", "TemplateBody": TEMPLATE}
    world.client("cloudformation").create_change_set(StackName="shell", **change_set)
    with world.watched() as seen:
        assert drift(world, "shell")["headline"] == ["Stack shell: there is none."]
    assert seen == ["read DescribeStacks"]


def test_a_stack_that_is_at_work_is_told_as_such(world: StackWorld) -> None:
    handle = "Handle: {Type: AWS::CloudFormation::WaitConditionHandle}"
    gate = "Gate: {Type: AWS::CloudFormation::WaitCondition, Properties: {Handle: !Ref Handle, Timeout: '2', Count: 1}}"
    client = world.client("cloudformation")
    client.create_stack(StackName="busy", TemplateBody=TEMPLATE.replace("Outputs:", f"  {handle}\n  {gate}\nOutputs:"))
    found = drift(world, "busy")
    assert found["drift"]["status"] == "UNKNOWN"
    assert found["headline"] == ["Stack busy: its drift cannot be told, since it is at CREATE_IN_PROGRESS."]


DELETED = Drift(
    "bond", "DETECTION_COMPLETE", "DRIFTED", resources=(Resource("Topic", "AWS::SNS::Topic", "DELETED", ()),)
)


def test_a_deleted_resource_is_told() -> None:
    assert aws_stack_drift_info.headline(DELETED) == ["Stack bond, Topic (AWS::SNS::Topic): was deleted"]


@pytest.mark.parametrize(
    ("have", "fails"),
    [
        (Drift("bond", "DETECTION_FAILED", reason="AccessDenied"), True),
        (replace(DELETED, detection="DETECTION_FAILED"), False),
        (DELETED, False),
    ],
)
def test_a_look_that_failed_altogether_is_an_error(have: Drift, fails: bool) -> None:
    assert (aws_stack_drift_info.failed(have) is not None) is fails


def test_each_property_of_a_resource_is_told() -> None:
    both = (Difference("/A", "1", "2"), Difference("/B", "3", "4"))
    have = replace(DELETED, resources=(Resource("Queue", "AWS::SQS::Queue", "MODIFIED", both),))
    assert aws_stack_drift_info.headline(have)[0].endswith("/A is 2, not 1; /B is 4, not 3")


def test_sentences_about_two_resources_do_not_replace_each_other_in_the_summary() -> None:
    two = replace(DELETED, resources=(*DELETED.resources, Resource("Queue", "AWS::SQS::Queue", "DELETED", ())))
    assert len({line.partition(":")[0] for line in aws_stack_drift_info.headline(two)}) == 2
