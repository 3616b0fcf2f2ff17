"""Application Auto Scaling's API tells what its model demands, refuses what AWS refuses, and acts by the clock."""

import time
from typing import Any

import pytest

from tests.unit.rehearsal.aws.network import make_network
from tests.unit.rehearsal.aws.refusals import refusal

TARGET = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/bond/web",
    "ScalableDimension": "ecs:service:DesiredCount",
}
TABLE = {
    "ServiceNamespace": "dynamodb",
    "ResourceId": "table/bond",
    "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
}


@pytest.fixture(scope="module")
def scaling(client: Any) -> Any:
    """With an ECS service of no tasks."""
    ecs, network = client("ecs"), make_network(client("ec2"))
    ecs.create_cluster(clusterName="bond")
    ecs.register_task_definition(
        family="web",
        cpu="256",
        memory="512",
        networkMode="awsvpc",
        containerDefinitions=[{"name": "web", "image": "public.example/web:1"}],
    )
    ecs.create_service(
        cluster="bond",
        serviceName="web",
        taskDefinition="web",
        desiredCount=0,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": network.subnets}},
    )
    return client("application-autoscaling")


def test_a_target_has_the_linked_role_and_says_what_is_suspended(scaling: Any) -> None:
    scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=4)
    scaling.register_scalable_target(**TARGET, SuspendedState={"DynamicScalingInSuspended": True})
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    role = "ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService"
    assert target["RoleARN"] == f"arn:aws:iam::123456789012:role/aws-service-role/{role}"
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 4)
    assert target["SuspendedState"] == {
        "DynamicScalingInSuspended": True,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": False,
    }


def test_policies_are_found_by_their_names(client: Any) -> None:
    scaling = client("application-autoscaling")
    scaling.register_scalable_target(**TABLE, MinCapacity=1, MaxCapacity=2)
    metrics = {"first": "DynamoDBReadCapacityUtilization", "second": "DynamoDBWriteCapacityUtilization"}
    for name, metric in metrics.items():
        scaling.put_scaling_policy(
            **TABLE,
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 50.0,
                "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
            },
        )
    found = scaling.describe_scaling_policies(**TABLE, PolicyNames=["second"], MaxResults=1)["ScalingPolicies"]
    assert [(each["PolicyName"], each["ResourceId"]) for each in found] == [("second", "table/bond")]
    assert scaling.describe_scaling_policies(ServiceNamespace="ecs", PolicyNames=["second"])["ScalingPolicies"] == []
    assert len(scaling.describe_scaling_policies(**TABLE)["ScalingPolicies"]) == 2


def policy(metric: str, name: str = "p") -> dict[str, Any]:
    """The arguments of a target-tracking policy."""
    tracking = {"TargetValue": 50.0, "PredefinedMetricSpecification": {"PredefinedMetricType": metric}}
    return {
        **TARGET,
        "PolicyName": name,
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": tracking,
    }


def action(name: str, schedule: str, **bounds: int) -> dict[str, Any]:
    """The arguments of a scheduled action."""
    return {**TARGET, "ScheduledActionName": name, "Schedule": schedule, "ScalableTargetAction": bounds}


def test_nothing_hangs_on_a_target_that_is_not_there(scaling: Any) -> None:
    scaling.register_scalable_target(**TARGET, MinCapacity=0, MaxCapacity=4)
    scaling.put_scaling_policy(**policy("ECSServiceAverageCPUUtilization"))
    scaling.put_scheduled_action(**action("night", "cron(0 22 * * ? *)", MinCapacity=1))
    scaling.deregister_scalable_target(**TARGET)
    assert scaling.describe_scaling_policies(**TARGET)["ScalingPolicies"] == []
    assert scaling.describe_scheduled_actions(**TARGET)["ScheduledActions"] == []
    missing = "ObjectNotFoundException"
    assert refusal(scaling.deregister_scalable_target, **TARGET) == missing
    assert refusal(scaling.put_scaling_policy, **policy("ECSServiceAverageCPUUtilization")) == missing
    assert refusal(scaling.delete_scaling_policy, **TARGET, PolicyName="p") == missing
    assert refusal(scaling.put_scheduled_action, **action("night", "rate(1 day)", MinCapacity=1)) == missing
    assert refusal(scaling.delete_scheduled_action, **TARGET, ScheduledActionName="night") == missing


def test_what_aws_refuses_of_targets_policies_and_schedules(scaling: Any) -> None:
    invalid = "ValidationException"
    nobodys = {**TARGET, "ResourceId": "service/bond/nobodys"}
    assert refusal(scaling.register_scalable_target, **nobodys, MinCapacity=1, MaxCapacity=2) == invalid
    assert refusal(scaling.register_scalable_target, **TARGET, MinCapacity=1) == invalid
    assert refusal(scaling.register_scalable_target, **TARGET, MinCapacity=3, MaxCapacity=2) == invalid
    scaling.register_scalable_target(**TARGET, MinCapacity=0, MaxCapacity=4)
    first = scaling.put_scaling_policy(**policy("ECSServiceAverageCPUUtilization"))["PolicyARN"]
    assert scaling.put_scaling_policy(**policy("ECSServiceAverageCPUUtilization"))["PolicyARN"] == first
    assert refusal(scaling.put_scaling_policy, **policy("ECSServiceAverageCPUUtilization", "other")) == invalid
    scaling.put_scaling_policy(**policy("ECSServiceAverageMemoryUtilization", "other"))
    assert refusal(scaling.put_scheduled_action, **action("night", "tonight", MinCapacity=1)) == invalid
    scaling.deregister_scalable_target(**TARGET)


def test_a_scheduled_action_sets_bounds_and_the_bounds_the_tasks(scaling: Any, client: Any) -> None:
    def told() -> tuple[int, int, int]:
        (target,) = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
        service = client("ecs").describe_services(cluster="bond", services=["web"])["services"][0]
        return target["MinCapacity"], target["MaxCapacity"], service["desiredCount"]

    scaling.register_scalable_target(**TARGET, MinCapacity=0, MaxCapacity=4)
    soon = time.strftime("at(%Y-%m-%dT%H:%M:%S)", time.gmtime(time.time() + 3))
    scaling.put_scheduled_action(**action("soon", soon, MinCapacity=1, MaxCapacity=2))
    end = time.monotonic() + 60
    while told() != (1, 2, 1):
        assert time.monotonic() < end, told()
        time.sleep(0.1)
    (activity,) = scaling.describe_scaling_activities(**TARGET)["ScalingActivities"]
    assert (activity["Cause"], activity["StatusCode"]) == ("minimum capacity was set to 1", "Successful")
    client("ecs").update_service(cluster="bond", service="web", desiredCount=0)
    scaling.deregister_scalable_target(**TARGET)
