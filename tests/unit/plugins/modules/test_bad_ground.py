"""What an account or an inventory may have wrong, each told in one sentence before the first stack."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.policy.names import RULES, mistakes
from ansible_collections.offramp.ecs.plugins.modules import (
    aws_linked_roles_info,
    aws_names_check,
    aws_quota_info,
    ecr_repository_info,
    ecs_cluster_info,
)
from rehearsal.aws.errors import RefusedError
from tests.unit.plugins.stack_world import REGION, StackWorld, stack_world

ACCOUNT = "123456789012"
VPCS, ADDRESSES, BALANCERS, RULES_OF_GROUP = (
    "vpc/L-F678F1CE",
    "ec2/L-0263D0A3",
    "elasticloadbalancing/L-53DA6B97",
    "vpc/L-0EA8095F",
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackWorld]:
    """An account with little room, and one of its three service-linked roles."""
    with stack_world(
        tmp_path_factory.mktemp("aws"),
        quotas={VPCS: 1, ADDRESSES: 2, BALANCERS: 0, RULES_OF_GROUP: 30},
        service_linked_roles=["ecs.amazonaws.com"],
    ) as made:
        yield made


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("stack", "offramp-production-bond", ""),
        ("stack", "o" * 129, "has 129 characters, and 128 is the most"),
        ("stack", "offramp-über-bond", "takes letters, digits and hyphens, a letter first"),
        ("load_balancer", "x" * 33, "has 33 characters, and 32 is the most"),
        ("service", "bond-server-" + "x" * 250, "the ECS service bond-server-xxx"),
        ("family", "a.b", "takes letters, digits, hyphens and underscores"),
        ("repository", "Bond", "takes two or more lower-case letters"),
        ("repository", "team/bond-server", ""),
        ("secret", "production/bond/config", ""),
        ("prefix_list", "com.amazonaws.mine", "does not begin with com.amazonaws"),
        ("log_group", "/offramp/a b", "takes letters, digits and"),
    ],
)
def test_each_name_has_its_limits(kind: str, name: str, said: str) -> None:
    found = mistakes({kind: [name]})
    assert bool(found) is bool(said)
    assert all(said in one for one in found)


@pytest.mark.parametrize("kind", RULES)
def test_every_rule_takes_a_plain_name_of_the_longest(kind: str) -> None:
    assert mistakes({kind: ["a" * RULES[kind].longest]}) == []
    assert mistakes({kind: ["a" * (RULES[kind].longest + 1)]})


def test_all_names_that_aws_would_not_take_are_told_at_once(world: StackWorld) -> None:
    names = {"stack": ["o" * 129], "service": ["a b"], "cluster": ["fine"]}
    found = world.run(aws_names_check, names=names, dry=True)
    assert found["kind"] == "bad_input"
    assert found["msg"].startswith("AWS would not take 2 names: the CloudFormation stack ooo")
    assert "the ECS service 'a b' takes" in found["msg"]


@pytest.mark.parametrize(
    ("makes", "said"),
    [
        ({"vpcs": 1}, "2 VPCs (1 there and 1 to come) where the quota L-F678F1CE is 1"),
        ({"addresses": 3}, "3 elastic IP addresses (0 there and 3 to come) where the quota L-0263D0A3 is 2"),
        ({"load_balancers": 1}, "1 application load balancers (0 there and 1 to come) where the quota L-53DA6B97 is 0"),
        (
            {"rules": 40},
            "40 inbound rules of a security group (0 there and 40 to come) where the quota L-0EA8095F is 30",
        ),
    ],
)
def test_a_quota_that_would_be_exceeded_is_told(world: StackWorld, makes: dict[str, int], said: str) -> None:
    found = world.run(aws_quota_info, stack="offramp-test-network", **makes)
    assert found["kind"] == "bad_input"
    assert said in found["msg"]
    assert f"The account has no room in {REGION} for what stack offramp-test-network needs: " in found["msg"]


def test_room_enough_is_reported(world: StackWorld) -> None:
    found = world.run(aws_quota_info, stack="offramp-test-network", addresses=2, rules=30)
    assert found["quotas"]["checked"] == {
        "addresses": {"used": 0, "added": 2, "quota": 2.0},
        "rules": {"used": 0, "added": 30, "quota": 30.0},
    }
    assert (found["quotas"]["not_checked"], found["headline"]) == ([], [])


def test_what_a_stack_has_made_already_is_not_added(world: StackWorld) -> None:
    body = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
    client = world.client("cloudformation")
    client.create_stack(StackName="there", TemplateBody=body)
    client.get_waiter("stack_create_complete").wait(StackName="there", WaiterConfig={"Delay": 1})
    assert world.run(aws_quota_info, stack="there", vpcs=1)["quotas"]["checked"] == {}


@pytest.fixture
def without_permission(world: StackWorld) -> Iterator[StackWorld]:
    def deny(request: Any) -> RefusedError | None:
        hidden = request.operation in ("GetServiceQuota", "GetRole")
        return RefusedError("AccessDeniedException", "You are not authorized.", 403) if hidden else None

    before, world.stand_in.faults = world.stand_in.faults, deny
    yield world
    world.stand_in.faults = before


def test_what_may_not_be_read_is_told_and_does_not_fail(without_permission: StackWorld) -> None:
    found = without_permission.run(aws_quota_info, stack="offramp-test-network", vpcs=1)
    assert not found["failed"], found
    assert found["quotas"] == {"checked": {}, "not_checked": ["vpcs"]}
    assert found["headline"][0].startswith("Quotas of VPCs were not checked: ")
    roles = without_permission.run(aws_linked_roles_info)
    assert not roles["failed"], roles
    assert len(roles["linked_roles"]["not_checked"]) == 3
    assert "the credentials lack iam:GetRole" in roles["headline"][0]


def test_missing_service_linked_roles_are_told_with_what_makes_them(world: StackWorld) -> None:
    found = world.run(aws_linked_roles_info, services=["ecs", "elasticloadbalancing"])
    assert found["linked_roles"]["present"] == ["AWSServiceRoleForECS"]
    assert found["headline"] == [
        "The account has no service-linked role AWSServiceRoleForElasticLoadBalancing: AWS makes it at the first use "
        "where the credentials allow iam:CreateServiceLinkedRole, else run aws iam create-service-linked-role "
        "--aws-service-name elasticloadbalancing.amazonaws.com"
    ]
    world.client("iam").create_service_linked_role(AWSServiceName="elasticloadbalancing.amazonaws.com")
    assert world.run(aws_linked_roles_info, services=["elasticloadbalancing"])["headline"] == []


@pytest.fixture(scope="module")
def clusters(world: StackWorld) -> None:
    ecs = world.client("ecs")
    ecs.create_cluster(clusterName="main", capacityProviders=["FARGATE", "FARGATE_SPOT"], tags=TAGS)
    ecs.create_cluster(clusterName="bare")
    ecs.create_cluster(clusterName="gone", capacityProviders=["FARGATE"])
    ecs.delete_cluster(cluster="gone")


TAGS = [{"key": "Name", "value": "main"}]


@pytest.mark.usefixtures("clusters")
@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"name": "none"}, "The ECS cluster none is not active, but missing."),
        ({"name": "bare"}, "has the capacity providers (none), and FARGATE is not among them."),
        ({"name": "gone"}, "The ECS cluster gone is not active, but "),
        ({"name": f"arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/main"}, "is of us-east-1, not of eu-west-1."),
        ({"tags": {"Name": "other"}}, "No ECS clusters of eu-west-1 have the tags Name=other."),
    ],
)
def test_a_cluster_that_cannot_run_an_app_is_told(world: StackWorld, params: dict[str, Any], said: str) -> None:
    found = world.run(ecs_cluster_info, **params)
    assert (found["kind"], said in found["msg"]) == ("bad_input", True), found


@pytest.mark.usefixtures("clusters")
@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"name": "main"}, "main"),
        ({"name": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/main"}, "main"),
        ({"tags": {"Name": "main"}}, "main"),
        ({"tags": {"Name": "main"}, "check": False}, "main"),
        ({"name": "not looked at", "check": False}, "not looked at"),
        ({"made": "offramp-test"}, "offramp-test"),
        ({}, ""),
    ],
)
def test_a_cluster_is_found(world: StackWorld, params: dict[str, Any], name: str) -> None:
    assert world.run(ecs_cluster_info, **params)["cluster"]["name"] == name


@pytest.fixture(scope="module")
def repositories(world: StackWorld) -> None:
    ecr = world.client("ecr")
    ecr.create_repository(
        repositoryName="bond", imageTagMutability="IMMUTABLE", tags=[{"Key": "Name", "Value": "bond"}]
    )
    ecr.create_repository(repositoryName="loose", imageTagMutability="MUTABLE")


@pytest.mark.usefixtures("repositories")
def test_a_repository_is_found_and_what_is_loose_is_told(world: StackWorld) -> None:
    uri = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/bond"
    for params in ({"repository": "bond"}, {"repository": uri, "account": ACCOUNT}, {"tags": {"Name": "bond"}}):
        found = world.run(ecr_repository_info, **params)
        assert (found["repository"]["name"], found["repository"]["immutable"]) == ("bond", True), found
        assert (found["repository"]["given"], found["headline"]) == (True, [])
    assert "can be overwritten" in world.run(ecr_repository_info, repository="loose")["headline"][0]
    made = world.run(ecr_repository_info, made="new")["repository"]
    assert (made["name"], made["given"]) == ("new", False)


@pytest.mark.usefixtures("repositories")
@pytest.mark.parametrize(
    ("params", "kind", "said"),
    [
        ({"repository": "none"}, "missing", "AWS has no repository none"),
        ({"repository": f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/bond"}, "bad_input", "in us-east-1, and the app's"),
        (
            {"repository": f"210987654321.dkr.ecr.{REGION}.amazonaws.com/bond", "account": ACCOUNT},
            "bad_input",
            "is of account 210987654321",
        ),
        ({"tags": {"Name": "other"}}, "bad_input", "No repositories have the tags Name=other."),
    ],
)
def test_a_repository_that_cannot_serve_is_told(
    world: StackWorld, params: dict[str, Any], kind: str, said: str
) -> None:
    found = world.run(ecr_repository_info, **params)
    assert (found["kind"], said in found["msg"]) == (kind, True), found


def test_the_seed_may_not_name_quotas_that_nobody_knows(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="knows no quota"), stack_world(tmp_path, quotas={"vpc/L-NONE": 1}):
        pass
