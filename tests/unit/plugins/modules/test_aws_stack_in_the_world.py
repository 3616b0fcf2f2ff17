"""aws_stack against the rehearsal's CloudFormation: what it asks, what it leaves, that it can be cut off anywhere."""

from __future__ import annotations

import getpass
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws import change_sets
from ansible_collections.offramp.ecs.plugins.module_utils.aws.stacks import progress
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door, Kind
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown
from ansible_collections.offramp.ecs.plugins.modules import aws_stack
from rehearsal.aws.adapters import server
from rehearsal.aws.adapters import stacks as formation
from rehearsal.faults import Faults, Rule
from tests.unit.plugins.stack_world import REGION, StackWorld, stack_world

ACCOUNT = "123456789012"

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


LOOKS = [
    ("modify", {"Days": 3}, GOOD, {"modify": {"Logs": "RetentionInDays, not replaced (AWS::Logs::LogGroup)"}}),
    (
        "add",
        {},
        GOOD.replace("Outputs:", "  More: {Type: AWS::SNS::Topic}\nOutputs:"),
        {"add": {"More": "AWS::SNS::Topic"}},
    ),
    (
        "replace",
        {},
        GOOD.replace('"/t/${', '"/u/${'),
        "would replace Logs (AWS::Logs::LogGroup), since LogGroupName changes. If that is meant",
    ),
    (
        "remove",
        {},
        GOOD.replace("  Topic:\n    Type: AWS::SNS::Topic\n", ""),
        "would remove Topic (AWS::SNS::Topic), which the wanted template does not make. If that is meant",
    ),
    (
        "left out",
        {"Days": 3},
        GOOD.replace("Resources:", 'Conditions: {IsWeek: !Equals [!Ref Days, "7"]}\nResources:').replace(
            "SNS::Topic", "SNS::Topic\n    Condition: IsWeek"
        ),
        "would remove Topic (AWS::SNS::Topic), which the wanted template does not make. If that is meant",
    ),
]


@pytest.mark.parametrize(("name", "parameters", "text", "told"), LOOKS, ids=[look[0] for look in LOOKS])
def test_a_dry_run_and_a_real_one_say_the_same_of_each_kind_of_change(
    world: StackWorld, name: str, parameters: dict[str, Any], text: str, told: Any
) -> None:
    name = name.replace(" ", "-")
    stack(world, name)
    path = world.template(name, text)
    dry, real = (
        world.run(aws_stack, dry=dry, name=name, template=path, once_created=parameters) for dry in (True, False)
    )
    assert dry["changes"] == real["changes"]
    if isinstance(told, str):
        assert dry["msg"] == real["msg"]
        assert told in dry["msg"]
    else:
        assert real["changes"][0]["after"]["resources"] == told
    left = world.client("cloudformation").list_change_sets(StackName=name)["Summaries"]
    assert not [one for one in left if one["ExecutionStatus"] == "AVAILABLE"]


def test_a_replacement_that_is_allowed_is_made(world: StackWorld) -> None:
    stack(world, "moved")
    path = world.template("moved", GOOD.replace('"/t/${', '"/u/${'))
    done = world.run(aws_stack, name="moved", template=path, allow_replacement=["Logs"])
    assert done["stack"]["outputs"] == {"Name": "/u/moved"}
    assert done["changes"][0]["after"]["resources"] == {
        "modify": {"Logs": "LogGroupName, replaced (AWS::Logs::LogGroup)"}
    }


def test_what_a_killed_look_left_goes_with_the_next(world: StackWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    stack(world, "littered")
    client = world.client("cloudformation")
    left = {"StackName": "littered", "TemplateBody": GOOD.replace("Default: 7", "Default: 9")}
    for name in ("offramp-preview-of-a-killed-run", "somebody-elses"):
        client.create_change_set(ChangeSetName=name, **left)
    stack(world, "littered", dry=True, Days=3)
    assert len(client.list_change_sets(StackName="littered")["Summaries"]) == 2 + 1, "it may be another run's"
    monkeypatch.setattr(change_sets, "_FORGOTTEN_AFTER", -60.0)
    stack(world, "littered", dry=True, Days=3)
    names = [one["ChangeSetName"] for one in client.list_change_sets(StackName="littered")["Summaries"]]
    assert "somebody-elses" in names
    assert not [name for name in names if "preview" in name]


def test_a_look_that_fails_in_between_is_undone(world: StackWorld) -> None:
    stack(world, "unlucky")
    world.log.faults = Faults([Rule(operation="DescribeChangeSet", answer="garbage")])
    failed = stack(world, "unlucky", dry=True, Days=3)
    world.log.faults = Faults()
    assert failed["kind"] == "unreachable"
    left = world.client("cloudformation").list_change_sets(StackName="unlucky")["Summaries"]
    assert not [one for one in left if "preview" in one["ChangeSetName"]]


SLOW = GOOD.replace(
    "Outputs:",
    """
  Handle: {Type: AWS::CloudFormation::WaitConditionHandle}
  Gate: {Type: AWS::CloudFormation::WaitCondition, Properties: {Handle: !Ref Handle, Timeout: '3', Count: 1}}
Outputs:""",
)


@pytest.fixture
def held(world: StackWorld) -> Iterator[tuple[str, str]]:
    """A stack that another run has just begun to make, and will not finish; and who that is."""
    name = f"held-{len(world.client('cloudformation').describe_stacks()['Stacks'])}"
    path = world.template("slow", SLOW)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(world.run, aws_stack, name=name, template=path)
        while not any(name in line for line in world.said):
            assert not first.done()
        yield name, f"{getpass.getuser()} on {socket.gethostname()}".replace(".", "-").replace("_", "-")
        assert first.result()["failed"], "the gate never opens"


def test_the_second_of_two_runs_says_who_holds_the_stack_and_gives_up_at_its_deadline(
    world: StackWorld, held: tuple[str, str]
) -> None:
    name, holder = held
    second = world.run(aws_stack, name=name, template=world.template("good", GOOD), within=0.3)
    assert second["kind"] == "deadline"
    assert f"still at: {name}, which is being changed by {holder}" in second["msg"]
    assert second["changes"] == []


def test_the_second_of_two_runs_waits_and_does_its_own_work_then(world: StackWorld, held: tuple[str, str]) -> None:
    name, holder = held
    second = world.run(aws_stack, name=name, template=world.template("good", GOOD))
    assert [(one["verb"], one["target"]) for one in second["changes"]] == [
        ("delete", f"remains of stack {name}"),
        ("create", f"stack {name}"),
    ]
    assert any(f"{name}, which is being changed by {holder}" in line for line in world.said)


def test_a_run_that_is_overtaken_between_its_plan_and_its_order_waits_and_sees(
    world: StackWorld, held: tuple[str, str]
) -> None:
    name, holder = held
    params = {"name": name, "region": REGION, "template": world.template("good", GOOD), "every": 0.05, "tags": {}}
    want = aws_stack.want_of(
        {**params, "parameters": {}, "once_created": {}, "capabilities": [], "allow_replacement": []}
    )
    api = aws_stack.connect(params, Door(shut=False, ordered_by="offramp.ecs/aws_stack"))
    api.deploy(name, want.order, "update")
    have = api.observe(name)
    assert have.moving
    assert f"being changed by {holder}" in progress(have)


def test_a_shell_that_was_never_filled_is_filled(world: StackWorld) -> None:
    change_set = {"ChangeSetName": "first", "ChangeSetType": "CREATE", "TemplateBody": GOOD}
    world.client("cloudformation").create_change_set(StackName="shell", **change_set)
    made = stack(world, "shell")
    assert [change["verb"] for change in made["changes"]] == ["create"]
    assert made["stack"]["status"] == "CREATE_COMPLETE"


@pytest.mark.parametrize(("status", "words"), [("CREATE_FAILED", "delete-stack"), ("UPDATE_FAILED", "rollback-stack")])
def test_what_somebody_kept_for_a_look_is_told_with_the_way_out(world: StackWorld, status: str, words: str) -> None:
    client, name = world.client("cloudformation"), status.lower().replace("_", "-")
    if status == "UPDATE_FAILED":
        stack(world, name)
    kind = "UPDATE" if status == "UPDATE_FAILED" else "CREATE"
    client.create_change_set(StackName=name, ChangeSetName="kept", ChangeSetType=kind, TemplateBody=BAD)
    client.execute_change_set(StackName=name, ChangeSetName="kept", DisableRollback=True)
    stack_is(world, name, status)
    with world.watched() as seen:
        refused = stack(world, name)
    assert refused["msg"].startswith(f"Stack {name} is at {status}: Listener failed: The specified load balancer does")
    assert f"aws cloudformation {words} --stack-name {name}, then run again." in refused["hint"]
    assert {line.partition(" ")[0] for line in seen} == {"read"}


def test_a_deletion_that_got_stuck_is_told_with_what_is_in_the_way(world: StackWorld) -> None:
    ec2 = world.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    text = GOOD.replace(
        "SNS::Topic", f"EC2::SecurityGroup\n    Properties: {{GroupDescription: ours, VpcId: {vpc}}}"
    ).replace("Outputs:", "Outputs:\n  Group: {Value: !GetAtt Topic.GroupId}")
    ours = stack(world, "stuck", text)["stack"]["outputs"]["Group"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    made = (
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")
        for number, zone in enumerate("ab")
    )
    subnets = [one["Subnet"]["SubnetId"] for one in made]
    world.client("elbv2").create_load_balancer(Name="theirs", Subnets=subnets, SecurityGroups=[ours])
    world.client("cloudformation").delete_stack(StackName="stuck")
    stack_is(world, "stuck", "DELETE_FAILED")
    refused = stack(world, "stuck", text)
    assert refused["msg"].startswith("Stack stuck is at DELETE_FAILED: Topic failed: ")
    assert "--retain-resources RESOURCE" in refused["hint"]


@pytest.mark.parametrize(
    ("status", "verbs"),
    [
        ("ROLLBACK_FAILED", ["delete", "create", "update"]),
        ("UPDATE_ROLLBACK_FAILED", ["start", "update"]),
        ("IMPORT_ROLLBACK_COMPLETE", ["update"]),
    ],
)
def test_a_stack_is_led_out_of_states_where_that_is_safe(world: StackWorld, status: str, verbs: list[str]) -> None:
    """The stand-in is put into states that take AWS's own failures to reach."""
    name = status.lower().replace("_", "-")
    stack(world, name)
    with server.request_scope(ACCOUNT, REGION):
        formation.stacks()[name]["StackStatus"] = status
    done = stack(world, name, Days=3)
    assert [change["verb"] for change in done["changes"]] == verbs
    assert not done["failed"]
    assert not stack(world, name, Days=3)["changed"]


def stack_is(world: StackWorld, name: str, status: str) -> None:
    """Wait until CloudFormation has brought a stack into a state."""
    client, over = world.client("cloudformation"), time.monotonic() + 30
    while (found := client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]) != status:
        assert time.monotonic() < over, f"{name} is at {found}"


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
