"""Application Auto Scaling tells of a target what the API's model demands, and finds policies by their names."""

from typing import Any

import pytest

from tests.unit.rehearsal.aws.network import make_network

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
    for name in ("first", "second"):
        scaling.put_scaling_policy(
            **TABLE,
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 50.0,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"},
            },
        )
    found = scaling.describe_scaling_policies(**TABLE, PolicyNames=["second"], MaxResults=1)["ScalingPolicies"]
    assert [(each["PolicyName"], each["ResourceId"]) for each in found] == [("second", "table/bond")]
    assert scaling.describe_scaling_policies(ServiceNamespace="ecs", PolicyNames=["second"])["ScalingPolicies"] == []
    assert len(scaling.describe_scaling_policies(**TABLE)["ScalingPolicies"]) == 2
