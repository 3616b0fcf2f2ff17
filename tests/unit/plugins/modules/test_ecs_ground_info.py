"""ecs_ground_info: what a running service stands on, against what its stack makes now."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown
from ansible_collections.offramp.ecs.plugins.modules import ecs_ground_info
from tests.unit.plugins.ecs_parts import run

GROUP = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/bond/1"
RIGHT = {
    "cluster": "offramp-test",
    "services": ["bond-web", "bond-worker"],
    "execution_role_arn": "arn:aws:iam::123456789012:role/execution",
    "task_role_arn": "arn:aws:iam::123456789012:role/task",
    "log_group": "/offramp/test/bond",
    "security_groups": ["sg-1"],
    "subnets": ["subnet-2", "subnet-1"],
    "target_group_arn": GROUP,
    "releases": False,
}


class Api:
    """A web service and a worker, as ECS tells them."""

    def services(self, _cluster: str, names: list[str]) -> list[dict[str, Any]]:
        return [
            {
                "serviceName": name,
                "taskDefinition": "family:1",
                "deployments": [{"status": "PRIMARY", "taskDefinition": f"test-{name}:7"}],
                "deploymentConfiguration": {},
                "loadBalancers": [{"targetGroupArn": GROUP}] if name == "bond-web" else [],
                "networkConfiguration": {
                    "awsvpcConfiguration": {"subnets": ["subnet-1", "subnet-2"], "securityGroups": ["sg-1"]}
                },
            }
            for name in names
        ]

    def definition(self, arn: str) -> dict[str, Any]:
        assert arn.endswith(":7"), "what the primary deployment runs"
        options = {"awslogs-group": "/offramp/test/bond"}
        return {
            "executionRoleArn": RIGHT["execution_role_arn"],
            "taskRoleArn": RIGHT["task_role_arn"],
            "containerDefinitions": [{"name": "web", "logConfiguration": {"options": options}}],
        }


def look(*, dry: bool = False, **given: Any) -> dict[str, Any]:
    return run(ecs_ground_info.MODULE, Api(), {**RIGHT, **given}, dry=dry)


def test_services_that_stand_on_what_the_stack_makes_are_not_told() -> None:
    found = look()
    assert found["ground"]["differs"] is False
    assert found["headline"] == []


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("execution_role_arn", "arn:aws:iam::123456789012:role/new", "execution role (execution, not new)"),
        ("task_role_arn", "arn:aws:iam::123456789012:role/new", "task role (task, not new)"),
        ("log_group", "/offramp/test/new", "log group (bond, not new)"),
        ("security_groups", ["sg-2", "sg-1"], "security groups (sg-1, not sg-1, sg-2)"),
        ("subnets", ["subnet-1"], "subnets (subnet-1, subnet-2, not subnet-1)"),
    ],
)
def test_each_difference_is_told_with_the_playbook_to_run(option: str, value: Any, told: str) -> None:
    found = look(**{option: value})
    assert found["headline"] == [
        f"Ground of ECS service {name}: it runs with another {told}; run playbooks/release.yml"
        for name in ("bond-web", "bond-worker")
    ]
    assert look(**{option: value}, releases=True)["headline"][0].endswith("; the release of this run brings it in line")


def test_a_target_group_concerns_only_who_stands_behind_one() -> None:
    (line,) = look(target_group_arn=GROUP.replace("/1", "/2"))["headline"]
    assert line.startswith("Ground of ECS service bond-web: it runs with another target group (1, not 2)")


def test_what_an_update_is_to_make_differs_from_what_is_there() -> None:
    coming = Unknown("TargetGroupArn of stack bond", "playbooks/provision.yml")
    (line,) = look(dry=True, target_group_arn=coming)["headline"]
    assert "target group (1, not what the stack's update makes)" in line


def test_without_a_cluster_there_is_nothing_to_compare() -> None:
    found = look(dry=True, cluster=Unknown("ClusterName", "playbooks/provision.yml"))
    assert found["ground"] == {"services": [], "differs": False}
