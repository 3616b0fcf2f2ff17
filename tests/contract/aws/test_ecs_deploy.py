"""The stand-in's ECS under PyPI's ecs-deploy, which watches a rollout by deployments, tasks and events."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.aws.conftest import REGISTRY, Account, define, serve
from tests.contract.strangers import environment


@pytest.fixture(scope="module")
def service(account: Account, cluster: str, network: dict[str, str]) -> list[str]:
    """Cluster and name of a service of one task that is steady with the image v1."""
    serve(account, cluster, "web", define(account, "web", "v1"), network)
    account.say("ecs", "wait", "services-stable", "--cluster", cluster, "--services", "web")
    return [cluster, "web"]


def ecs(account: Account, *words: str, exit_code: int = 0) -> str:
    """What a command of ecs-deploy says."""
    command = [environment.from_pypi("ecs-deploy", "ecs"), *words, "--region", "eu-west-1"]
    done = environment.run(command, account.home, account.environment, exit_code=exit_code)
    return done.stdout + done.stderr


def described(account: Account, service: list[str]) -> tuple[Any, list[str]]:
    """The service and the images of its task definition, asked of the AWS command line."""
    cluster, name = service
    (found,) = account.cli("ecs", "describe-services", "--cluster", cluster, "--services", name)["services"]
    definition = account.cli("ecs", "describe-task-definition", "--task-definition", found["taskDefinition"])
    return found, [container["image"] for container in definition["taskDefinition"]["containerDefinitions"]]


def test_a_new_tag_is_deployed(account: Account, service: list[str]) -> None:
    said = ecs(account, "deploy", *service, "--tag", "v2", "--timeout", "100", "--no-deregister")
    assert "Deployment successful" in said
    found, images = described(account, service)
    assert (images, found["runningCount"], found["desiredCount"]) == ([f"{REGISTRY}/bond:v2"], 1, 1)
    assert found["deployments"][0]["taskDefinition"] == found["taskDefinition"]


def test_an_image_and_a_variable_are_changed(account: Account, service: list[str]) -> None:
    what = ["--image", "web", f"{REGISTRY}/bond:v1", "--env", "web", "COLOUR", "blue"]
    assert "Deployment successful" in ecs(account, "deploy", *service, *what, "--timeout", "100")
    found, images = described(account, service)
    assert images == [f"{REGISTRY}/bond:v1"]
    definition = account.cli("ecs", "describe-task-definition", "--task-definition", found["taskDefinition"])
    variables = definition["taskDefinition"]["containerDefinitions"][0]["environment"]
    assert {"name": "COLOUR", "value": "blue"} in variables


def test_a_service_is_scaled(account: Account, service: list[str]) -> None:
    assert "Scaling successful" in ecs(account, "scale", *service, "2", "--timeout", "60")
    found, _ = described(account, service)
    assert (found["desiredCount"], found["runningCount"]) == (2, 2)


def test_a_bad_image_is_told_and_rolled_back(account: Account, service: list[str]) -> None:
    _, images = described(account, service)
    said = ecs(account, "deploy", *service, "--tag", "bad", "--timeout", "40", "--rollback", exit_code=1)
    assert "Deployment failed" in said
    account.say("ecs", "wait", "services-stable", "--cluster", service[0], "--services", service[1])
    after, images_after = described(account, service)
    assert (images_after, after["runningCount"]) == (images, after["desiredCount"])


def test_a_one_off_task_runs(account: Account, cluster: str, network: dict[str, str]) -> None:
    define(account, "job", "job")
    subnet = network["PrivateSubnetIds"].split(",")[0]
    group = account.cli("ec2", "describe-security-groups", "--filters", f"Name=vpc-id,Values={network['VpcId']}")
    where = ["--subnet", subnet, "--securitygroup", group["SecurityGroups"][0]["GroupId"]]
    said = ecs(account, "run", cluster, "job", "1", "--launchtype", "FARGATE", *where, "--env", "web", "ONCE", "yes")
    assert "Successfully started 1 instances of task: job:" in said
    tasks = account.cli("ecs", "list-tasks", "--cluster", cluster, "--family", "job", "--desired-status", "RUNNING")
    stopped = account.cli("ecs", "list-tasks", "--cluster", cluster, "--family", "job", "--desired-status", "STOPPED")
    (arn,) = tasks["taskArns"] + stopped["taskArns"]
    (task,) = account.cli("ecs", "describe-tasks", "--cluster", cluster, "--tasks", arn)["tasks"]
    assert {"name": "ONCE", "value": "yes"} in task["overrides"]["containerOverrides"][0]["environment"]


def test_what_is_not_there_is_told(account: Account, cluster: str) -> None:
    assert "An error occurred" in ecs(account, "deploy", cluster, "nobody", exit_code=1)
    assert "Cluster not found" in ecs(account, "scale", "nowhere", "web", "1", exit_code=1)
