"""aws_stack: the plan as data, and what a dry run foresees."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import boto3
import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws import stacks, template
from ansible_collections.offramp.ecs.plugins.module_utils.aws.change_sets import Cause, Order, ResourceChange
from ansible_collections.offramp.ecs.plugins.module_utils.aws.stack_events import Event
from ansible_collections.offramp.ecs.plugins.module_utils.aws.stacks import Stack
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Refused
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown
from ansible_collections.offramp.ecs.plugins.modules import aws_stack
from ansible_collections.offramp.ecs.plugins.modules.aws_stack import Want

TEXT = """
Parameters:
  Days: {Type: Number, Default: 7}
Resources:
  Logs:
    Type: AWS::Logs::LogGroup
    Properties: {RetentionInDays: !Ref Days}
  Topic:
    Type: AWS::SNS::Topic
Outputs:
  LogsArn: {Value: !GetAtt Logs.Arn}
  TopicArn: {Value: !Ref Topic}
"""
TEMPLATE = template.parse(TEXT)
WANT = Want("bond", Order(TEMPLATE, {"Days": "7"}, {"team": "bond"}))
HAVE = Stack(
    "bond",
    status="CREATE_COMPLETE",
    id="arn:stack/bond",
    template=TEMPLATE,
    parameters={"Days": "7"},
    tags={"team": "bond"},
    outputs={"LogsArn": "arn:logs", "TopicArn": "arn:topic"},
)
LOGS_MODIFIED = ResourceChange("Logs", "AWS::Logs::LogGroup", "Modify", "False", ("RetentionInDays",))
LOGS_REPLACED = replace(
    LOGS_MODIFIED, replacement="True", properties=("LogGroupName",), causes=(Cause("LogGroupName"),)
)
LOGS_PERHAPS = replace(LOGS_REPLACED, replacement="Conditional")
TOPIC_REMOVED = ResourceChange("Topic", "AWS::SNS::Topic", "Remove", "")


def planned(have: Stack, want: Want = WANT) -> list[tuple[str, str]]:
    return [(change.verb, change.target) for change in aws_stack.plan(have, want)]


def allowing(*resources: str) -> Want:
    return replace(WANT, order=replace(WANT.order, may_lose=resources))


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_nothing_to_do_when_deployed_as_wanted(status: str) -> None:
    assert planned(replace(HAVE, status=status)) == []


@pytest.mark.parametrize(
    "text",
    [
        f"# a comment\n{TEXT}",
        TEXT.replace("!Ref Days", "{Ref: Days}"),
        TEXT.replace("!GetAtt Logs.Arn", "{Fn::GetAtt: [Logs, Arn]}"),
    ],
)
def test_another_way_to_write_the_same_template_is_no_change(text: str) -> None:
    assert planned(replace(HAVE, template=template.parse(text))) == []


@pytest.mark.parametrize("status", ["", "REVIEW_IN_PROGRESS", "DELETE_IN_PROGRESS"])
def test_a_missing_stack_is_created(status: str) -> None:
    assert planned(Stack("bond", status=status)) == [("create", "stack bond")]


def test_what_would_keep_a_creation_from_being_undone_comes_after_it() -> None:
    first = replace(WANT.order, parameters={"Days": "3"})
    create, update = aws_stack.plan(Stack("bond"), replace(WANT, at_first=first))
    assert (create.verb, create.payload.order.parameters) == ("create", {"Days": "3"})
    assert (update.verb, update.payload.order.parameters) == ("update", {"Days": "7"})
    assert (update.before, update.after) == ({"parameters": {"Days": "3"}}, {"parameters": {"Days": "7"}})


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "ROLLBACK_IN_PROGRESS"])
def test_what_a_failed_creation_left_is_deleted_first(status: str) -> None:
    assert planned(Stack("bond", status=status)) == [("delete", "remains of stack bond"), ("create", "stack bond")]


def test_a_rollback_that_got_stuck_is_taken_up_first() -> None:
    have = replace(HAVE, status="UPDATE_ROLLBACK_FAILED", parameters={"Days": "3"})
    assert planned(have) == [("start", "rollback of stack bond"), ("update", "stack bond")]


def test_a_rollback_that_got_stuck_is_taken_up_though_nothing_else_differs() -> None:
    have = replace(HAVE, status="UPDATE_ROLLBACK_FAILED")
    assert planned(have) == [("start", "rollback of stack bond")]


@pytest.mark.parametrize(
    ("status", "todo"),
    [
        ("CREATE_FAILED", "aws cloudformation delete-stack --stack-name bond, then run again."),
        ("UPDATE_FAILED", "aws cloudformation rollback-stack --stack-name bond, then run again."),
        ("DELETE_FAILED", "--retain-resources RESOURCE, then run again."),
        ("IMPORT_ROLLBACK_FAILED", "in the CloudFormation console, then run again."),
    ],
)
def test_states_of_somebody_elses_making_are_told_with_the_way_out(status: str, todo: str) -> None:
    failed = Event("1", "Logs", "AWS::Logs::LogGroup", status, "It is in use", is_stack=False)
    with pytest.raises(Refused) as refused:
        aws_stack.plan(replace(HAVE, status=status, events=(failed,)), WANT)
    assert refused.value.msg.startswith(f"Stack bond is at {status}: Logs failed: It is in use. Somebody ")
    assert refused.value.hint.endswith(todo)


def test_every_state_that_cloudformation_knows_is_known_here() -> None:
    model = boto3.client("cloudformation", region_name="eu-west-1").meta.service_model
    known = {*stacks.USABLE, *stacks.NOTHING, *stacks.REMAINS, *stacks.STUCK, stacks.HALF_BACK}
    at_work = {status for status in model.shape_for("StackStatus").enum if Stack("bond", status=status).moving}
    assert set(model.shape_for("StackStatus").enum) - at_work - known == set()


@pytest.mark.parametrize(
    ("have", "before", "after"),
    [
        ({"parameters": {"Days": "3"}}, {"parameters": {"Days": "3"}}, {"parameters": {"Days": "7"}}),
        ({"tags": {"team": "x", "old": "1"}}, {"tags": {"team": "x", "old": "1"}}, {"tags": {"team": "bond"}}),
        (
            {"template": template.parse(TEXT.replace("!Ref Days", "3"))},
            {"template": {"Resources": {"Logs": {"Properties": {"RetentionInDays": 3}}}}},
            {"template": {"Resources": {"Logs": {"Properties": {"RetentionInDays": {"Ref": "Days"}}}}}},
        ),
    ],
    ids=["parameter", "tags", "template"],
)
def test_an_update_shows_the_values_that_differ_and_no_others(have: Any, before: Any, after: Any) -> None:
    (change,) = aws_stack.plan(replace(HAVE, **have, preview=(LOGS_MODIFIED,)), WANT)
    assert (change.verb, change.target) == ("update", "stack bond")
    assert change.before == before
    assert change.after == {
        **after,
        "resources": {"modify": {"Logs": "RetentionInDays, not replaced (AWS::Logs::LogGroup)"}},
    }


def test_masked_parameters_count_as_equal() -> None:
    assert planned(replace(HAVE, parameters={"Days": "****"})) == []


def test_nothing_is_planned_where_cloudformation_sees_no_change() -> None:
    assert planned(replace(HAVE, tags={}, preview=())) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (LOGS_REPLACED, "would replace Logs (AWS::Logs::LogGroup), since LogGroupName changes."),
        (LOGS_PERHAPS, "would perhaps replace Logs (AWS::Logs::LogGroup), since LogGroupName changes."),
        (TOPIC_REMOVED, "would remove Topic (AWS::SNS::Topic), which the wanted template does not make."),
    ],
    ids=["replaced", "perhaps replaced", "removed"],
)
def test_losing_a_resource_is_refused_with_its_cause_unless_it_is_allowed(change: ResourceChange, said: str) -> None:
    have = replace(HAVE, parameters={"Days": "3"}, preview=(change,))
    with pytest.raises(Refused) as refused:
        aws_stack.plan(have, WANT)
    assert refused.value.msg == f"The update of stack bond {said}"
    assert refused.value.hint.endswith(f"provision_allow_replacement: [{change.resource}].")
    assert planned(have, allowing(change.resource)) == [("update", "stack bond")]


def test_all_that_would_be_lost_is_named_at_once() -> None:
    have = replace(HAVE, parameters={"Days": "3"}, preview=(LOGS_REPLACED, TOPIC_REMOVED))
    with pytest.raises(Refused) as refused:
        aws_stack.plan(have, WANT)
    assert refused.value.msg.endswith("since LogGroupName changes. It would lose 1 more: Topic.")
    assert refused.value.hint.endswith("provision_allow_replacement: [Logs, Topic].")
    with pytest.raises(Refused, match=r"would remove Topic"):
        aws_stack.plan(have, allowing("Logs"))


def test_a_resource_that_holds_nothing_may_go() -> None:
    route = ResourceChange("Out", "AWS::EC2::Route", "Remove", "")
    assert planned(replace(HAVE, parameters={"Days": "3"}, preview=(route,))) == [("update", "stack bond")]


def test_a_new_stacks_outputs_are_foreseen_as_unknown() -> None:
    foreseen = aws_stack.foresee(Stack("bond"), WANT)
    assert list(foreseen.outputs) == ["LogsArn", "TopicArn"]
    assert all(is_unknown(value) for value in foreseen.outputs.values())


@pytest.mark.parametrize(
    ("preview", "kept"),
    [((LOGS_MODIFIED,), ["LogsArn", "TopicArn"]), ((LOGS_REPLACED,), ["TopicArn"]), ((), ["LogsArn", "TopicArn"])],
)
def test_outputs_that_cannot_change_are_kept(preview: tuple[ResourceChange, ...], kept: list[str]) -> None:
    want = allowing("Logs")
    foreseen = aws_stack.foresee(replace(HAVE, parameters={"Days": "3"}, preview=preview), want)
    assert [name for name, value in foreseen.outputs.items() if not is_unknown(value)] == kept
    assert list(foreseen.outputs) == ["LogsArn", "TopicArn"]


def test_a_stack_that_somebody_is_making_is_left_to_them_by_a_dry_run() -> None:
    have = Stack("bond", status="CREATE_IN_PROGRESS", id="arn:stack/bond")
    assert planned(have) == []
    foreseen = aws_stack.foresee(have, WANT)
    assert foreseen.status == "CREATE_IN_PROGRESS"
    assert all(is_unknown(value) for value in foreseen.outputs.values())
