"""CloudFormation's dialect: what events tell, when a stack is at rest, and answers that come in pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from ansible_collections.offramp.ecs.plugins.module_utils.aws import change_sets, stack_events, stacks, template
from ansible_collections.offramp.ecs.plugins.module_utils.aws.change_sets import Order
from ansible_collections.offramp.ecs.plugins.module_utils.aws.stack_events import Event
from ansible_collections.offramp.ecs.plugins.module_utils.aws.stacks import Attempt, Stack, Stacks
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Refused, Throttled

ARN = "arn:aws:cloudformation:eu-west-1:123456789012:stack/bond/1"
ORDER = Order(template.parse("Resources: {Topic: {Type: AWS::SNS::Topic}}"), {}, {})


def event(resource: str, status: str, reason: str = "", number: int = 0) -> Event:
    return Event(str(number), resource, "AWS::X", status, reason, is_stack=resource == "bond")


def stack(status: str, *events: Event, attempt: Attempt | None = None) -> Stack:
    return Stack("bond", status=status, id=ARN, events=events, attempt=attempt)


def test_the_first_failure_is_the_first_that_was_not_given_up() -> None:
    events = (
        event("bond", "UPDATE_IN_PROGRESS"),
        event("Topic", "CREATE_FAILED", "Resource creation cancelled"),
        event("Queue", "CREATE_FAILED", "Quota exceeded"),
        event("Other", "CREATE_FAILED", "Later"),
        event("bond", "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed"),
    )
    first = stack_events.first_failure(events)
    assert first is not None
    assert (first.resource, first.reason) == ("Queue", "Quota exceeded")


def test_a_stack_that_failed_as_a_whole_is_its_own_first_failure() -> None:
    first = stack_events.first_failure((event("bond", "ROLLBACK_FAILED", "Role is gone"),))
    assert first is not None
    assert first.reason == "Role is gone"


def test_finished_resources_count_once_and_only_when_they_are_done() -> None:
    events = (
        event("Topic", "CREATE_IN_PROGRESS"),
        event("Topic", "CREATE_COMPLETE"),
        event("Queue", "CREATE_COMPLETE"),
        event("Queue", "DELETE_IN_PROGRESS"),
        event("bond", "CREATE_COMPLETE"),
    )
    assert [one.resource for one in stack_events.finished(events)] == ["Topic"]


@pytest.mark.parametrize(
    ("status", "moving"),
    [
        ("CREATE_IN_PROGRESS", True),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", True),
        ("REVIEW_IN_PROGRESS", False),
        ("UPDATE_COMPLETE", False),
        ("", False),
    ],
)
def test_a_stack_moves_while_cloudformation_works_on_it(status: str, moving: bool) -> None:
    assert Stack("bond", status=status, id=ARN if status else "").moving is moving


@pytest.mark.parametrize(
    ("events", "moving"),
    [
        ((), True),
        ((event("bond", "UPDATE_IN_PROGRESS"),), True),
        ((event("bond", "UPDATE_IN_PROGRESS"), event("bond", "UPDATE_COMPLETE")), False),
    ],
    ids=["not yet begun", "status lags behind", "ended"],
)
def test_an_order_has_ended_only_when_an_event_says_so(events: tuple[Event, ...], moving: bool) -> None:
    """Right after the order the stack may still have its old status, which looks like the end."""
    assert stack("UPDATE_COMPLETE", *events, attempt=Attempt("update", since="0")).moving is moving


@pytest.mark.parametrize(
    ("verb", "status", "said"),
    [
        (
            "create",
            "ROLLBACK_COMPLETE",
            "Topic of stack bond failed: Quota exceeded. What had been created was removed",
        ),
        ("update", "UPDATE_ROLLBACK_COMPLETE", "Topic of stack bond failed: Quota exceeded. The stack is back"),
        ("update", "UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name bond"),
        ("delete", "DELETE_FAILED", "remains of the failed creation are still there"),
    ],
)
def test_a_bad_end_is_told_by_its_first_failure(verb: str, status: str, said: str) -> None:
    events = (event("Topic", "CREATE_FAILED", "Quota exceeded"), event("bond", status))
    error = stacks.failed(stack(status, *events, attempt=Attempt(verb)))
    assert error is not None
    assert said in error.msg
    assert error.details["failures"][0] == {
        "resource": "Topic",
        "type": "AWS::X",
        "status": "CREATE_FAILED",
        "reason": "Quota exceeded",
    }


@pytest.mark.parametrize("attempt", [None, Attempt("update")], ids=["before", "after"])
def test_only_this_runs_own_order_can_fail_it(attempt: Attempt | None) -> None:
    rolled_back = stack("UPDATE_ROLLBACK_COMPLETE", event("bond", "UPDATE_ROLLBACK_COMPLETE"), attempt=attempt)
    assert (stacks.failed(rolled_back) is None) is (attempt is None)


def test_progress_tells_a_failure_while_the_stack_still_goes_back() -> None:
    events = (event("Topic", "CREATE_FAILED", "Quota exceeded"), event("bond", "ROLLBACK_IN_PROGRESS"))
    said = stacks.progress(stack("ROLLBACK_IN_PROGRESS", *events, attempt=Attempt("create", total=4)))
    assert said == "bond is going back, because Topic failed: Quota exceeded"


@pytest.mark.parametrize(
    ("token", "holder"),
    [
        ("offramp--ann--her-laptop--0a1b2c3d", " by ann on her-laptop"),
        ("Console-UpdateStack-1234", " by Console-UpdateStack-1234"),
        ("", ""),
    ],
)
def test_who_finds_a_stack_at_work_hears_who_holds_it(token: str, holder: str) -> None:
    begun = Event("1", "bond", "AWS::X", "UPDATE_IN_PROGRESS", "", is_stack=True, ordered_by=token)
    said = stacks.progress(stack("UPDATE_IN_PROGRESS", begun))
    assert said == f"bond, which is being changed{holder}, 0 resources finished"


@pytest.mark.parametrize(
    ("user", "host", "holder"),
    [
        ("ann", "laptop", "ann on laptop"),
        ("ann.o_k", "ip-10-0-0-1.example", "ann-o-k on ip-10-0-0-1-example"),
        ("-", "x" * 200, "unknown on " + "x" * 60),
    ],
)
def test_an_order_says_whose_it_is_in_a_form_that_cloudformation_takes(
    stubbed: Any, monkeypatch: pytest.MonkeyPatch, user: str, host: str, holder: str
) -> None:
    client, stubber = stubbed
    monkeypatch.setattr("getpass.getuser", lambda: user)
    monkeypatch.setattr("socket.gethostname", lambda: host)
    sent: list[str] = []
    client.meta.events.register(
        "before-parameter-build.cloudformation.DeleteStack",
        lambda params, **_: sent.append(params["ClientRequestToken"]),
    )
    stubber.add_response("describe_stack_events", {"StackEvents": []})
    stubber.add_response("delete_stack", {})
    Stacks(client).delete(Stack("bond", id=ARN))
    (token,) = sent
    assert re.fullmatch(r"[a-zA-Z][-a-zA-Z0-9]{0,127}", token)
    assert stacks.holder_of((Event("1", "bond", "", "", "", is_stack=True, ordered_by=token),)) == holder


@pytest.fixture
def stubbed() -> Any:
    client = boto3.client("cloudformation", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()


def raw(number: int, resource: str, status: str, reason: str = "") -> dict[str, Any]:
    return {
        "StackId": ARN,
        "StackName": "bond",
        "EventId": str(number),
        "LogicalResourceId": resource,
        "PhysicalResourceId": ARN if resource == "bond" else "",
        "ResourceType": "AWS::X",
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
        "Timestamp": "2026-01-01T00:00:00Z",
    }


def described(status: str) -> dict[str, Any]:
    return {"Stacks": [{"StackName": "bond", "StackId": ARN, "StackStatus": status, "CreationTime": "2026-01-01"}]}


def test_events_are_read_back_to_the_start_of_the_operation_and_no_further(stubbed: Any) -> None:
    client, stubber = stubbed
    stubber.add_response("describe_stacks", described("UPDATE_IN_PROGRESS"), {"StackName": "bond"})
    first = {"StackEvents": [raw(5, "Topic", "UPDATE_COMPLETE")], "NextToken": "more"}
    older = [raw(4, "bond", "UPDATE_IN_PROGRESS"), raw(3, "bond", "CREATE_COMPLETE")]
    stubber.add_response("describe_stack_events", first, {"StackName": ARN})
    second = {"StackEvents": older, "NextToken": "even more"}
    stubber.add_response("describe_stack_events", second, {"StackName": ARN, "NextToken": "more"})
    have = Stacks(client).observe("bond")
    assert [one.id for one in have.events] == ["4", "5"]


def test_reasons_are_told_without_their_wrapping(stubbed: Any) -> None:
    client, stubber = stubbed
    wrapped = (
        'Resource handler returned message: "No such load balancer. (Service: Elbv2, Status Code: 400, '
        'Request ID: 1)" (RequestToken: 2, HandlerErrorCode: NotFound)'
    )
    stubber.add_response("describe_stacks", described("UPDATE_IN_PROGRESS"))
    events = [raw(2, "Listener", "CREATE_FAILED", wrapped), raw(1, "bond", "UPDATE_IN_PROGRESS")]
    stubber.add_response("describe_stack_events", {"StackEvents": events})
    assert Stacks(client).observe("bond").events[-1].reason == "No such load balancer"


def change(resource: str, replacement: str = "False", **causes: str) -> dict[str, Any]:
    """A modification by two harmless properties, and by ``causes``: property -> the entity that it takes."""
    details: list[dict[str, Any]] = [
        {"Target": {"Attribute": "Properties", "Name": "TopicName"}},
        {"Target": {"Attribute": "Tags", "RequiresRecreation": "Never"}},
    ]
    for name, entity in causes.items():
        how = {"CausingEntity": entity, "ChangeSource": "ResourceAttribute" if "." in entity else "ResourceReference"}
        target = {"Attribute": "Properties", "Name": name, "RequiresRecreation": "Always"}
        details.append({"Target": target, "Evaluation": "Dynamic", **(how if entity else {})})
    return {
        "Type": "Resource",
        "ResourceChange": {
            "LogicalResourceId": resource,
            "ResourceType": "AWS::SNS::Topic",
            "Action": "Modify",
            "Replacement": replacement,
            "Details": details,
        },
    }


def made(*changes: dict[str, Any], status: str = "CREATE_COMPLETE", reason: str = "", **more: str) -> dict[str, Any]:
    return {
        "ChangeSetId": "set-1",
        "StackId": ARN,
        "Status": status,
        "StatusReason": reason,
        "ExecutionStatus": "AVAILABLE",
        "Changes": list(changes),
        **more,
    }


def test_a_preview_has_the_changes_of_all_pages_and_is_deleted(stubbed: Any) -> None:
    client, stubber = stubbed
    stubber.add_response("list_change_sets", {"Summaries": []}, {"StackName": "bond"})
    stubber.add_response("create_change_set", {"Id": "set-1"})
    stubber.add_response(
        "describe_change_set", made(change("A"), NextToken="more"), {"StackName": "bond", "ChangeSetName": "set-1"}
    )
    stubber.add_response("describe_change_set", made(change("B", "True")))
    stubber.add_response("delete_change_set", {}, {"StackName": "bond", "ChangeSetName": ANY})
    seen = Stacks(client).preview("bond", ORDER)
    assert change_sets.listed(seen) == {
        "modify": {
            "A": "Tags, TopicName, not replaced (AWS::SNS::Topic)",
            "B": "Tags, TopicName, replaced (AWS::SNS::Topic)",
        }
    }


@pytest.mark.parametrize(
    ("changes", "replaced"),
    [
        ([change("A"), change("B", "Conditional", TopicArn="A")], []),
        ([change("A"), change("B", "Conditional", TopicArn="A.TopicArn")], []),
        ([change("A", "True"), change("B", "Conditional", TopicArn="A")], ["A", "B"]),
        (
            [
                change("C", "Conditional", TopicArn="B"),
                change("B", "Conditional", TopicArn="A.Id"),
                change("A", "True"),
            ],
            ["C", "B", "A"],
        ),
        ([change("A"), change("B", "Conditional", Version="A.LatestVersion")], ["B"]),
        ([change("A"), change("B", "Conditional", Version="")], ["B"]),
        ([change("A"), change("B", "Conditional")], ["B"]),
    ],
    ids=["by name", "by ARN", "of one replaced", "in a chain", "another attribute", "itself", "no reason given"],
)
def test_what_waits_for_a_replacement_that_does_not_come_stays(
    stubbed: Any, changes: list[dict[str, Any]], replaced: list[str]
) -> None:
    client, stubber = stubbed
    stubber.add_response("list_change_sets", {"Summaries": []})
    stubber.add_response("create_change_set", {"Id": "set-1"})
    stubber.add_response("describe_change_set", made(*changes))
    stubber.add_response("delete_change_set", {})
    seen = Stacks(client).preview("bond", ORDER)
    assert [one.resource for one in seen if one.is_replaced] == replaced


def summary(name: str, age: float) -> dict[str, Any]:
    created = datetime.now(UTC) - timedelta(seconds=age)
    return {"ChangeSetName": name, "CreationTime": created}


def test_looks_that_killed_runs_left_are_cleared_by_the_next_one(stubbed: Any) -> None:
    client, stubber = stubbed
    old, own = summary("offramp-preview-old", 3600), summary("somebody-elses", 3600)
    stubber.add_response("list_change_sets", {"Summaries": [own, old], "NextToken": "more"}, {"StackName": "bond"})
    stubber.add_response("delete_change_set", {}, {"StackName": "bond", "ChangeSetName": "offramp-preview-old"})
    going_on = summary("offramp-preview-of-another-run", 3)
    stubber.add_response("list_change_sets", {"Summaries": [going_on]}, {"StackName": "bond", "NextToken": "more"})
    stubber.add_response("create_change_set", {"Id": "set-1"})
    stubber.add_response("describe_change_set", made(change("A")))
    stubber.add_response("delete_change_set", {})
    Stacks(client).preview("bond", ORDER)


@pytest.mark.parametrize("fails", ["create_change_set", "describe_change_set"])
def test_a_look_is_undone_though_it_fails_in_between(stubbed: Any, fails: str) -> None:
    client, stubber = stubbed
    stubber.add_response("list_change_sets", {"Summaries": []})
    if fails == "describe_change_set":
        stubber.add_response("create_change_set", {"Id": "set-1"})
    stubber.add_client_error(fails, "Throttling", "Rate exceeded")
    stubber.add_client_error("delete_change_set", "ChangeSetNotFound")
    with pytest.raises(Throttled, match="Rate exceeded"):
        Stacks(client).preview("bond", ORDER)


@pytest.mark.parametrize(
    "reason", ["The submitted information didn't contain changes. Submit different.", "No updates are to be performed."]
)
def test_a_change_set_without_changes_is_no_failure(stubbed: Any, reason: str) -> None:
    client, stubber = stubbed
    stubber.add_response("list_change_sets", {"Summaries": []})
    stubber.add_response("create_change_set", {"Id": "set-1"})
    stubber.add_response("describe_change_set", made(status="FAILED", reason=reason))
    stubber.add_response("delete_change_set", {})
    assert Stacks(client).preview("bond", ORDER) == ()


def test_a_change_set_that_fails_is_refused_with_its_reason_and_its_shell_removed(stubbed: Any) -> None:
    client, stubber = stubbed
    stubber.add_response("create_change_set", {"Id": "set-1"})
    stubber.add_response("describe_change_set", made(status="FAILED", reason="Parameter Days must be a number."))
    stubber.add_response("delete_change_set", {})
    stubber.add_response("delete_stack", {}, {"StackName": ARN})
    with pytest.raises(Refused, match="Parameter Days must be a number"):
        Stacks(client).deploy("bond", ORDER, "create")


def test_a_change_set_that_a_killed_run_made_is_taken_up(stubbed: Any) -> None:
    client, stubber = stubbed
    stubber.add_client_error("create_change_set", "AlreadyExistsException")
    stubber.add_response("describe_change_set", made(change("A")))
    stubber.add_response("describe_stack_events", {"StackEvents": [raw(1, "bond", "REVIEW_IN_PROGRESS")]})
    stubber.add_response(
        "execute_change_set", {}, {"StackName": "bond", "ChangeSetName": "set-1", "ClientRequestToken": ANY}
    )
    Stacks(client).deploy("bond", ORDER, "create")


def test_a_change_set_that_went_stale_is_made_again(stubbed: Any) -> None:
    client, stubber = stubbed
    stubber.add_client_error("create_change_set", "AlreadyExistsException")
    stubber.add_response("describe_change_set", {**made(change("A")), "ExecutionStatus": "OBSOLETE"})
    stubber.add_response("delete_change_set", {})
    stubber.add_response("create_change_set", {"Id": "set-2"})
    stubber.add_response("describe_change_set", made(change("A")), {"StackName": "bond", "ChangeSetName": "set-2"})
    stubber.add_response("describe_stack_events", {"StackEvents": []})
    stubber.add_response("execute_change_set", {})
    Stacks(client).deploy("bond", ORDER, "update")


def test_an_update_that_would_lose_something_is_not_executed(stubbed: Any) -> None:
    client, stubber = stubbed
    stubber.add_response("create_change_set", {"Id": "set-1"})
    stubber.add_response("describe_change_set", made(change("A", "True")))
    stubber.add_response("delete_change_set", {})
    with pytest.raises(Refused, match=r"would replace A \(AWS::SNS::Topic\)"):
        Stacks(client).deploy("bond", ORDER, "update")


def test_a_stuck_rollback_is_taken_up_and_waited_for(stubbed: Any) -> None:
    client, stubber = stubbed
    stuck = Stack("bond", status="UPDATE_ROLLBACK_FAILED", id=ARN)
    old = raw(1, "bond", "UPDATE_ROLLBACK_FAILED")
    stubber.add_response("describe_stack_events", {"StackEvents": [old]})
    stubber.add_response("continue_update_rollback", {}, {"StackName": ARN, "ClientRequestToken": ANY})
    for events in ([], [raw(2, "bond", "UPDATE_ROLLBACK_FAILED")]):
        stubber.add_response("describe_stacks", described("UPDATE_ROLLBACK_FAILED"))
        stubber.add_response("describe_stack_events", {"StackEvents": [*events, old]})
        if events:
            stubber.add_response("get_template", {"TemplateBody": "Resources: {}"})
    api = Stacks(client)
    api.continue_rollback(stuck)
    assert api.observe("bond").moving, "the old failure is not that of this attempt"
    error = stacks.failed(api.observe("bond"))
    assert error is not None
    assert "--resources-to-skip" in error.msg


@pytest.mark.parametrize("refusal", ["InvalidChangeSetStatus", "ChangeSetNotFound"])
def test_two_runs_that_execute_the_same_change_set_both_wait_for_it(stubbed: Any, refusal: str) -> None:
    client, stubber = stubbed
    stubber.add_response("create_change_set", {"Id": "set-1"})
    stubber.add_response("describe_change_set", made(change("A")))
    stubber.add_response("describe_stack_events", {"StackEvents": []})
    stubber.add_client_error("execute_change_set", refusal)
    stubber.add_response("describe_stacks", described("UPDATE_IN_PROGRESS"))
    stubber.add_response("describe_stack_events", {"StackEvents": [raw(1, "bond", "UPDATE_IN_PROGRESS")]})
    api = Stacks(client)
    api.deploy("bond", ORDER, "update")
    have = api.observe("bond")
    assert have.moving
    assert have.attempt is None, "what the other run has ordered may be over before this run looks"
