"""What each role of the templates may do, by the policies that are deployed: its own app's things, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.unit.plugins.app_ground import KEY, App, AppGround
from tests.unit.plugins.stack_world import REGION, stack_world

GET, DECRYPT = "secretsmanager:GetSecretValue", "kms:Decrypt"
PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
WRITE = ["logs:CreateLogStream", "logs:PutLogEvents"]
BY_SECRETS = f"secretsmanager.{REGION}.amazonaws.com"
HERE = f"{REGION}:123456789012"
OTHER_KEY = KEY.replace("0a1b2c3d", "ffffffff")


@dataclass
class Apps:
    """Two apps of one stage, one of which has a name that the other's begins with, and the same app in another."""

    ground: AppGround
    ours: App
    longer: App
    elsewhere: App


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apps]:
    with stack_world(tmp_path_factory.mktemp("aws")) as world:
        ground = AppGround(world)
        ground.deploy_network()
        ours = ground.deploy("bond", SecretKeyArn=KEY, Jobs="true")
        yield Apps(ground, ours, ground.deploy("bond-server"), ground.deploy("bond", stage="production"))


def decision(apps: Apps, role: str, action: str, resource: str, **context: str) -> str:
    """What the policies of a role of ours decide, by a client that is not ours."""
    entries = [
        {"ContextKeyName": name.replace("_", ":"), "ContextKeyValues": [value], "ContextKeyType": "string"}
        for name, value in context.items()
    ]
    (result,) = apps.ground.world.client("iam").simulate_principal_policy(
        PolicySourceArn=apps.ours.outputs[role], ActionNames=[action], ResourceArns=[resource], ContextEntries=entries
    )["EvaluationResults"]
    return str(result["EvalDecision"])


def test_the_execution_role_reads_its_own_apps_secret(apps: Apps) -> None:
    assert decision(apps, "ExecutionRoleArn", GET, apps.ours.secret["arn"]) == "allowed"


@pytest.mark.parametrize("name", ["test/bond-server/config", "test/bond/config-more", "test/bond/confi", "test/bon"])
def test_and_no_secret_of_another_name(apps: Apps, name: str) -> None:
    arn = f"arn:aws:secretsmanager:{HERE}:secret:{name}-aBcDeF"
    assert decision(apps, "ExecutionRoleArn", GET, arn) == "implicitDeny"


def test_and_no_other_apps_nor_stages_secret(apps: Apps) -> None:
    for other in (apps.longer, apps.elsewhere):
        assert decision(apps, "ExecutionRoleArn", GET, other.secret["arn"]) == "implicitDeny"


@pytest.mark.parametrize("where", [REGION.replace("1", "2") + ":123456789012", f"{REGION}:210987654321"])
def test_nor_one_of_another_region_or_account(apps: Apps, where: str) -> None:
    assert decision(apps, "ExecutionRoleArn", GET, apps.ours.secret["arn"].replace(HERE, where)) == "implicitDeny"


@pytest.mark.parametrize("action", ["PutSecretValue", "DeleteSecret", "DescribeSecret", "UpdateSecretVersionStage"])
def test_it_does_nothing_else_with_its_secret(apps: Apps, action: str) -> None:
    told = decision(apps, "ExecutionRoleArn", f"secretsmanager:{action}", apps.ours.secret["arn"])
    assert told == "implicitDeny"


@pytest.mark.parametrize(
    ("key", "context", "told"),
    [
        (KEY, {"kms_ViaService": BY_SECRETS}, "allowed"),
        (KEY, {"kms_ViaService": f"s3.{REGION}.amazonaws.com"}, "implicitDeny"),
        (KEY, {}, "implicitDeny"),
        (OTHER_KEY, {"kms_ViaService": BY_SECRETS}, "implicitDeny"),
    ],
    ids=["through Secrets Manager", "through another service", "by itself", "another key"],
)
def test_it_decrypts_its_own_key_through_secrets_manager_alone(
    apps: Apps, key: str, context: dict[str, str], told: str
) -> None:
    assert decision(apps, "ExecutionRoleArn", DECRYPT, key, **context) == told


@pytest.mark.parametrize("action", PULL)
def test_it_pulls_from_its_own_repository_alone(apps: Apps, action: str) -> None:
    arn = f"arn:aws:ecr:{HERE}:repository/"
    assert decision(apps, "ExecutionRoleArn", action, f"{arn}bond") == "allowed"
    for other in ("bond-server", "production/bond", "bon"):
        assert decision(apps, "ExecutionRoleArn", action, f"{arn}{other}") == "implicitDeny"


def test_it_pushes_nothing(apps: Apps) -> None:
    assert decision(apps, "ExecutionRoleArn", "ecr:PutImage", f"arn:aws:ecr:{HERE}:repository/bond") == "implicitDeny"
    assert decision(apps, "ExecutionRoleArn", "ecr:GetAuthorizationToken", "*") == "allowed"


@pytest.mark.parametrize("action", WRITE)
def test_it_writes_its_own_log_group_alone(apps: Apps, action: str) -> None:
    arn = f"arn:aws:logs:{HERE}:log-group:"
    assert decision(apps, "ExecutionRoleArn", action, f"{arn}/offramp/test/bond:log-stream:web/web/1") == "allowed"
    for other in ("/offramp/test/bond-server", "/offramp/production/bond", "/offramp/test/bon"):
        assert decision(apps, "ExecutionRoleArn", action, f"{arn}{other}:log-stream:web/web/1") == "implicitDeny"


@pytest.mark.parametrize(
    ("family", "told"),
    [
        ("test-bond-job-nightly:7", "allowed"),
        ("test-bond-web:7", "implicitDeny"),
        ("test-bond-server-job-nightly:7", "implicitDeny"),
        ("production-bond-job-nightly:7", "implicitDeny"),
    ],
)
def test_the_schedulers_role_runs_jobs_of_its_app_alone(apps: Apps, family: str, told: str) -> None:
    arn = f"arn:aws:ecs:{HERE}:task-definition/{family}"
    assert decision(apps, "SchedulerRoleArn", "ecs:RunTask", arn) == told
    assert decision(apps, "SchedulerRoleArn", "ecs:StopTask", arn) == "implicitDeny"


def test_and_gives_them_their_own_roles_alone(apps: Apps) -> None:
    to_tasks = {"iam_PassedToService": "ecs-tasks.amazonaws.com"}
    for role in ("ExecutionRoleArn", "TaskRoleArn"):
        arn = apps.ours.outputs[role]
        assert decision(apps, "SchedulerRoleArn", "iam:PassRole", arn, **to_tasks) == "allowed"
        assert decision(apps, "SchedulerRoleArn", "iam:PassRole", arn) == "implicitDeny"
        other = apps.longer.outputs[role]
        assert decision(apps, "SchedulerRoleArn", "iam:PassRole", other, **to_tasks) == "implicitDeny"


def test_an_app_without_jobs_has_no_such_role(apps: Apps) -> None:
    assert "SchedulerRoleArn" not in apps.longer.outputs


def test_the_task_role_may_nothing(apps: Apps) -> None:
    asked: list[tuple[str, Any]] = [
        (GET, apps.ours.secret["arn"]),
        (DECRYPT, KEY),
        ("ecr:GetAuthorizationToken", "*"),
        (WRITE[1], f"arn:aws:logs:{HERE}:log-group:/offramp/test/bond:log-stream:web/web/1"),
        ("sts:AssumeRole", apps.ours.outputs["ExecutionRoleArn"]),
        ("s3:GetObject", "*"),
    ]
    assert {decision(apps, "TaskRoleArn", action, arn) for action, arn in asked} == {"implicitDeny"}


def test_an_explicit_denial_is_one_and_an_unknown_role_is_an_error(apps: Apps) -> None:
    iam = apps.ground.world.client("iam")
    name = apps.ours.outputs["ExecutionRoleArn"].rpartition("/")[2]
    document = '{"Statement": [{"Effect": "Deny", "Action": "secretsmanager:*", "Resource": "*"}]}'
    iam.put_role_policy(RoleName=name, PolicyName="no", PolicyDocument=document)
    assert decision(apps, "ExecutionRoleArn", GET, apps.ours.secret["arn"]) == "explicitDeny"
    iam.delete_role_policy(RoleName=name, PolicyName="no")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.simulate_principal_policy(PolicySourceArn="arn:aws:iam::123456789012:role/none", ActionNames=[GET])
