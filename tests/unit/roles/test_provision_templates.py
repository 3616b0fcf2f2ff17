"""The templates of the role provision: clean, documented, and of what the rest of the collection relies on."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.offramp.ecs.plugins.module_utils.aws import template
from ansible_collections.offramp.ecs.plugins.module_utils.aws.template import Template
from tests.unit.plugins.stack_world import TEMPLATES

ROLE = TEMPLATES.parent
FILES = sorted(TEMPLATES.glob("*.cfn.yaml"))
OUTPUTS = {
    "network": {"VpcId", "PublicSubnetIds", "PrivateSubnetIds"},
    "platform": {"ClusterName", "ClusterArn"},
    "app": {
        "RepositoryUri",
        "RepositoryName",
        "ExecutionRoleArn",
        "TaskRoleArn",
        "TaskSecurityGroupId",
        "LoadBalancerArn",
        "LoadBalancerDnsName",
        "LoadBalancerFullName",
        "TargetGroupArn",
        "TargetGroupFullName",
        "LogGroupName",
    },
}


def named(path: Path) -> str:
    return path.name.partition(".")[0]


def read(name: str) -> Template:
    return template.read(str(TEMPLATES / f"{name}.cfn.yaml"))


def properties(name: str, resource: str) -> dict[str, Any]:
    found: dict[str, Any] = read(name).body["Resources"][resource]["Properties"]
    return found


def test_cfn_lint_has_nothing_to_say() -> None:
    linter = Path(sys.executable).parent / "cfn-lint"
    done = subprocess.run([linter, "-c", "I", "W", "E", "--", *FILES], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", FILES, ids=named)
def test_templates_are_static_and_small(path: Path) -> None:
    assert "{{" not in path.read_text(encoding="ascii")
    assert path.stat().st_size < 51_200


@pytest.mark.parametrize("path", FILES, ids=named)
def test_everything_that_a_person_meets_is_described(path: Path) -> None:
    body = read(named(path)).body
    for section in ("Parameters", "Outputs"):
        assert not [name for name, one in body[section].items() if not one.get("Description")]
    patterned = [one for one in body["Parameters"].values() if "AllowedPattern" in one]
    assert all(one.get("ConstraintDescription", "").startswith("must ") for one in patterned)
    groups = [one for one in body["Resources"].values() if one["Type"] == "AWS::EC2::SecurityGroup"]
    assert all(rule["Description"] for group in groups for rule in group["Properties"]["SecurityGroupIngress"])


@pytest.mark.parametrize("name", sorted(OUTPUTS))
def test_outputs_are_those_that_others_read(name: str) -> None:
    assert set(read(name).body["Outputs"]) >= OUTPUTS[name]


@pytest.mark.parametrize("name", sorted(OUTPUTS))
def test_the_role_gives_each_parameter_and_no_other(name: str) -> None:
    tasks = [task for path in ("stage", "app") for task in yaml.safe_load((ROLE / "tasks" / f"{path}.yml").read_text())]
    stacks = [one["offramp.ecs.aws_stack"] for task in tasks for one in task["block"] if "offramp.ecs.aws_stack" in one]
    (stack,) = [one for one in stacks if one["template"].endswith(f"/{name}.cfn.yaml")]
    assert set(stack["parameters"]) == set(read(name).body["Parameters"])


def test_what_holds_data_outlives_its_stack() -> None:
    for resource in ("Repository", "LogGroup"):
        found = read("app").body["Resources"][resource]
        assert found["DeletionPolicy"] == "RetainExceptOnCreate"
        assert found["UpdateReplacePolicy"] == "Retain"


def test_tasks_admit_the_load_balancer_alone() -> None:
    (rule,) = properties("app", "TaskSecurityGroup")["SecurityGroupIngress"]
    assert rule["SourceSecurityGroupId"] == {"Fn::GetAtt": ["LoadBalancerSecurityGroup", "GroupId"]}
    assert "CidrIp" not in rule


def test_http_is_redirected_and_https_forwarded() -> None:
    (redirect,) = properties("app", "HttpListener")["DefaultActions"]
    assert redirect["RedirectConfig"] == {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    https = properties("app", "HttpsListener")
    assert https["DefaultActions"] == [{"Type": "forward", "TargetGroupArn": {"Ref": "TargetGroup"}}]
    policies = read("app").body["Parameters"]["TlsPolicy"]["AllowedValues"]
    assert all(re.match(r"ELBSecurityPolicy-TLS13-1-[23]-", policy) for policy in policies)


def test_names_that_aws_limits_to_32_characters_are_left_to_cloudformation() -> None:
    assert "Name" not in properties("app", "LoadBalancer")
    assert "Name" not in properties("app", "TargetGroup")


def test_the_secret_policy_names_one_secret_with_its_random_suffix() -> None:
    statement = properties("app", "ReadSecretPolicy")["PolicyDocument"]["Statement"][0]
    assert statement["Action"] == "secretsmanager:GetSecretValue"
    assert statement["Resource"]["Fn::Sub"].endswith(":secret:${SecretName}-??????")


def test_roles_can_be_taken_only_from_this_account() -> None:
    for role in ("ExecutionRole", "TaskRole"):
        (statement,) = properties("app", role)["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def test_the_lifecycle_policy_is_json() -> None:
    text = properties("app", "Repository")["LifecyclePolicy"]["LifecyclePolicyText"]["Fn::Sub"]
    rules = json.loads(text.replace("${ImagesKept}", "100"))["rules"]
    assert [rule["rulePriority"] for rule in rules] == [1, 2]
