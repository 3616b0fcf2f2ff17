"""Two releases of a web process, the second with another port, target group and grace period, and the way back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.modules import (
    ecs_release_history_info,
    ecs_release_info,
    ecs_rollout,
    ecs_service,
    ecs_task_definition,
)
from tests.unit.plugins.ecs_ground import EcsGround
from tests.unit.plugins.ecs_parts import process
from tests.unit.plugins.stack_world import StackWorld, stack_world

CLUSTER, SERVICE = "offramp-test", "bond-web"
IMAGES = {"bond": {"v1": {}, "v2": {}, "v3-crashes": {"starts": "crashes"}}}
LOCK = {"stage": "test", "app": "bond", "purpose": "release", "owner": "anna@desk", "break_it": False, "lease": 120.0}


class Ground(EcsGround):
    """A load balancer with two target groups, and the web process behind one of them."""

    def __init__(self, world: StackWorld) -> None:
        super().__init__(world, CLUSTER, "bond")
        ec2, self.elb = world.client("ec2"), world.client("elbv2")
        first = ec2.describe_subnets(SubnetIds=[self.subnet])["Subnets"][0]
        zone = "eu-west-1a" if first["AvailabilityZone"] != "eu-west-1a" else "eu-west-1b"
        other = ec2.create_subnet(VpcId=first["VpcId"], CidrBlock="10.9.2.0/24", AvailabilityZone=zone)["Subnet"]
        self.subnets = [self.subnet, other["SubnetId"]]
        balancer = self.elb.create_load_balancer(Name="bond", Subnets=self.subnets, Scheme="internal")
        arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
        self.groups = [self._group(arn, name, port) for name, port in (("old", 8080), ("new", 9090))]
        self.secret = world.client("secretsmanager").create_secret(
            Name="test/bond", SecretString=json.dumps({"A": "1"})
        )

    def _group(self, balancer: str, name: str, port: int) -> str:
        check = {"HealthCheckPath": "/health", "HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 2}
        made = self.elb.create_target_group(
            Name=name, Protocol="HTTP", Port=port, VpcId=self._vpc, TargetType="ip", HealthyThresholdCount=2, **check
        )["TargetGroups"][0]["TargetGroupArn"]
        delay = [{"Key": "deregistration_delay.timeout_seconds", "Value": "0"}]
        self.elb.modify_target_group_attributes(TargetGroupArn=made, Attributes=delay)
        forward = [{"Type": "forward", "TargetGroupArn": made}]
        self.elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=port, DefaultActions=forward)
        return str(made)

    def process(self, generation: int) -> dict[str, Any]:
        """The web process as the inventory of a generation has it."""
        port, grace = ((8080, 20), (9090, 40))[generation]
        return process(port=port, health_grace=grace, desired=1, stop_timeout=2)

    def define(self, tag: str, generation: int) -> str:
        """The task definition of a release; its ARN."""
        defined = self.world.run(
            ecs_task_definition,
            family="test-bond-web",
            container="web",
            image=f"{self.repository}:{tag}",
            image_tag=tag,
            process=self.process(generation),
            environment={},
            execution_role_arn=self.role,
            task_role_arn=self.role,
            secret_arn=self.secret["ARN"],
            secret_version=self.secret["VersionId"],
            secret_keys=["A"],
            log_group="/bond",
            lock=LOCK,
        )
        return str(defined["task_definition"]["arn"])

    def converge(self, arn: str, generation: int, **given: Any) -> dict[str, Any]:
        """Run it with the inventory of a generation."""
        return self.world.run(
            ecs_service,
            cluster=CLUSTER,
            name=SERVICE,
            task_definition=arn,
            container="web",
            process=self.process(generation),
            subnets=self.subnets,
            security_groups=[self.group],
            target_group_arn=self.groups[generation],
            **given,
        )

    def serve(self, arn: str, generation: int, **given: Any) -> dict[str, Any]:
        """The same, and judge it; the changes of the service."""
        served = self.converge(arn, generation, **given)
        assert not served["failed"], served
        group = served["service"]["target_group_arn"]
        about = {"cluster": CLUSTER, "service": SERVICE, "task_definition": arn, "target_group_arn": group}
        rolled = self.world.run(ecs_rollout, within=60.0, **about)
        return {"changes": served["changes"], "rollout": rolled}

    def back(self, to: str = "previous") -> dict[str, Any]:
        """The release to go back to."""
        found: dict[str, Any] = self.world.run(ecs_release_info, cluster=CLUSTER, service=SERVICE, to=to)
        return found["task_definition"]

    def service(self) -> dict[str, Any]:
        """As ECS describes it."""
        return self.world.client("ecs").describe_services(cluster=CLUSTER, services=[SERVICE])["services"][0]

    def history(self, last: int = 10) -> dict[str, Any]:
        """The releases so far."""
        found = self.world.run(ecs_release_history_info, cluster=CLUSTER, services=[SERVICE, "nobodys"], last=last)
        assert not found["failed"], found
        return found["history"]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with stack_world(tmp_path_factory.mktemp("aws"), images=IMAGES) as world:
        made = Ground(world)
        for generation, tag in enumerate(("v1", "v2")):
            assert not made.serve(made.define(tag, generation), generation)["rollout"]["failed"]
        yield made


def test_all_that_the_release_changed_comes_back_by_one_update(ground: Ground) -> None:
    earlier = ground.back()
    assert earlier["returning"] == {"port": 8080, "health_grace": 20, "target_group_arn": ground.groups[0]}
    back = ground.serve(earlier["arn"], 1, returning=earlier["returning"])
    assert [change["verb"] for change in back["changes"]] == ["update"]
    assert (back["rollout"]["rollout"]["verdict"], back["rollout"]["rollout"]["healthy"]) == ("completed", 1)
    found = ground.service()
    assert found["loadBalancers"] == [
        {"targetGroupArn": ground.groups[0], "containerName": "web", "containerPort": 8080}
    ]
    assert found["healthCheckGracePeriodSeconds"] == 20
    again = ground.serve(earlier["arn"], 1, returning=earlier["returning"])
    assert again["changes"] == []
    assert not ground.serve(ground.define("v2", 1), 1)["rollout"]["failed"]


CONVERGED: list[tuple[dict[str, Any], str, Any]] = [
    ({"zone_rebalancing": False}, "availabilityZoneRebalancing", "DISABLED"),
    ({"exec": True}, "enableExecuteCommand", True),
    ({"circuit_breaker": False}, "deploymentConfiguration.deploymentCircuitBreaker.enable", False),
    ({"minimum_percent": 50}, "deploymentConfiguration.minimumHealthyPercent", 50),
    ({"maximum_percent": 150}, "deploymentConfiguration.maximumPercent", 150),
    ({"alarms": ["errors"]}, "deploymentConfiguration.alarms.alarmNames", ["errors"]),
    ({"returning": {"health_grace": 90}}, "healthCheckGracePeriodSeconds", 90),
]


@pytest.mark.parametrize(("given", "where", "value"), CONVERGED, ids=[where for _, where, _ in CONVERGED])
def test_each_setting_is_converged_and_converged_back_without_a_new_deployment(
    ground: Ground, given: dict[str, Any], where: str, value: Any
) -> None:
    metric = {"MetricName": "HTTPCode_Target_5XX_Count", "Namespace": "AWS/ApplicationELB", "Statistic": "Sum"}
    ground.world.client("cloudwatch").put_metric_alarm(
        AlarmName="errors",
        ComparisonOperator="GreaterThanThreshold",
        Period=60,
        EvaluationPeriods=1,
        Threshold=5,
        **metric,
    )
    arn, before = ground.define("v2", 1), ground.service()

    def served(**settings: Any) -> list[str]:
        done = ground.converge(arn, 1, **settings)
        assert not done["failed"], done
        return [change["target"] for change in done["changes"]]

    assert served(**given) == [f"ECS service {SERVICE}"]
    found: Any = ground.service()
    assert [each["id"] for each in found["deployments"]] == [each["id"] for each in before["deployments"]]
    for key in where.split("."):
        found = found[key]
    assert found == value
    assert served(**given) == []
    assert served() == [f"ECS service {SERVICE}"]
    assert served() == []


def test_tags_are_converged_and_those_of_others_stay(ground: Ground) -> None:
    arn = ground.service()["taskDefinition"]
    ground.world.client("ecs").tag_resource(
        resourceArn=ground.service()["serviceArn"], tags=[{"key": "theirs", "value": "1"}]
    )
    done = ground.converge(arn, 1, tags={"offramp": "test"})
    assert [change["target"] for change in done["changes"]] == [f"tags of ECS service {SERVICE}"]
    assert not ground.converge(arn, 1, tags={"offramp": "test"})["changed"]
    told = ground.world.client("ecs").list_tags_for_resource(resourceArn=ground.service()["serviceArn"])["tags"]
    assert {each["key"]: each["value"] for each in told} == {"offramp": "test", "theirs": "1"}


def test_a_target_group_that_is_gone_does_not_come_back(ground: Ground) -> None:
    """As after a stack's update."""
    listeners = ground.elb.describe_listeners(
        LoadBalancerArn=ground.elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    )["Listeners"]
    (old,) = [each for each in listeners if each["Port"] == 8080]
    ground.elb.delete_listener(ListenerArn=old["ListenerArn"])
    ground.elb.delete_target_group(TargetGroupArn=ground.groups[0])
    assert ground.back()["returning"]["target_group_arn"] == ground.groups[1]


def test_the_history_tells_what_was_released_by_whom_and_what_became_of_it(ground: Ground) -> None:
    assert ground.serve(ground.define("v3-crashes", 1), 1)["rollout"]["failed"]
    with ground.world.watched() as seen:
        told = ground.history()
    rows = told["releases"]
    assert [(row["image_tag"], row["verdict"], row["serves"]) for row in rows] == [
        ("v3-crashes", "rolled back", False),
        ("v2", "completed", True),
        ("v1", "completed", False),
        ("v2", "completed", False),
        ("v1", "completed", False),
    ]
    assert {row["by"] for row in rows} == {"anna@desk"}
    assert {row["secret_version"] for row in rows} == {ground.secret["VersionId"]}
    assert "circuit breaker" in rows[0]["reason"] or "user" in rows[0]["reason"]
    assert rows[1]["seconds"] > 0
    assert told["table"][0].split() == ["when", "service", "revision", "image", "secret", "by", "verdict"]
    assert "completed, serves" in told["table"][2]
    assert seen == [
        "read DescribeServices",
        "read ListServiceDeployments",
        "read DescribeServiceRevisions",
        *["read DescribeTaskDefinition"] * 3,
    ]
    assert len(ground.history(last=2)["releases"]) == 2


def test_a_history_of_nothing_is_a_heading_and_of_too_much_is_refused(ground: Ground) -> None:
    none = ground.world.run(ecs_release_history_info, cluster=CLUSTER, services=["nobodys"])
    assert (len(none["history"]["table"]), none["history"]["releases"]) == (1, [])
    assert ground.world.run(ecs_release_history_info, cluster=CLUSTER, services=[], last=21)["kind"] == "bad_input"
