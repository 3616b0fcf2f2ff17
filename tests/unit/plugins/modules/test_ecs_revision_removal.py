"""Old revisions against the rehearsal's ECS: which go, which stay, and what it costs at five hundred of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.modules import ecs_revision_removal, ecs_task_definition
from rehearsal.aws.errors import RefusedError
from rehearsal.aws.request import AwsRequest
from tests.unit.plugins.ecs_ground import EcsGround
from tests.unit.plugins.ecs_parts import process
from tests.unit.plugins.stack_world import StackWorld, stack_world

CLUSTER, GROUP = "offramp-test", "offramp-test-bond"


class Ground(EcsGround):
    """Families of task definitions; services are made by a plain client."""

    def __init__(self, world: StackWorld) -> None:
        super().__init__(world, CLUSTER, "bond")
        self.ecs = world.client("ecs")
        secret = world.client("secretsmanager").create_secret(Name="test/bond", SecretString=json.dumps({"A": "1"}))
        self.secret = (secret["ARN"], secret["VersionId"])

    def register(self, family: str, number: int) -> str:
        """One revision more."""
        made = self.ecs.register_task_definition(
            family=family,
            containerDefinitions=[
                {
                    "name": "worker",
                    "image": f"{self.repository}:v1",
                    "environment": [{"name": "N", "value": f"{number}"}],
                }
            ],
            executionRoleArn=self.role,
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
        )
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def clock_role(self) -> str:
        """A role that EventBridge Scheduler may take."""
        principal = {"Service": "scheduler.amazonaws.com"}
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        made = self.world.client("iam").create_role(RoleName="clock", AssumeRolePolicyDocument=trust)
        return str(made["Role"]["Arn"])

    def active(self, family: str) -> list[int]:
        """The numbers of its active revisions."""
        pages = self.ecs.get_paginator("list_task_definitions").paginate(familyPrefix=family, status="ACTIVE")
        return [int(arn.rpartition(":")[2]) for page in pages for arn in page["taskDefinitionArns"]]

    def serve(self, name: str, *arns: str) -> None:
        """A service that had these releases one after the other."""
        network = {"awsvpcConfiguration": {"subnets": [self.subnet]}}
        for number, arn in enumerate(arns):
            about = {"cluster": CLUSTER, "taskDefinition": arn}
            if number:
                self.ecs.update_service(service=name, **about)
            else:
                self.ecs.create_service(
                    serviceName=name, desiredCount=1, launchType="FARGATE", networkConfiguration=network, **about
                )
            self.ecs.get_waiter("services_stable").wait(
                cluster=CLUSTER, services=[name], WaiterConfig={"Delay": 1, "MaxAttempts": 60}
            )

    def retire(self, family: str, service: str = "", *, dry: bool = False, **given: Any) -> list[str]:
        """The targets of what goes."""
        asked = {
            "cluster": CLUSTER,
            "families": [family],
            "releases": ["arn:present"],
            "schedule_group": GROUP,
            "keep": 3,
        }
        services = [service] if service else []
        done = self.world.run(ecs_revision_removal, dry=dry, **{**asked, "services": services, **given})
        assert not done["failed"], done["msg"]
        return [change["target"] for change in done["changes"]]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with stack_world(tmp_path_factory.mktemp("aws"), images={"bond": {"v1": {}}}) as world:
        yield Ground(world)


def test_few_revisions_cost_one_read_and_none_goes(ground: Ground) -> None:
    for number in range(3):
        ground.register("few", number)
    with ground.world.watched() as seen:
        assert ground.retire("few") == []
    assert seen == ["read ListTaskDefinitions"]


def test_what_services_ran_lately_and_schedules_start_stays_whatever_its_age(ground: Ground) -> None:
    arns = [ground.register("web", number) for number in range(8)]
    ground.serve("bond-web", arns[0], arns[2], arns[4], arns[3])
    scheduler = ground.world.client("scheduler")
    scheduler.create_schedule_group(Name=GROUP)
    cluster = ground.ecs.describe_clusters(clusters=[CLUSTER])["clusters"][0]["clusterArn"]
    network = {"awsvpcConfiguration": {"Subnets": [ground.subnet]}}
    parameters = {"TaskDefinitionArn": arns[1], "LaunchType": "FARGATE", "NetworkConfiguration": network}
    scheduler.create_schedule(
        Name="by-hand",
        GroupName=GROUP,
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        State="DISABLED",
        Target={"Arn": cluster, "RoleArn": ground.clock_role(), "EcsParameters": parameters},
    )
    dry = ground.retire("web", "bond-web", dry=True)
    assert ground.retire("web", "bond-web") == dry == ["task definition web:1"]
    assert ground.active("web") == [2, 3, 4, 5, 6, 7, 8]
    assert ground.retire("web", "bond-web") == []


def test_a_dry_run_lists_what_goes_when_the_coming_revision_is_there(ground: Ground) -> None:
    for number in range(4):
        ground.register("coming", number)
    unknown = "(known after apply: ARN of task definition coming; by playbooks/release.yml)"
    dry = ground.retire("coming", dry=True, releases=[unknown])
    ground.register("coming", 4)
    assert ground.retire("coming") == dry == ["task definition coming:1", "task definition coming:2"]


def test_where_nobody_may_look_at_schedules_nothing_goes(ground: Ground) -> None:
    for number in range(4):
        ground.register("unseen", number)

    def deny(request: AwsRequest) -> RefusedError | None:
        denied = request.service == "scheduler"
        return RefusedError("AccessDeniedException", "not authorized", 403) if denied else None

    before, ground.world.stand_in.faults = ground.world.stand_in.faults, deny
    assert ground.retire("unseen") == []
    ground.world.stand_in.faults = before
    assert ground.retire("unseen") == ["task definition unseen:1"]


def test_five_hundred_revisions_cost_no_more_than_five_and_go_by_the_twenty(ground: Ground) -> None:
    for number in range(500):
        ground.register("many", number)
    about = {
        "family": "many",
        "container": "worker",
        "image": f"{ground.repository}:v1",
        "process": process(),
        "execution_role_arn": ground.role,
        "task_role_arn": ground.role,
        "secret_arn": ground.secret[0],
        "secret_version": ground.secret[1],
        "secret_keys": ["A"],
        "log_group": "/bond",
        "environment": {},
    }
    with ground.world.watched() as seen:
        assert ground.world.run(ecs_task_definition, **about)["changed"]
        assert not ground.world.run(ecs_task_definition, **about)["changed"]
    assert seen == [
        *("read DescribeTaskDefinition", "read ListTaskDefinitions", *["read DescribeTaskDefinition"] * 4),
        *("write RegisterTaskDefinition", "read DescribeTaskDefinition"),
        "read DescribeTaskDefinition",
    ]
    with ground.world.watched() as seen:
        gone = ground.retire("many")
    assert len(gone) == 20
    assert gone[0] == "task definition many:402", "the oldest of the newest hundred"
    assert len([each for each in seen if each.startswith("read")]) <= 10


@pytest.mark.parametrize("keep", [2, 91])
def test_a_policy_that_cannot_be_is_refused(ground: Ground, keep: int) -> None:
    done = ground.world.run(
        ecs_revision_removal, cluster=CLUSTER, families=[], services=[], releases=[], schedule_group=GROUP, keep=keep
    )
    assert done["kind"] == "bad_input"
