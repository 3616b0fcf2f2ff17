"""Autoscaling with real requests: visitors triple, tasks rise, visitors fall, tasks fall, and no request fails.

What scales is our own: the module's scalable target and the policies of ``scaling.cfn.yaml``. The rehearsal's scaler
acts on them, by what its load balancer counts of real requests to real tasks. Its minute is a second.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.modules import (
    aws_stack,
    aws_stack_drift_info,
    ecs_rollout,
    ecs_scalable_target,
    ecs_service,
    ecs_task_definition,
)
from rehearsal.children import Worker
from rehearsal.names import Names
from tests.unit.plugins.ecs_ground import EcsGround
from tests.unit.plugins.ecs_parts import process
from tests.unit.plugins.stack_world import TEMPLATES, StackWorld, stack_world

CLUSTER, SERVICE, STACK = "offramp-test", "bond-web", "offramp-test-bond-scaling-web"
RESOURCE = f"service/{CLUSTER}/{SERVICE}"
TARGET = {"ServiceNamespace": "ecs", "ResourceId": RESOURCE, "ScalableDimension": "ecs:service:DesiredCount"}
USUAL, TRIPLE = 60, 180
"""Requests a second, for two tasks of at most 40 and for five of them."""


def process_of(**given: Any) -> dict[str, Any]:
    settings = {"cpu": 1024, "memory": 2048, "port": 8080, "health_grace": 5, "stop_timeout": 10}
    scaled = {"desired": 2, "minimum": 2, "maximum": 6, "target_requests": 40}
    return process(**{**settings, **scaled, "scale_in_cooldown": 3, "scale_out_cooldown": 3, **given})


def eventually(condition: Callable[[], bool], what: str, within: float = 150.0) -> None:
    """Wait until it is so."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, f"not within {within:g} s: {what}"
        time.sleep(0.2)


class Ground(EcsGround):
    """An account with a load balancer, the web process behind it, and what scales it."""

    def __init__(self, world: StackWorld, names: Names) -> None:
        super().__init__(world, CLUSTER, "bond")
        ec2, self.elb = world.client("ec2"), world.client("elbv2")
        first = ec2.describe_subnets(SubnetIds=[self.subnet])["Subnets"][0]
        vpc, zone = first["VpcId"], "eu-west-1a" if first["AvailabilityZone"] != "eu-west-1a" else "eu-west-1b"
        other = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.2.0/24", AvailabilityZone=zone)
        self.subnets = [self.subnet, other["Subnet"]["SubnetId"]]
        self.target_group, self.balancer, self.port = self._balance(vpc, names)
        world.client("secretsmanager").create_secret(Name="test/bond/config", SecretString=json.dumps({"A": "1"}))
        self.services, self.scaling = world.client("ecs"), world.client("application-autoscaling")

    def _balance(self, vpc: str, names: Names) -> tuple[str, str, int]:
        check = {"HealthCheckPath": "/health", "HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 2}
        group = self.elb.create_target_group(
            Name="bond", Protocol="HTTP", Port=8080, VpcId=vpc, TargetType="ip", HealthyThresholdCount=2, **check
        )["TargetGroups"][0]["TargetGroupArn"]
        delay = [{"Key": "deregistration_delay.timeout_seconds", "Value": "2"}]
        self.elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=delay)
        made = self.elb.create_load_balancer(Name="bond", Subnets=self.subnets, Scheme="internal")["LoadBalancers"][0]
        forward = [{"Type": "forward", "TargetGroupArn": group}]
        arn = made["LoadBalancerArn"]
        self.elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=forward)
        return group, arn, (names.lookup(made["DNSName"]) or {})[80]

    def release(self) -> dict[str, Any]:
        """Run the web process; the result of ecs_service."""
        secret = self.world.client("secretsmanager").describe_secret(SecretId="test/bond/config")
        defined = self.world.run(
            ecs_task_definition,
            family="test-bond-web",
            container="web",
            image=f"{self.repository}:v1",
            process=process_of(),
            environment={},
            execution_role_arn=self.role,
            task_role_arn=self.role,
            secret_arn=secret["ARN"],
            secret_version=next(iter(secret["VersionIdsToStages"])),
            secret_keys=["A"],
            log_group="/bond",
        )
        arn = defined["task_definition"]["arn"]
        served = self.world.run(
            ecs_service,
            cluster=CLUSTER,
            name=SERVICE,
            task_definition=arn,
            container="web",
            process=process_of(),
            subnets=self.subnets,
            security_groups=[self.group],
            target_group_arn=self.target_group,
            tags={"offramp": "test"},
        )
        rolled = self.world.run(
            ecs_rollout,
            cluster=CLUSTER,
            service=SERVICE,
            task_definition=arn,
            target_group_arn=self.target_group,
            within=120.0,
        )
        assert not rolled["failed"], rolled
        return served

    def scale(self, **given: Any) -> list[tuple[str, str]]:
        """Bounds by the module, policies by the stack; the changes of both."""
        full = [arn.rpartition(":")[2].removeprefix("loadbalancer/") for arn in (self.balancer, self.target_group)]
        bounded = self.world.run(
            ecs_scalable_target,
            cluster=CLUSTER,
            service=SERVICE,
            process=process_of(**given),
            load_balancer=full[0],
            target_group=full[1],
        )
        assert not bounded["failed"], bounded
        told = bounded["scalable_target"]
        changes = [*bounded["changes"], *(self._follow(told)["changes"] if told["exists"] else [])]
        return [(change["verb"], change["target"]) for change in changes]

    def _follow(self, told: dict[str, Any]) -> dict[str, Any]:
        """The stack, as role provision orders it."""
        tracking = told["tracking"]
        parameters = {
            "Service": told["service"],
            "ResourceId": told["resource"],
            "ScalableTargetId": told["id"],
            "RequestsLabel": tracking["label"],
            "TargetRequests": tracking["requests"],
            "TargetCpu": tracking["cpu"],
            "TargetMemory": tracking["memory"],
            "ScaleInCooldown": tracking["scale_in_cooldown"],
            "ScaleOutCooldown": tracking["scale_out_cooldown"],
            "DisableScaleIn": tracking["disable_scale_in"],
        }
        template = str(TEMPLATES / "scaling.cfn.yaml")
        done = self.world.run(aws_stack, name=STACK, template=template, parameters=parameters)
        assert not done["failed"], done
        return done

    def tasks(self) -> tuple[int, int]:
        """How many tasks the service is to have, and how many run."""
        found = self.services.describe_services(cluster=CLUSTER, services=[SERVICE])["services"][0]
        return found["desiredCount"], found["runningCount"]

    def healthy(self) -> int:
        """How many targets get requests."""
        found = self.elb.describe_target_health(TargetGroupArn=self.target_group)["TargetHealthDescriptions"]
        return [each["TargetHealth"]["State"] for each in found].count("healthy")

    def policies(self) -> dict[str, float]:
        """The policies of the service: name -> target value."""
        found = self.scaling.describe_scaling_policies(**TARGET)["ScalingPolicies"]
        return {each["PolicyName"]: each["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] for each in found}

    def activities(self) -> list[dict[str, Any]]:
        """What the scaler did, oldest first."""
        found: list[dict[str, Any]] = self.scaling.describe_scaling_activities(**TARGET)["ScalingActivities"]
        return found[::-1]


class Visitors:
    """Open-loop traffic to the load balancer, and what came of it."""

    def __init__(self, port: int, log: Path) -> None:
        self._port, self._seconds = port, list[dict[str, Any]]()
        self._worker = Worker("rehearsal.dataplane.visitors", on_report=self._seconds.append, log=log)

    def come(self, rate: float) -> None:
        """So many requests a second; with 0 it returns when every answer was counted."""
        edge = {"edge": {"http": self._port}, "host": "api.bond.example"}
        self._worker.send({**edge, "rate": rate, "paths": {"/": 1.0}})

    def requests(self) -> int:
        """How many were answered, well or not."""
        return sum(second["visitors"]["requests"] for second in self._seconds)

    def failed(self) -> dict[str, int]:
        """Failed requests, by reason."""
        found: Counter[str] = Counter()
        for second in self._seconds:
            found.update(second["visitors"]["reasons"])
        return dict(found)

    def stop(self) -> None:
        """End the process."""
        self._worker.stop()


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    names = Names()
    with stack_world(tmp_path_factory.mktemp("aws"), names=names, images={"bond": {"v1": {}}}) as made:
        served = Ground(made, names)
        served.release()
        yield served


@pytest.fixture
def visitors(ground: Ground, tmp_path: Path) -> Iterator[Visitors]:
    made = Visitors(ground.port, tmp_path / "visitors.log")
    yield made
    made.stop()


def test_tasks_follow_the_visitors_up_and_down_and_no_request_fails(ground: Ground, visitors: Visitors) -> None:
    assert ground.scale() == [
        ("create", f"scalable target of ECS service {SERVICE}"),
        ("create", f"stack {STACK}"),
    ]
    eventually(lambda: ground.healthy() == 2, "two healthy targets")
    visitors.come(USUAL)
    eventually(lambda: visitors.requests() > 3 * USUAL, "three seconds of the usual visitors")
    assert ground.tasks() == (2, 2)
    visitors.come(TRIPLE)
    eventually(lambda: ground.tasks()[0] > 2, "more tasks are wanted")
    eventually(lambda: ground.healthy() > 2, "more targets are healthy")
    up = ground.tasks()[0]
    assert 2 < up <= 6
    assert not ground.release()["changed"], "a release leaves the number of tasks to autoscaling"
    visitors.come(USUAL)
    eventually(lambda: ground.tasks() == (2, 2), "two tasks again")
    visitors.come(0)
    assert visitors.failed() == {}

    causes = [each["Cause"] for each in ground.activities()]
    assert "AlarmHigh in state ALARM triggered policy bond-web-requests-" in causes[0]
    assert "AlarmLow in state ALARM" in causes[-1]
    assert {each["StatusCode"] for each in ground.activities()} == {"Successful"}
    assert ground.scale() == []


def test_a_floor_takes_effect_at_once_and_a_process_without_a_maximum_scales_no_more(ground: Ground) -> None:
    ground.scale()
    known = ground.policies()
    assert sorted(known.values()) == [40.0, 60.0, 75.0]
    ground.scale(minimum=3, scale_in=False)
    eventually(lambda: ground.tasks() == (3, 3), "three tasks")
    assert ground.activities()[-1]["Cause"] == "minimum capacity was set to 3"
    assert ground.policies() == known, "an update keeps the policies"

    assert ground.scale(maximum=0) == [("delete", f"scalable target of ECS service {SERVICE}")]
    assert ground.policies() == {}, "AWS removes them with the target"
    assert ground.scale(maximum=0) == []
    assert ground.tasks()[0] == 3

    changes = ground.scale()
    assert changes == [("create", f"scalable target of ECS service {SERVICE}"), ("update", f"stack {STACK}")]
    again = ground.policies()
    assert sorted(again.values()) == [40.0, 60.0, 75.0], "the stack makes them anew for the new target"
    assert not set(again) & set(known)
    assert ground.scale() == []


def test_a_policy_that_was_changed_by_hand_is_told_as_drift(ground: Ground) -> None:
    def drifted() -> list[str]:
        told = ground.world.run(aws_stack_drift_info, name=STACK)["drift"]
        return [each["resource"] for each in told["resources"]]

    ground.scale()
    assert drifted() == []
    (cpu,) = [name for name in ground.policies() if "-cpu-" in name]
    metric = {"PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}
    ground.scaling.put_scaling_policy(
        **TARGET,
        PolicyName=cpu,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={**metric, "TargetValue": 90.0},
    )
    assert drifted() == ["CpuPolicy"]
