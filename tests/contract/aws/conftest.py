"""An AWS stand-in for strangers, with a network, a role, a repository and a service's task definition."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rehearsal.aws import AwsStandIn
from rehearsal.dataplane.tls import Authority
from rehearsal.names import Names
from rehearsal.requestlog import RequestLog, read_log
from rehearsal.seed import Aws, Behaviour, Seed
from tests.contract.strangers import environment

IMAGES = {"v1": Behaviour(), "v2": Behaviour(), "bad": Behaviour(starts="crashes"), "job": Behaviour(dies_after=0)}
REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@dataclass(frozen=True)
class Account:
    """The stand-in's account, and strangers at work in it."""

    aws: AwsStandIn
    log: RequestLog
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """Where the account is, and who comes."""
        return {
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_ACCESS_KEY_ID": "AKIAREHEARSAL",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
        }

    def cli(self, *words: str) -> Any:
        """What a command of the AWS command line prints; a word may be JSON."""
        command = [environment.from_pypi("awscli", "aws"), *words, "--output", "json"]
        return environment.answer_of(command, self.home, self.environment)

    def say(self, *words: str) -> str:
        """What a command prints for people."""
        command = [environment.from_pypi("awscli", "aws"), *words]
        return environment.run(command, self.home, self.environment).stdout

    def refusal(self, *words: str) -> str:
        """What a command says that AWS refuses."""
        command = [environment.from_pypi("awscli", "aws"), *words]
        return environment.run(command, self.home, self.environment, exit_code=255).stderr

    def operations(self) -> set[str]:
        """The operations that succeeded so far."""
        return {entry.operation for entry in read_log(self.log.path) if entry.status < 300}


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account with nothing but a certificate in it, and images for a repository named bond."""
    environment.from_pypi("awscli", "aws")
    home = tmp_path_factory.mktemp("aws")
    seed = Seed(aws=Aws(images={"bond": IMAGES}, certificates=["api.bond.example"]))
    log = RequestLog(home / "requests.jsonl")
    stand_in = AwsStandIn(seed, log, Names(), Authority(home / "certificates"), home)
    stand_in.start()
    yield Account(stand_in, log, home)
    stand_in.stop()


@pytest.fixture(scope="module")
def network(account: Account) -> dict[str, str]:
    """The outputs of our own network stack, deployed by the command line."""
    return deploy(account, "network")


@pytest.fixture(scope="module")
def cluster(account: Account, network: dict[str, str]) -> str:
    """The cluster of our own platform stack, a role, a repository and a log group."""
    name = deploy(account, "platform", VpcId=network["VpcId"], PrivateSubnetIds=network["PrivateSubnetIds"])[
        "ClusterName"
    ]
    account.cli("iam", "create-role", "--role-name", "run", "--assume-role-policy-document", json.dumps(TRUST))
    account.cli("ecr", "create-repository", "--repository-name", "bond")
    account.cli("logs", "create-log-group", "--log-group-name", "/bond")
    return name


def deploy(account: Account, stack: str, **parameters: str) -> dict[str, str]:
    """Deploy one of our templates; returns its outputs."""
    template = Path(__file__).parents[3] / "roles" / "provision" / "files" / f"{stack}.cfn.yaml"
    name = f"offramp-t-{stack}"
    where = ["--stack-name", name, "--template-file", str(template), "--capabilities", "CAPABILITY_NAMED_IAM"]
    given = [f"{key}={value}" for key, value in {"Stage": "t", **parameters}.items()]
    told = account.say("cloudformation", "deploy", *where, "--parameter-overrides", *given)
    assert f"Successfully created/updated stack - {name}" in told
    (found,) = account.cli("cloudformation", "describe-stacks", "--stack-name", name)["Stacks"]
    assert found["StackStatus"] == "CREATE_COMPLETE"
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}


def define(account: Account, family: str, tag: str) -> str:
    """Register a task definition that runs an image of the repository; returns its ARN."""
    options = {"awslogs-group": "/bond", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": family}
    container = {
        "name": "web",
        "image": f"{REGISTRY}/bond:{tag}",
        "environment": [{"name": "PORT", "value": "8080"}, {"name": "APP_VERSION", "value": tag}],
        "portMappings": [{"containerPort": 8080}],
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }
    size = ["--cpu", "256", "--memory", "512", "--network-mode", "awsvpc", "--requires-compatibilities", "FARGATE"]
    role = ["--execution-role-arn", "arn:aws:iam::123456789012:role/run"]
    words = ["--family", family, *size, *role, "--container-definitions", json.dumps([container])]
    made: str = account.cli("ecs", "register-task-definition", *words)["taskDefinition"]["taskDefinitionArn"]
    return made


def serve(account: Account, cluster: str, name: str, definition: str, network: dict[str, str]) -> Any:
    """Create a service of one task with a circuit breaker; returns what the answer says of it."""
    subnets = network["PrivateSubnetIds"]
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    what = ["--service-name", name, "--task-definition", definition, "--desired-count", "1"]
    how = ["--launch-type", "FARGATE", "--deployment-configuration", json.dumps(breaker)]
    where = ["--cluster", cluster, "--network-configuration", f"awsvpcConfiguration={{subnets=[{subnets}]}}"]
    return account.cli("ecs", "create-service", *what, *how, *where)["service"]
