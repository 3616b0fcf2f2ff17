"""Stacks live as on AWS: change sets, events in order, rollback with the first reason, outputs, deletion, refusals."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from rehearsal.aws.cloudformation import gate
from rehearsal.seed import Aws, Seed
from tests.unit.rehearsal.aws.formation import NO_SUBNET, TOPIC, VPC, Stacks, template
from tests.unit.rehearsal.aws.refusals import refusal, refused

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
NAMED = {"Capabilities": ["CAPABILITY_NAMED_IAM"]}


@pytest.fixture(scope="module", autouse=True)
def _no_lint() -> Any:
    """cfn-lint has tests of its own; here it would only take time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate, "mistakes", lambda *_: [])
        yield


@pytest.fixture(scope="module")
def seed() -> Seed:
    """Every test leaves a VPC or two."""
    return Seed(aws=Aws(quotas={"vpc/L-F678F1CE": 50}))


@pytest.fixture(scope="module")
def stacks(client: Any) -> Stacks:
    return Stacks(client("cloudformation"))


def role(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST, **properties}}


def test_a_change_set_makes_a_stack(stacks: Stacks) -> None:
    formation = stacks.client
    outputs = {"Id": {"Value": {"Ref": "Vpc"}, "Export": {"Name": "vpc-id"}}}
    body = template({"Vpc": VPC}, Outputs=outputs)
    formation.create_change_set(StackName="made", ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=body)
    assert formation.describe_stacks(StackName="made")["Stacks"][0]["StackStatus"] == "REVIEW_IN_PROGRESS"
    told = formation.describe_change_set(StackName="made", ChangeSetName="first")
    assert (told["Status"], told["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert [change["ResourceChange"]["Action"] for change in told["Changes"]] == ["Add"]
    formation.execute_change_set(StackName="made", ChangeSetName="first")
    stack = stacks.settled("made")
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["Outputs"][0]["OutputValue"] == stacks.physical_id("made", "Vpc")
    exports = {each["Name"]: each["Value"] for each in formation.list_exports()["Exports"]}
    assert exports["vpc-id"] == stack["Outputs"][0]["OutputValue"]


def test_a_change_set_without_changes_says_so(stacks: Stacks) -> None:
    stacks.create("same", template({"Topic": TOPIC}))
    formation = stacks.client
    formation.create_change_set(StackName="same", ChangeSetName="none", TemplateBody=template({"Topic": TOPIC}))
    told = formation.describe_change_set(StackName="same", ChangeSetName="none")
    assert (told["Status"], told["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "didn't contain changes" in told["StatusReason"]
    formation.delete_change_set(StackName="same", ChangeSetName="none")
    unchanged = {"StackName": "same", "TemplateBody": template({"Topic": TOPIC})}
    code, message, _ = refused(formation.update_stack, **unchanged)
    assert (code, message) == ("ValidationError", "No updates are to be performed.")


def test_a_change_set_tells_what_is_replaced(stacks: Stacks) -> None:
    stacks.create("replaced", template({"Vpc": VPC}))
    changed = template({"Vpc": {**VPC, "Properties": {"CidrBlock": "10.1.0.0/16"}}})
    flag = template({"Vpc": {**VPC, "Properties": {**VPC["Properties"], "EnableDnsHostnames": True}}})  # type: ignore[dict-item]
    for name, body, replacement in (("flag", flag, "False"), ("cidr", changed, "True")):
        stacks.client.create_change_set(StackName="replaced", ChangeSetName=name, TemplateBody=body)
        told = stacks.client.describe_change_set(StackName="replaced", ChangeSetName=name)["Changes"][0]
        assert told["ResourceChange"]["Replacement"] == replacement
    before = stacks.physical_id("replaced", "Vpc")
    stacks.client.execute_change_set(StackName="replaced", ChangeSetName="cidr")
    assert stacks.settled("replaced")["StackStatus"] == "UPDATE_COMPLETE"
    assert stacks.physical_id("replaced", "Vpc") != before


def test_a_failure_rolls_back_and_tells_the_first_reason(stacks: Stacks, client: Any) -> None:
    body = template({"Topic": TOPIC, "Subnet": {**NO_SUBNET, "DependsOn": "Topic"}})
    assert stacks.create("failing", body)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert stacks.events("failing") == [
        ("failing", "CREATE_IN_PROGRESS"),
        ("Topic", "CREATE_IN_PROGRESS"),
        ("Topic", "CREATE_COMPLETE"),
        ("Subnet", "CREATE_IN_PROGRESS"),
        ("Subnet", "CREATE_FAILED"),
        ("failing", "ROLLBACK_IN_PROGRESS"),
        ("Topic", "DELETE_IN_PROGRESS"),
        ("Topic", "DELETE_COMPLETE"),
        ("failing", "ROLLBACK_COMPLETE"),
    ]
    assert "vpc-0123456789abcdef0 does not exist" in stacks.failure("failing")
    again = {"StackName": "failing", "TemplateBody": template({"Topic": TOPIC})}
    assert refusal(stacks.client.create_stack, **again) == "AlreadyExistsException"
    assert refusal(stacks.client.update_stack, **again) == "ValidationError"
    assert stacks.delete("failing") == "DELETE_COMPLETE"


def test_a_failed_update_restores_what_was(stacks: Stacks) -> None:
    stacks.create("kept", template({"Vpc": VPC}, Outputs={"A": {"Value": "before"}}))
    vpc = stacks.physical_id("kept", "Vpc")
    body = template({"Vpc": VPC, "Subnet": NO_SUBNET}, Outputs={"A": {"Value": "after"}})
    stack = stacks.update("kept", body)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert stack["Outputs"][0]["OutputValue"] == "before"
    assert stacks.physical_id("kept", "Vpc") == vpc


def test_a_deleted_stack_is_found_by_its_id_alone(stacks: Stacks) -> None:
    stack = stacks.create("gone", template({"Topic": TOPIC}))
    assert stacks.delete("gone") == "DELETE_COMPLETE"
    formation = stacks.client
    for call in (formation.describe_stacks, formation.get_template, formation.describe_stack_resources):
        assert refused(call, StackName="gone")[1] == "Stack with id gone does not exist"
    assert formation.describe_stack_events(StackName=stack["StackId"])["StackEvents"]
    assert stacks.create("gone", template({"Topic": TOPIC}))["StackStatus"] == "CREATE_COMPLETE"


def test_templates_come_back_in_ascii(stacks: Stacks) -> None:
    stacks.create("text", "Description: größe\nResources:\n  Topic:\n    Type: AWS::SNS::Topic\n")
    assert "gr??e" in stacks.client.get_template(StackName="text")["TemplateBody"]


@pytest.mark.parametrize(
    ("properties", "capability"), [({}, "CAPABILITY_IAM"), ({"RoleName": "x"}, "CAPABILITY_NAMED_IAM")]
)
def test_iam_needs_a_capability(stacks: Stacks, properties: dict[str, str], capability: str) -> None:
    body = template({"Role": role(**properties)})
    for call, more in (
        (stacks.client.create_stack, {}),
        (stacks.client.create_change_set, {"ChangeSetName": "x", "ChangeSetType": "CREATE"}),
    ):
        code, message, _ = refused(call, StackName="iam", TemplateBody=body, **more)
        assert (code, message) == ("InsufficientCapabilitiesException", f"Requires capabilities : [{capability}]")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "Parameters: [A, S] must have values"),
        ({"A": "c", "S": "x"}, "Parameter 'A' must be one of AllowedValues"),
        ({"A": "a", "S": "subnet-0"}, "parameter value subnet-0 for parameter name S does not exist"),
        ({"A": "a", "S": "x", "N": "0"}, "Parameter 'N' must be a number not less than 1"),
        ({"A": "a", "S": "x", "N": "x"}, "Parameter 'N' must be a number."),
        ({"A": "a", "S": "x", "B": "1"}, "Parameters: [B] do not exist in the template"),
    ],
)
def test_parameters_that_do_not_fit(stacks: Stacks, given: dict[str, str], message: str) -> None:
    declared = {
        "A": {"Type": "String", "AllowedValues": ["a", "b"]},
        "N": {"Type": "Number", "Default": 1, "MinValue": 1},
        "S": {"Type": "AWS::EC2::Subnet::Id"},
    }
    body = template({"Topic": TOPIC}, Parameters=declared)
    parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()]
    code, told, _ = refused(stacks.client.create_stack, StackName="p", TemplateBody=body, Parameters=parameters)
    assert code == "ValidationError"
    assert message in told


def test_names_that_are_taken_fail_the_stack(stacks: Stacks, client: Any) -> None:
    client("iam").create_role(RoleName="taken", AssumeRolePolicyDocument=json.dumps(TRUST))
    client("logs").create_log_group(logGroupName="/taken")
    client("ecr").create_repository(repositoryName="taken")
    resources = {
        "role": role(RoleName="taken"),
        "group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/taken"}},
        "repository": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "taken"}},
    }
    for name, resource in resources.items():
        assert stacks.create(f"taken-{name}", template({"It": resource}), **NAMED)["StackStatus"] == "ROLLBACK_COMPLETE"
        assert "already exists" in stacks.failure(f"taken-{name}")
    assert client("iam").get_role(RoleName="taken")["Role"]["RoleName"] == "taken"


def test_policies_that_do_not_exist_fail_the_stack(stacks: Stacks) -> None:
    right, wrong = "service-role/AmazonECSTaskExecutionRolePolicy", "AmazonECSTaskExecutionRolePolicy"
    for name, path, status in (("right", right, "CREATE_COMPLETE"), ("wrong", wrong, "ROLLBACK_COMPLETE")):
        body = template({"Role": role(ManagedPolicyArns=[f"arn:aws:iam::aws:policy/{path}"])})
        assert stacks.create(f"policy-{name}", body, **NAMED)["StackStatus"] == status


def test_the_api_answers_while_stacks_are_made(stacks: Stacks, client: Any) -> None:
    body = template({f"Vpc{number}": VPC for number in range(5)})
    slowest = 0.0
    with ThreadPoolExecutor() as pool:
        making = [pool.submit(stacks.create, f"busy-{number}", body) for number in range(2)]
        while not all(each.done() for each in making):
            started = time.monotonic()
            client("sts").get_caller_identity()
            slowest = max(slowest, time.monotonic() - started)
    assert [each.result()["StackStatus"] for each in making] == ["CREATE_COMPLETE"] * 2
    assert slowest < 2.0
