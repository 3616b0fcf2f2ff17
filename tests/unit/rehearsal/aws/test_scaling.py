"""Application Auto Scaling finds policies by their names, as AWS does and moto does not."""

from typing import Any

TABLE = {
    "ServiceNamespace": "dynamodb",
    "ResourceId": "table/bond",
    "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
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
