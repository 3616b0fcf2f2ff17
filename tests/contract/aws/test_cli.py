"""The stand-in under the AWS command line, whose parsers take only what the services' models say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.contract.aws.conftest import REGISTRY, Account, define, serve

TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Name"}}}
TEMPLATE = {
    "Parameters": {"Name": {"Type": "String"}},
    "Resources": {"Topic": TOPIC},
    "Outputs": {"Arn": {"Value": {"Ref": "Topic"}}},
}
WEB_TARGET = ["--service-namespace", "ecs", "--scalable-dimension", "ecs:service:DesiredCount"]


def names(rows: list[Any], key: str) -> list[str]:
    """A field of each row, sorted."""
    return sorted(str(row[key]) for row in rows)


def test_sts(account: Account) -> None:
    assert account.cli("sts", "get-caller-identity")["Account"] == "123456789012"


def test_acm(account: Account) -> None:
    (listed,) = account.cli("acm", "list-certificates")["CertificateSummaryList"]
    told = account.cli("acm", "describe-certificate", "--certificate-arn", listed["CertificateArn"])["Certificate"]
    assert (told["Status"], told["DomainName"], told["InUseBy"]) == ("ISSUED", "api.bond.example", [])
    assert "ResourceNotFoundException" in account.refusal(
        "acm", "describe-certificate", "--certificate-arn", listed["CertificateArn"][:-1] + "x"
    )


def test_secretsmanager(account: Account) -> None:
    secret = ["--secret-id", "bond"]
    made = account.cli("secretsmanager", "create-secret", "--name", "bond", "--secret-string", '{"A":"1"}')
    put = ["put-secret-value", *secret, "--secret-string", '{"A":"2"}', "--version-stages", "AWSCURRENT", "ours"]
    second = account.cli("secretsmanager", *put)
    assert sorted(second["VersionStages"]) == ["AWSCURRENT", "ours"]
    told = account.cli("secretsmanager", "describe-secret", *secret)
    stages = {version: sorted(labels) for version, labels in told["VersionIdsToStages"].items()}
    assert stages == {made["VersionId"]: ["AWSPREVIOUS"], second["VersionId"]: ["AWSCURRENT", "ours"]}
    before = account.cli("secretsmanager", "get-secret-value", *secret, "--version-stage", "AWSPREVIOUS")
    assert (before["SecretString"], before["ARN"]) == ('{"A":"1"}', made["ARN"])
    assert names(account.cli("secretsmanager", "list-secrets")["SecretList"], "Name") == ["bond"]
    assert "ResourceNotFoundException" in account.refusal("secretsmanager", "get-secret-value", "--secret-id", "x")


def test_cloudformation_from_deploy_to_delete(account: Account, tmp_path: Path) -> None:
    file = tmp_path / "topic.json"
    file.write_text(json.dumps(TEMPLATE))
    stack, body = ["--stack-name", "topic"], ["--template-file", str(file)]
    account.say("cloudformation", "deploy", *stack, *body, "--parameter-overrides", "Name=first")
    again = ["deploy", *stack, *body, "--parameter-overrides", "Name=first", "--no-fail-on-empty-changeset"]
    assert "No changes to deploy. Stack topic is up to date" in account.say("cloudformation", *again)
    parameter = "ParameterKey=Name,ParameterValue=second"
    change = [*stack, "--change-set-name", "look"]
    account.cli("cloudformation", "create-change-set", *change, "--use-previous-template", "--parameters", parameter)
    account.say("cloudformation", "wait", "change-set-create-complete", *change)
    told = account.cli("cloudformation", "describe-change-set", *change)
    (row,) = told["Changes"]
    assert (told["ExecutionStatus"], row["ResourceChange"]["Action"]) == ("AVAILABLE", "Modify")
    assert (row["ResourceChange"]["LogicalResourceId"], row["ResourceChange"]["Replacement"]) == ("Topic", "True")
    account.cli("cloudformation", "delete-change-set", *change)
    (found,) = account.cli("cloudformation", "describe-stacks", *stack)["Stacks"]
    assert (found["StackStatus"], found["Parameters"][0]["ParameterValue"]) == ("CREATE_COMPLETE", "first")
    assert found["Outputs"][0]["OutputValue"].endswith(":first")
    events = account.cli("cloudformation", "describe-stack-events", *stack)["StackEvents"]
    assert (events[0]["LogicalResourceId"], events[0]["ResourceStatus"]) == ("topic", "CREATE_COMPLETE")
    body_now = account.cli("cloudformation", "get-template", *stack)["TemplateBody"]
    assert body_now == TEMPLATE
    account.cli("cloudformation", "delete-stack", *stack)
    account.say("cloudformation", "wait", "stack-delete-complete", *stack)
    assert "does not exist" in account.refusal("cloudformation", "describe-stacks", *stack)


def test_ec2_shows_the_network_of_our_own_stack(account: Account, network: dict[str, str]) -> None:
    (vpc,) = account.cli("ec2", "describe-vpcs", "--vpc-ids", network["VpcId"])["Vpcs"]
    assert (vpc["CidrBlock"], vpc["State"], vpc["IsDefault"]) == ("10.20.0.0/16", "available", False)
    wanted = network["PrivateSubnetIds"].split(",")
    subnets = account.cli("ec2", "describe-subnets", "--subnet-ids", *wanted)["Subnets"]
    assert names(subnets, "AvailabilityZone") == ["eu-west-1a", "eu-west-1b"]
    of_vpc = ["--filters", f"Name=vpc-id,Values={network['VpcId']}"]
    tables = account.cli("ec2", "describe-route-tables", *of_vpc)["RouteTables"]
    routes = {
        association["SubnetId"]: {route.get("DestinationCidrBlock"): route for route in table["Routes"]}
        for table in tables
        for association in table["Associations"]
        if "SubnetId" in association
    }
    for subnet in wanted:
        assert routes[subnet]["0.0.0.0/0"]["NatGatewayId"].startswith("nat-")


def test_ecr_knows_the_pushed_images(account: Account, cluster: str) -> None:
    (repository,) = account.cli("ecr", "describe-repositories")["repositories"]
    assert repository["repositoryUri"] == f"{REGISTRY}/bond"
    image = ["ecr", "describe-images", "--repository-name", "bond", "--image-ids"]
    (found,) = account.cli(*image, "imageTag=v1")["imageDetails"]
    assert found["imageTags"] == ["v1"]
    assert account.cli(*image, f"imageDigest={found['imageDigest']}")["imageDetails"] == [found]
    assert "ImageNotFoundException" in account.refusal(*image, "imageTag=nobody")


def test_a_service_from_its_definition_to_its_end(account: Account, cluster: str, network: dict[str, str]) -> None:
    definition = define(account, "life", "v1")
    made = serve(account, cluster, "life", definition, network)
    assert (made["status"], made["deployments"][0]["rolloutState"]) == ("ACTIVE", "IN_PROGRESS")
    here, service = ["--cluster", cluster], ["--service", "life"]
    account.say("ecs", "wait", "services-stable", *here, "--services", "life")
    (found,) = account.cli("ecs", "describe-services", *here, "--services", "life")["services"]
    assert (found["runningCount"], found["taskDefinition"]) == (1, definition)
    (task,) = account.cli("ecs", "list-tasks", *here, "--service-name", "life")["taskArns"]
    (seen,) = account.cli("ecs", "describe-tasks", *here, "--tasks", task)["tasks"]
    assert (seen["lastStatus"], seen["containers"][0]["image"]) == ("RUNNING", f"{REGISTRY}/bond:v1")
    attached = {detail["name"]: detail["value"] for detail in seen["attachments"][0]["details"]}
    assert attached["subnetId"] in network["PrivateSubnetIds"]
    (rollout,) = account.cli("ecs", "list-service-deployments", *here, *service)["serviceDeployments"]
    arn = rollout["serviceDeploymentArn"]
    (deployment,) = account.cli("ecs", "describe-service-deployments", "--service-deployment-arns", arn)[
        "serviceDeployments"
    ]
    assert deployment["status"] in ("SUCCESSFUL", "IN_PROGRESS")
    revision = deployment["targetServiceRevision"]["arn"]
    revisions = account.cli("ecs", "describe-service-revisions", "--service-revision-arns", revision)
    assert revisions["serviceRevisions"][0]["taskDefinition"] == definition
    logs_of(account, "life", task)
    account.cli("ecs", "tag-resource", "--resource-arn", made["serviceArn"], "--tags", "key=by,value=hand")
    tags = account.cli("ecs", "list-tags-for-resource", "--resource-arn", made["serviceArn"])["tags"]
    assert tags == [{"key": "by", "value": "hand"}]
    assert account.cli("ecs", "list-task-definitions", "--family-prefix", "life")["taskDefinitionArns"] == [definition]
    account.cli("ecs", "update-service", *here, *service, "--desired-count", "0")
    account.cli("ecs", "delete-service", *here, *service)
    account.say("ecs", "wait", "services-inactive", *here, "--services", "life")
    assert account.cli("ecs", "list-tasks", *here, "--service-name", "life")["taskArns"] == []


def logs_of(account: Account, family: str, task: str) -> None:
    """A task's stream is where ECS says, and its lines are there by both ways to read them."""
    stream = f"{family}/web/{task.rpartition('/')[2]}"
    group = ["--log-group-name", "/bond"]
    by_stream = account.cli("logs", "get-log-events", *group, "--log-stream-name", stream)["events"]
    assert by_stream[0]["message"].endswith("starts on aws")
    filtered = account.cli(
        "logs", "filter-log-events", *group, "--log-stream-names", stream, "--filter-pattern", "starts"
    )
    assert [event["message"] for event in filtered["events"]] == [by_stream[0]["message"]]


def test_application_autoscaling(account: Account, cluster: str, network: dict[str, str]) -> None:
    serve(account, cluster, "scaled", define(account, "scaled", "v1"), network)
    target = [*WEB_TARGET, "--resource-id", f"service/{cluster}/scaled"]
    limits = ["--min-capacity", "1", "--max-capacity", "4"]
    account.cli("application-autoscaling", "register-scalable-target", *target, *limits)
    metric = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
    tracking = json.dumps({"TargetValue": 50, "PredefinedMetricSpecification": metric})
    policy = ["--policy-name", "cpu", "--policy-type", "TargetTrackingScaling"]
    account.cli(
        *("application-autoscaling", "put-scaling-policy", *policy, *target),
        *("--target-tracking-scaling-policy-configuration", tracking),
    )
    shown = ["application-autoscaling", "describe-scalable-targets", "--service-namespace", "ecs"]
    (found,) = account.cli(*shown)["ScalableTargets"]
    assert (found["MinCapacity"], found["MaxCapacity"]) == (1, 4)
    assert found["RoleARN"].endswith("/AWSServiceRoleForApplicationAutoScaling_ECSService")
    policies = ["application-autoscaling", "describe-scaling-policies", "--service-namespace", "ecs"]
    (rule,) = account.cli(*policies)["ScalingPolicies"]
    assert rule["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 50
    assert len(rule["Alarms"]) == 2
    account.cli("application-autoscaling", "delete-scaling-policy", "--policy-name", "cpu", *target)
    account.cli("application-autoscaling", "deregister-scalable-target", *target)
    assert account.cli(*shown)["ScalableTargets"] == []


def test_a_balancer_and_its_metrics(account: Account, network: dict[str, str]) -> None:
    subnets = network["PublicSubnetIds"].split(",")
    (balancer,) = account.cli("elbv2", "create-load-balancer", "--name", "bond", "--subnets", *subnets)["LoadBalancers"]
    where = ["--vpc-id", network["VpcId"], "--target-type", "ip"]
    group = ["--name", "bond", "--protocol", "HTTP", "--port", "8080", *where]
    (made,) = account.cli("elbv2", "create-target-group", *group)["TargetGroups"]
    arn, forward = made["TargetGroupArn"], f"Type=forward,TargetGroupArn={made['TargetGroupArn']}"
    listener = ["--protocol", "HTTP", "--port", "80", "--default-actions", forward]
    account.cli("elbv2", "create-listener", "--load-balancer-arn", balancer["LoadBalancerArn"], *listener)
    (shown,) = account.cli("elbv2", "describe-load-balancers", "--names", "bond")["LoadBalancers"]
    assert (shown["Scheme"], shown["State"]["Code"]) == ("internet-facing", "active")
    (listening,) = account.cli("elbv2", "describe-listeners", "--load-balancer-arn", shown["LoadBalancerArn"])[
        "Listeners"
    ]
    assert (listening["Port"], listening["DefaultActions"][0]["TargetGroupArn"]) == (80, arn)
    (kept,) = account.cli("elbv2", "describe-target-groups", "--target-group-arns", arn)["TargetGroups"]
    assert kept["LoadBalancerArns"] == [shown["LoadBalancerArn"]]
    health = account.cli("elbv2", "describe-target-health", "--target-group-arn", arn)
    assert health["TargetHealthDescriptions"] == []
    dimension = {"Name": "LoadBalancer", "Value": shown["LoadBalancerArn"].partition(":loadbalancer/")[2]}
    metric = {"Namespace": "AWS/ApplicationELB", "MetricName": "RequestCount", "Dimensions": [dimension]}
    query = [{"Id": "requests", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}]
    period = ["--start-time", "2026-01-01T00:00:00Z", "--end-time", "2026-01-01T01:00:00Z"]
    told = account.cli("cloudwatch", "get-metric-data", *period, "--metric-data-queries", json.dumps(query))
    (result,) = told["MetricDataResults"]
    assert (result["Id"], result["Values"], result["StatusCode"]) == ("requests", [], "Complete")


def test_iam_shows_the_role(account: Account, cluster: str) -> None:
    role = account.cli("iam", "get-role", "--role-name", "run")["Role"]
    principal = role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]
    assert (role["Arn"], principal) == ("arn:aws:iam::123456789012:role/run", {"Service": "ecs-tasks.amazonaws.com"})
    assert "NoSuchEntity" in account.refusal("iam", "get-role", "--role-name", "nobody")
