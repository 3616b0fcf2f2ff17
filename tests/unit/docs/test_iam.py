"""The policy that ships for the copy, against every call that the step makes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from ansible_collections.offramp.ecs.plugins.modules import (
    heroku_config,
    secret_bundle,
    secret_info,
    secret_removal,
    secret_use_info,
)
from rehearsal.requestlog import read_log
from tests.unit.plugins.ecs_ground import EcsGround
from tests.unit.plugins.heroku_world import HerokuWorld, heroku_world
from tests.unit.plugins.stack_world import REGION

POLICY = json.loads((Path(__file__).resolve().parents[3] / "docs" / "iam" / "copy.json").read_text(encoding="utf-8"))
NAME, CLUSTER, SERVICE, FAMILY = "production/bond/config", "offramp-production", "bond-worker", "production-bond-worker"
KEY = f"arn:aws:kms:{REGION}:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000"
READ_BY_ALL = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Action": "secretsmanager:GetSecretValue",
            "Resource": "*",
        }
    ],
}
MADE_BY_SECRETS_MANAGER = {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"}
"""Calls that Secrets Manager makes in the caller's name, which never reach an endpoint of ours."""


def allowed() -> set[str]:
    """The policy's actions."""
    found: set[str] = set()
    for statement in POLICY["Statement"]:
        actions = statement["Action"]
        found |= {actions} if isinstance(actions, str) else set(actions)
    return found


class Step:
    """The copy of one app's configuration, whose service exists, with every path that it has."""

    def __init__(self, world: HerokuWorld) -> None:
        self.world = world
        self.ground = EcsGround(world.aws, CLUSTER, "bond")
        self.users = {"cluster": CLUSTER, "services": [SERVICE]}

    def copy(self, **given: Any) -> dict[str, Any]:
        """One run of the copy."""
        users = {**self.users, "families": [FAMILY]}
        result = self.world.run(secret_bundle, app="bond-server", name=NAME, **{**users, **given})
        assert not result["failed"], result
        return result

    def pin(self, version: dict[str, Any]) -> None:
        """Let the service run with this version, by somebody else's hand."""
        api = self.world.aws.client("ecs")
        secrets = [{"name": "APP", "valueFrom": f"{version['arn']}:APP::{version['version_id']}"}]
        api.register_task_definition(
            family=FAMILY,
            containerDefinitions=[{"name": "worker", "image": "bond:v1", "secrets": secrets}],
            executionRoleArn=self.ground.role,
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
        )
        network = {"awsvpcConfiguration": {"subnets": [self.ground.subnet]}}
        arguments: dict[str, Any] = {"cluster": CLUSTER, "taskDefinition": FAMILY, "desiredCount": 0}
        arguments["networkConfiguration"] = network
        if api.describe_services(cluster=CLUSTER, services=[SERVICE])["services"]:
            api.update_service(service=SERVICE, **arguments)
        else:
            api.create_service(serviceName=SERVICE, launchType="FARGATE", **arguments)
        api.get_waiter("services_stable").wait(cluster=CLUSTER, services=[SERVICE], WaiterConfig={"Delay": 1})

    def run(self, module: Any, **given: Any) -> None:
        """Another module of the step."""
        result = self.world.run(module, name=NAME, **given)
        assert not result["failed"], result


@pytest.fixture
def step(tmp_path: Path) -> Iterator[Step]:
    with heroku_world(tmp_path) as world:
        yield Step(world)


def everything(step: Step) -> None:
    """Each path of the step once."""
    step.world.aws.client("secretsmanager").create_secret(
        Name="production/memorydb", SecretString='{"url": "rediss://x"}'
    )
    step.pin(step.copy(references={"CACHE_URL": "production/memorydb:url"})["secret"])
    for number in range(3):
        step.world.set_config("bond-server", {"APP": f"number {number}"})
        step.pin(step.copy(keep_versions=1)["secret"])
    step.copy(kms_key=KEY, replicas=[{"region": "eu-north-1"}], policy=READ_BY_ALL, tags={"team": "bond"})
    step.copy(replicas=[], policy={})
    step.world.set_config("bond-server", {"APP": "the last"})
    step.copy()
    step.run(secret_info)
    step.run(secret_use_info, **step.users)
    step.run(heroku_config, app="bond-server")
    step.run(secret_removal, app="bond-server", cluster=CLUSTER)


def called(step: Step) -> set[str]:
    """The actions of all calls that our modules made at AWS."""
    operations = set(boto3.client("secretsmanager", region_name=REGION).meta.service_model.operation_names)
    return {
        f"{'secretsmanager' if entry.operation in operations else 'ecs'}:{entry.operation}"
        for entry in read_log(step.world.aws.log.path)
        if entry.caller.startswith("offramp.ecs/")
    }


def test_no_call_is_outside_the_policy_and_no_permission_is_unused(step: Step) -> None:
    everything(step)
    made = called(step)
    assert made - allowed() == set()
    assert allowed() - made == MADE_BY_SECRETS_MANAGER


def test_the_readme_says_what_each_statement_is_for() -> None:
    told = (Path(__file__).resolve().parents[3] / "docs" / "iam" / "README.md").read_text(encoding="utf-8")
    assert not [it["Sid"] for it in POLICY["Statement"] if f"`{it['Sid']}`" not in told]


def test_writes_and_reads_of_secrets_are_narrowed_to_names() -> None:
    wide = [it["Sid"] for it in POLICY["Statement"] if it["Resource"] == "*"]
    assert wide == ["SeeWhatTheyRun"]
