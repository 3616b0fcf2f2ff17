"""The templates of the role provision: clean, documented, and of what the rest of the collection relies on."""

from __future__ import annotations

import json
import random
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
    "platform": {"ClusterName", "ClusterArn", "KeyArn", "MemoryDbClusterName", "MemoryDbSecurityGroupId"},
    "kpis": {"DeploymentAlarmNames"},
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


def lint(*arguments: str | Path) -> str:
    """What cfn-lint has to say at its strictest: remarks and experimental rules, too."""
    linter = Path(sys.executable).parent / "cfn-lint"
    done = subprocess.run([linter, "-e", "-c", "I", *arguments], capture_output=True, text=True, cwd=ROLE.parents[1])
    return done.stdout + done.stderr


def test_cfn_lint_has_nothing_to_say() -> None:
    assert lint("--", *FILES) == ""


EXAMPLES = {
    "Stage": ["production", "s", "a-stage-of-20-letters"[:20]],
    "App": ["bond", "a" * 40],
    "RepositoryName": ["bond", "team/bond.api"],
    "VpcCidr": ["10.20.0.0/16", "192.168.0.0/20"],
    "VpcId": ["vpc-0a1b2c3d", "vpc-0a1b2c3d4e5f60718"],
    "PublicSubnetIds": ["subnet-0a1b2c3d,subnet-0a1b2c3e", "subnet-0a1b2c3d,subnet-0a1b2c3e,subnet-0a1b2c3f"],
    "PrivateSubnetIds": ["subnet-0b1b2c3d,subnet-0b1b2c3e", "subnet-0b1b2c3d,subnet-0b1b2c3e,subnet-0b1b2c3f"],
    "CertificateArn": ["arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-4000-8000-000000000001"],
    "SecretName": ["production/bond/config"],
    "SecretKeyArn": ["", "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-4000-8000-000000000002"],
    "LogKeyArn": ["", "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-4000-8000-000000000002"],
    "FlowLogKeyArn": ["", "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-4000-8000-000000000002"],
    "IngressCidr": ["0.0.0.0/0", "173.245.48.0/20"],
    "IngressPrefixListId": ["", "pl-0a1b2c3d4e5f60718"],
    "HealthPath": ["/", "/health?deep=1"],
    "HealthCodes": ["200", "200-299"],
    "MemoryDbNodeType": ["db.t4g.small", "db.r7g.xlarge"],
    "MemoryDbParameterGroup": ["default.memorydb-redis7", "ours"],
    "MemoryDbFinalSnapshot": ["", "offramp-production-final"],
    "MemoryDbSecurityGroupId": ["", "sg-0a1b2c3d4e5f60718"],
    "MemoryDbClusterName": ["", "offramp-production"],
    "ClusterName": ["offramp-production", "existing_cluster"],
    "LoadBalancer": ["app/offra-LoadB-1/0123456789abcdef"],
    "TargetGroup": ["targetgroup/offra-Targe-1/0123456789abcdef"],
    "AlertTopicArn": ["", "arn:aws:sns:eu-west-1:123456789012:alarms"],
    "AlertEmail": ["", "ops@bond.example"],
    **{f"Service{n}": ["", f"bond-process{n}"] for n in (1, 2, 3, 4)},
}
"""Values of parameters that no rule of the template generates; empty ones are what a condition asks for."""
SETS = 30


def drawn(chance: random.Random, name: str, one: dict[str, Any]) -> str:
    """A value that the template allows for a parameter, as CloudFormation takes it."""
    if "AllowedValues" in one:
        return str(chance.choice(one["AllowedValues"]))
    if one["Type"] == "Number" and name not in EXAMPLES:
        least, most = one["MinValue"], one.get("MaxValue", 10_000)
        return str(chance.choice([least, most, one.get("Default", least), 0 if least == 0 else most]))
    return chance.choice(EXAMPLES[name])


def parameter_sets(name: str) -> list[dict[str, str]]:
    """As many sets of a template's parameters, always the same ones."""
    chance = random.Random(f"ground of {name}")  # noqa: S311
    declared = read(name).body["Parameters"]
    return [{key: drawn(chance, key, one) for key, one in declared.items()} for _ in range(SETS)]


@pytest.mark.parametrize("name", sorted(OUTPUTS))
def test_generated_parameters_span_each_switch(name: str) -> None:
    sets = parameter_sets(name)
    for key, one in read(name).body["Parameters"].items():
        choices = {str(each) for each in one.get("AllowedValues", EXAMPLES.get(key, []))}
        if len(choices) <= 3:
            assert {each[key] for each in sets} == choices or not choices, key


@pytest.mark.parametrize("name", sorted(OUTPUTS))
def test_cfn_lint_has_nothing_to_say_of_thirty_parameter_sets(name: str, tmp_path: Path) -> None:
    declared = read(name).body["Parameters"]
    for number, drawn_set in enumerate(parameter_sets(name)):
        parameters = {
            key: value.split(",") if declared[key]["Type"] == "CommaDelimitedList" else value
            for key, value in drawn_set.items()
        }
        deployment = {"template-file-path": str(TEMPLATES / f"{name}.cfn.yaml"), "parameters": parameters}
        (tmp_path / f"{number}.json").write_text(json.dumps(deployment))
    assert lint("--deployment-files", *sorted(tmp_path.glob("*.json"))) == ""


@pytest.mark.parametrize("name", sorted(OUTPUTS))
def test_no_parameter_could_be_a_secret(name: str) -> None:
    words = re.compile(r"password|token|credential|passphrase|apikey", re.IGNORECASE)
    declared = read(name).body["Parameters"]
    assert not [key for key, one in declared.items() if words.search(key) or one.get("NoEcho")]
    secrets = {key for key in declared if "secret" in key.lower()}
    assert secrets <= {"SecretName", "SecretKeyArn"}, "names of a secret, never its value"


@pytest.mark.parametrize("path", FILES, ids=named)
def test_templates_are_static_and_small(path: Path) -> None:
    assert "{{" not in path.read_text(encoding="ascii").replace("{{resolve:secretsmanager:", "")
    assert path.stat().st_size < 51_200


@pytest.mark.parametrize("path", FILES, ids=named)
def test_everything_that_a_person_meets_is_described(path: Path) -> None:
    body = read(named(path)).body
    for section in ("Parameters", "Outputs"):
        assert not [name for name, one in body[section].items() if not one.get("Description")]
    patterned = [one for one in body["Parameters"].values() if "AllowedPattern" in one]
    assert all(one.get("ConstraintDescription", "").startswith("must ") for one in patterned)
    groups = [one for one in body["Resources"].values() if one["Type"] == "AWS::EC2::SecurityGroup"]
    rules = [
        rule
        for group in groups
        for way in ("SecurityGroupIngress", "SecurityGroupEgress")
        for rule in group["Properties"].get(way, [])
    ]
    assert all(rule["Description"] for rule in rules)


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
