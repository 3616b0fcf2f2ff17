"""ECS among the other services of the stand-in: real balancer, ECR, Secrets Manager, Logs, IAM and CloudFormation."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.aws import AwsStandIn
from rehearsal.aws.cloudformation import gate
from rehearsal.names import Names
from rehearsal.seed import Aws, Behaviour, Seed
from rehearsal.state.canonical import canonical, compare
from tests.unit.rehearsal.aws.ecs.region import eventually
from tests.unit.rehearsal.aws.formation import Stacks
from tests.unit.rehearsal.aws.network import Network, make_network

TRUST = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}
IMAGES = {"v1": Behaviour(), "v2": Behaviour(), "bad": Behaviour(starts="never_healthy"), "worker": Behaviour()}
IMAGES["failing"] = Behaviour(errors=1.0)
KPIS = Path(__file__).resolve().parents[5] / "roles" / "provision" / "files" / "kpis.cfn.yaml"


@pytest.fixture(scope="module")
def seed() -> Seed:
    return Seed(aws=Aws(images={"bond": IMAGES}))


class Account:
    """What a service needs, made once: a network, a balancer, a role, a log group, a repository, a secret."""

    def __init__(self, client: Any, names: Names) -> None:
        self.client, self.names = client, names
        self.ecs = client("ecs")
        self.network: Network = make_network(client("ec2"))
        elb = client("elbv2")
        self.group = elb.create_target_group(
            Name="bond",
            Protocol="HTTP",
            Port=8080,
            VpcId=self.network.vpc,
            TargetType="ip",
            HealthCheckPath="/health",
            HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=2,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=2,
        )["TargetGroups"][0]["TargetGroupArn"]
        delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "1"}
        elb.modify_target_group_attributes(TargetGroupArn=self.group, Attributes=[delay])
        balancer = elb.create_load_balancer(Name="bond", Subnets=self.network.subnets)["LoadBalancers"][0]
        self.host, self.balancer = balancer["DNSName"], balancer["LoadBalancerArn"]
        forward = [{"Type": "forward", "TargetGroupArn": self.group}]
        elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=forward
        )
        document = json.dumps({"Version": "2012-10-17", **TRUST})
        self.role = client("iam").create_role(RoleName="execution", AssumeRolePolicyDocument=document)["Role"]["Arn"]
        client("logs").create_log_group(logGroupName="/bond")
        client("ecr").create_repository(repositoryName="bond")
        self.secret = client("secretsmanager").create_secret(Name="bond", SecretString='{"API_KEY": "s3cret"}')
        self.ecs.create_cluster(clusterName="bond")

    def define(self, tag: str, secret: str = "") -> str:
        """Register a revision of "web" that runs this tag with the secret's present version."""
        reference = secret or f"{self.secret['ARN']}:API_KEY::{self.secret['VersionId']}"
        options = {"awslogs-group": "/bond", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "web"}
        container = {
            "name": "web",
            "image": f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/bond:{tag}",
            "portMappings": [{"containerPort": 8080}],
            "environment": [{"name": "PORT", "value": "8080"}, {"name": "APP_VERSION", "value": tag}],
            "secrets": [{"name": "API_KEY", "valueFrom": reference}],
            "logConfiguration": {"logDriver": "awslogs", "options": options},
        }
        made = self.ecs.register_task_definition(
            family="web",
            cpu="256",
            memory="512",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            executionRoleArn=self.role,
            containerDefinitions=[container],
        )
        return str(made["taskDefinition"]["taskDefinitionArn"])

    @property
    def settings(self) -> dict[str, Any]:
        """A service's settings."""
        network = {"subnets": self.network.subnets, "securityGroups": [self.network.group]}
        return {
            "desiredCount": 2,
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": network},
            "loadBalancers": [{"targetGroupArn": self.group, "containerName": "web", "containerPort": 8080}],
            "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
        }

    def service(self) -> Any:
        """The service as it is."""
        return self.ecs.describe_services(cluster="bond", services=["web"])["services"][0]

    def settled(self) -> bool:
        """One completed deployment."""
        return [each["rolloutState"] for each in self.service()["deployments"]] == ["COMPLETED"]

    def ask(self) -> str:
        """The version that answers through the balancer."""
        port = (self.names.lookup(self.host) or {})[80]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
            return str(json.load(answer)["version"])


@pytest.fixture(scope="module")
def account(client: Any, names: Names) -> Account:
    account = Account(client, names)
    account.ecs.create_service(
        cluster="bond", serviceName="web", taskDefinition=account.define("v1"), **account.settings
    )
    waiter = account.ecs.get_waiter("services_stable")
    waiter.wait(cluster="bond", services=["web"], WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    eventually(account.settled, 60)  # the waiter does not look at the targets' health
    return account


@pytest.fixture
def failures(account: Account) -> Iterator[list[str]]:
    """Requests through the balancer all the time; what went wrong with them."""
    over, wrong = threading.Event(), []

    def visit() -> None:
        while not over.is_set():
            try:
                account.ask()
            except (OSError, urllib.error.HTTPError) as error:
                wrong.append(repr(error))
            over.wait(0.02)

    visitor = threading.Thread(target=visit)
    visitor.start()
    yield wrong
    over.set()
    visitor.join()


def test_new_version_takes_over_without_a_failed_request(account: Account, failures: list[str]) -> None:
    assert account.ask() == "v1"
    account.ecs.update_service(cluster="bond", service="web", taskDefinition=account.define("v2"))
    eventually(account.settled, 60)
    assert account.ask() == "v2"
    assert failures == []


def test_version_that_never_gets_healthy_is_rolled_back(account: Account, failures: list[str]) -> None:
    before = account.service()["taskDefinition"]
    update = account.ecs.update_service(cluster="bond", service="web", taskDefinition=account.define("bad"))
    failed = update["service"]["deployments"][0]["id"]
    eventually(lambda: account.service()["taskDefinition"] == before, 90)
    eventually(account.settled, 60)
    events = [each["message"] for each in account.service()["events"]]
    assert f"(service web) (deployment {failed}) deployment failed: tasks failed to start." in events
    assert any("is unhealthy in" in each and "codes: [503]" in each for each in events)
    assert failures == []


@pytest.mark.parametrize(
    ("suffix", "reason"),
    [
        (":OTHER::{version}", "did not contain json key OTHER"),
        (":API_KEY::00000000-0000-0000-0000-000000000000", "ResourceNotFoundException"),
    ],
)
def test_secret_that_cannot_be_had_keeps_a_task_from_starting(account: Account, suffix: str, reason: str) -> None:
    secret = account.secret["ARN"] + suffix.format(version=account.secret["VersionId"])
    settings = {name: account.settings[name] for name in ("launchType", "networkConfiguration")}
    made = account.ecs.run_task(cluster="bond", taskDefinition=account.define("v1", secret), **settings)
    arn = made["tasks"][0]["taskArn"]
    waiter = account.ecs.get_waiter("tasks_stopped")
    waiter.wait(cluster="bond", tasks=[arn], WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    stopped = account.ecs.describe_tasks(cluster="bond", tasks=[arn])["tasks"][0]
    assert stopped["stopCode"] == "TaskFailedToStart"
    assert stopped["stoppedReason"].startswith("ResourceInitializationError: unable to pull secrets or registry auth")
    assert reason in stopped["stoppedReason"]


def test_logs_are_in_the_stream_of_each_task(account: Account) -> None:
    tasks = account.ecs.list_tasks(cluster="bond", serviceName="web")["taskArns"]
    streams = account.client("logs").describe_log_streams(logGroupName="/bond")["logStreams"]
    assert {f"web/web/{arn.rpartition('/')[2]}" for arn in tasks} <= {each["logStreamName"] for each in streams}


def test_other_regions_have_no_such_cluster(account: Account) -> None:
    with pytest.raises(ClientError) as caught:
        account.client("ecs", region="eu-north-1").describe_services(cluster="bond", services=["web"])
    assert caught.value.response["Error"]["Code"] == "ClusterNotFoundException"


def test_stack_with_a_worker_service(account: Account, aws: AwsStandIn) -> None:
    template = {
        "Resources": {
            "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": "stacked"}},
            "Definition": {
                "Type": "AWS::ECS::TaskDefinition",
                "Properties": {
                    "Family": "worker",
                    "Cpu": "256",
                    "Memory": "512",
                    "NetworkMode": "awsvpc",
                    "RequiresCompatibilities": ["FARGATE"],
                    "ExecutionRoleArn": account.role,
                    "ContainerDefinitions": [
                        {
                            "Name": "worker",
                            "Image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/bond:worker",
                            "Environment": [{"Name": "KIND", "Value": "worker"}],
                        }
                    ],
                },
            },
            "Service": {
                "Type": "AWS::ECS::Service",
                "Properties": {
                    "Cluster": {"Ref": "Cluster"},
                    "TaskDefinition": {"Ref": "Definition"},
                    "LaunchType": "FARGATE",
                    "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": account.network.subnets}},
                },
            },
        },
        "Outputs": {"Name": {"Value": {"Fn::GetAtt": ["Service", "Name"]}}},
    }
    stacks = account.client("cloudformation")
    stacks.create_stack(StackName="worker", TemplateBody=json.dumps(template))
    stacks.get_waiter("stack_create_complete").wait(StackName="worker", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    outputs = stacks.describe_stacks(StackName="worker")["Stacks"][0]["Outputs"]
    service = account.ecs.describe_services(cluster="stacked", services=[outputs[0]["OutputValue"]])["services"][0]
    assert (service["runningCount"], service["deployments"][0]["rolloutState"]) == (1, "COMPLETED")
    stacks.delete_stack(StackName="worker")
    stacks.get_waiter("stack_delete_complete").wait(StackName="worker", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    clusters = account.ecs.describe_clusters(clusters=["stacked"])["clusters"]
    assert [each["status"] for each in clusters] == ["INACTIVE"]


def test_a_snapshot_brings_everything_back_with_new_tasks(account: Account, aws: AwsStandIn, client: Any) -> None:
    """A release, a new secret version and a log group are forgotten; what was there runs again, in other tasks."""
    account.ecs.update_service(cluster="bond", service="web", taskDefinition=account.define("v1"))
    eventually(account.settled, 60)
    kept, before = aws.snapshot(), canonical({"aws": aws.state()})
    tasks = account.ecs.list_tasks(cluster="bond")["taskArns"]

    account.ecs.update_service(cluster="bond", service="web", taskDefinition=account.define("v2"))
    client("secretsmanager").put_secret_value(SecretId="bond", SecretString='{"API_KEY": "other"}')
    client("logs").create_log_group(logGroupName="/other")
    assert compare(before, canonical({"aws": aws.state()}))

    aws.restore(kept)
    assert compare(before, canonical({"aws": aws.state()})) == []
    assert account.ask() == "v1"
    assert not set(tasks) & set(account.ecs.list_tasks(cluster="bond")["taskArns"])


def test_tasks_that_have_ended_are_forgotten_also_where_there_was_no_ecs(account: Account, aws: AwsStandIn) -> None:
    kept, task = aws.snapshot(), account.ecs.list_tasks(cluster="bond")["taskArns"][0]
    aws.restore(replace(kept, ecs={}))
    account.ecs.create_cluster(clusterName="bond")
    told = account.ecs.describe_tasks(cluster="bond", tasks=[task])
    aws.restore(kept)
    assert ([each["reason"] for each in told["failures"]], told["tasks"]) == (["MISSING"], [])


def test_a_state_shows_no_secret_value(account: Account, aws: AwsStandIn) -> None:
    text = json.dumps(canonical({"aws": aws.state()}))
    assert "s3cret" not in text
    assert "sha256:" in text


@pytest.fixture
def watched(account: Account, client: Any) -> Iterator[list[str]]:
    """The alarms that a deployment watches, of our own template, quick."""
    given = {
        "Stage": "test",
        "App": "bond",
        "ClusterName": "bond",
        "LoadBalancer": account.balancer.partition(":loadbalancer/")[2],
        "TargetGroup": account.group.rpartition(":")[2],
        "AlarmPeriod": "10",
        "DeploymentDatapoints": "1",
    }
    stacks = Stacks(client("cloudformation"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate, "mistakes", lambda *_: [])
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()]
        made = stacks.create("kpis", KPIS.read_text(encoding="ascii"), Parameters=parameters)
    outputs = {each["OutputKey"]: each["OutputValue"] for each in made["Outputs"]}
    yield outputs["DeploymentAlarmNames"].split(",")
    off = {"alarms": {"alarmNames": [], "enable": False, "rollback": False}}
    account.ecs.update_service(cluster="bond", service="web", deploymentConfiguration=off)
    assert stacks.delete("kpis") == "DELETE_COMPLETE"


def test_a_release_that_fails_its_visitors_is_rolled_back_by_its_alarm(
    account: Account, client: Any, watched: list[str], failures: list[str]
) -> None:
    eventually(account.settled, 60)
    states = {"OK", "INSUFFICIENT_DATA"}
    eventually(
        lambda: (
            {a["StateValue"] for a in client("cloudwatch").describe_alarms(AlarmNames=watched)["MetricAlarms"]}
            <= states
        ),
        30,
    )
    before = account.service()["deployments"][0]["id"]
    account.ecs.update_service(
        cluster="bond",
        service="web",
        taskDefinition=account.define("failing"),
        deploymentConfiguration={"alarms": {"alarmNames": watched, "enable": True, "rollback": True}},
    )
    eventually(lambda: any("alarm detected" in each["message"] for each in account.service()["events"]), 60)
    eventually(account.settled, 60)
    assert account.service()["deployments"][0]["id"] == before
    assert any("500" in failure for failure in failures)
    (record,) = account.ecs.list_service_deployments(cluster="bond", service="web")["serviceDeployments"][:1]
    arns = [record["serviceDeploymentArn"]]
    told = account.ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"][0]
    assert told["status"] == "ROLLBACK_SUCCESSFUL"
    assert "test" in told["alarms"]["triggeredAlarmNames"][0]
