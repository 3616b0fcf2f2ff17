"""ecs_preflight_info against deployed templates: each thing that a release would fail of, taken away one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Denied
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown
from ansible_collections.offramp.ecs.plugins.modules import ecs_preflight_info
from rehearsal.faults import Faults, Rule
from tests.unit.plugins.app_ground import App, AppGround
from tests.unit.plugins.stack_world import REGION, stack_world

IMAGES = {
    "bond": {
        "v1": {},
        "arm": {"platforms": ["arm64"]},
        "intel-alone": {"platforms": ["amd64"], "single": True},
        "arm-alone": {"platforms": ["arm64"], "single": True},
    }
}
WEB, WORKER = {"port": 8080}, {}


class Place:
    """An app that is ready for a release, and looks at it."""

    def __init__(self, ground: AppGround, app: App) -> None:
        self.ground, self.app, self.world = ground, app, ground.world
        self.role = app.outputs["ExecutionRoleArn"].rpartition("/")[2]

    def look(self, *, dry: bool = False, **given: Any) -> dict[str, Any]:
        """A look at the app's first release, with what is given in place of what is right."""
        right = {
            "name": "bond",
            "processes": {"web": WEB, "worker": WORKER},
            "image": self.ground.image("bond", "v1"),
            "execution_role_arn": self.app.outputs["ExecutionRoleArn"],
            "secret_arn": self.app.secret["arn"],
            "secret_version": self.app.secret["version_id"],
            "secret_keys": ["APP", "KEY"],
            "log_group": self.app.outputs["LogGroupName"],
            "target_group_arn": self.app.outputs["TargetGroupArn"],
            "subnets": self.ground.network["PrivateSubnetIds"].split(","),
        }
        return self.world.run(ecs_preflight_info, dry=dry, **{**right, **given})

    def verdicts(self, **given: Any) -> dict[str, str]:
        """Sentence -> verdict, of a look that finds no fault."""
        found = self.look(**given)
        assert not found["failed"], found["msg"]
        return {each["told"]: each["verdict"] for each in found["preflight"]["findings"]}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with stack_world(tmp_path_factory.mktemp("aws"), images=IMAGES) as world:
        ground = AppGround(world)
        ground.deploy_network()
        yield Place(ground, ground.deploy("bond"))


def test_a_ground_as_it_is_made_is_good_and_what_a_first_release_cannot_tell_is_told_so(place: Place) -> None:
    with place.world.watched() as seen:
        found = place.look()
    assert not found["failed"], found["msg"]
    other = [each for each in found["preflight"]["findings"] if each["verdict"] != "good"]
    assert [(each["verdict"], each["told"].partition(":")[0]) for each in other] == [
        ("unknown", "Whether /health answers is not known yet")
    ]
    assert found["headline"][0].startswith("Preflight of bond: 7 checks are good; Whether /health answers is not known")
    assert {line.partition(" ")[0] for line in seen} == {"read"}
    assert len(seen) <= 16


def test_the_keys_of_a_secret_are_named_and_its_values_are_nowhere(place: Place) -> None:
    refused = place.look(secret_keys=["APP", "GONE"])
    assert "has no GONE in version" in refused["msg"]
    assert refused["hint"] == "Run playbooks/copy.yml."
    assert '"one"' not in json.dumps(refused)


def test_a_version_that_is_gone_is_a_fault(place: Place) -> None:
    refused = place.look(secret_version="00000000-0000-0000-0000-000000000000")
    assert refused["msg"].startswith("Version 00000000-0000-0000-0000-000000000000 of secret test/bond/config-")


@pytest.mark.parametrize(("process", "wanted"), [("worker", "X86_64"), ("web", "X86_64")])
def test_an_image_for_another_processor_is_a_fault(place: Place, process: str, wanted: str) -> None:
    others = {name: {**given, "architecture": "ARM64"} for name, given in {"web": WEB, "worker": WORKER}.items()}
    processes = {**others, process: {**others[process], "architecture": wanted}}
    refused = place.look(image=place.ground.image("bond", "arm"), processes=processes)
    assert f"is built for ARM64, and process {process} runs on {wanted}" in refused["msg"]
    assert not place.look(image=place.ground.image("bond", "arm"), processes=others)["failed"]


def test_what_an_image_without_an_index_is_built_for_stands_in_its_configuration(place: Place) -> None:
    intel, arm = (place.ground.image("bond", tag) for tag in ("intel-alone", "arm-alone"))
    assert place.verdicts(image=intel)[f"Image {intel.rpartition('@')[2]} is there, for X86_64."] == "good"
    assert "is built for ARM64, and process web runs on X86_64" in place.look(image=arm)["msg"]


@pytest.mark.parametrize(
    "rule",
    [Rule(operation="GetDownloadUrlForLayer", answer=500, times=50), None],
    ids=["ECR gives no address", "the store does not answer"],
)
def test_an_image_whose_configuration_cannot_be_had_is_not_checked(
    place: Place, monkeypatch: pytest.MonkeyPatch, rule: Rule | None
) -> None:
    image = place.ground.image("bond", "arm-alone")
    place.world.log.faults = Faults([rule] if rule else [])
    if rule is None:
        monkeypatch.setattr(place.world.stand_in._registry, "_url", "http://127.0.0.1:1")
    verdicts = place.verdicts(image=image)
    place.world.log.faults = Faults()
    (told,) = (told for told in verdicts if "The architecture of image" in told)
    assert (verdicts[told], "could not be read (ecr:GetDownloadUrlForLayer)" in told) == ("unchecked", True)


def test_an_image_that_is_not_there_is_a_fault(place: Place) -> None:
    missing = f"{place.app.outputs['RepositoryUri']}@sha256:{'0' * 64}"
    assert place.look(image=missing)["msg"].startswith(f"Repository bond has no image sha256:{'0' * 64}. Push it")


def test_an_image_outside_ecr_is_told_as_not_checked(place: Place) -> None:
    assert (
        place.verdicts(image="docker.io/library/nginx:1")[
            "Image docker.io/library/nginx:1 is not checked: it is no digest in ECR."
        ]
        == "unchecked"
    )


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
        {
            "Effect": "Allow",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": "210987654321"}},
        },
        {
            "Effect": "Allow",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:ecs:us-east-1:123456789012:*"}},
        },
    ],
    ids=["another service", "another account", "another region"],
)
def test_a_role_that_ecs_may_not_take_is_a_fault(place: Place, statement: dict[str, Any]) -> None:
    iam = place.world.client("iam")
    before = iam.get_role(RoleName=place.role)["Role"]["AssumeRolePolicyDocument"]
    document = {"Version": "2012-10-17", "Statement": [statement]}
    iam.update_assume_role_policy(RoleName=place.role, PolicyDocument=json.dumps(document))
    refused = place.look()
    iam.update_assume_role_policy(RoleName=place.role, PolicyDocument=json.dumps(before))
    assert refused["msg"].startswith(f"Role {place.role} does not trust the tasks of this account's ECS")


@pytest.mark.parametrize(
    ("action", "what"),
    [
        ("secretsmanager:GetSecretValue", "secret:test/bond/config-"),
        ("ecr:BatchGetImage", "repository/bond"),
        ("ecr:GetAuthorizationToken", "*"),
        ("logs:CreateLogStream", "log-group:/offramp/test/bond"),
    ],
)
def test_what_the_role_may_not_do_is_a_fault(place: Place, action: str, what: str) -> None:
    iam = place.world.client("iam")
    denial = {"Statement": [{"Effect": "Deny", "Action": action, "Resource": "*"}]}
    iam.put_role_policy(RoleName=place.role, PolicyName="no", PolicyDocument=json.dumps(denial))
    refused = place.look()
    iam.delete_role_policy(RoleName=place.role, PolicyName="no")
    assert refused["msg"].startswith(f"Role {place.role} may not do {action} with ")
    assert what in refused["msg"]


def test_a_key_that_the_role_may_not_use_is_a_fault(place: Place) -> None:
    api = place.world.client("secretsmanager")
    own = f"arn:aws:kms:{REGION}:123456789012:key/0a1b2c3d-0000-4000-8000-00000000ffff"
    made = api.create_secret(Name="test/other/config", SecretString='{"APP": "x"}', KmsKeyId=own)
    refused = place.look(secret_arn=made["ARN"], secret_version=made["VersionId"], secret_keys=["APP"])
    told = [each["told"] for each in refused["findings"] if each["verdict"] == "fault"]
    assert told[-1] == f"Role {place.role} may not do kms:Decrypt with {own}."
    assert "It is the first of 2 faults." in refused["msg"]


def test_a_missing_log_group_role_or_target_group_is_a_fault(place: Place) -> None:
    assert place.look(log_group="/none")["msg"].startswith("There is no log group /none.")
    assert "role none" in place.look(execution_role_arn="arn:aws:iam::123456789012:role/none")["msg"]
    none = place.app.outputs["TargetGroupArn"][:-4] + "0000"
    assert "target group" in place.look(target_group_arn=none)["msg"]


def test_a_target_group_for_another_port_is_a_fault(place: Place) -> None:
    refused = place.look(processes={"web": {"port": 9090}})
    assert "sends to port 8080, and the process has 9090." in refused["msg"]


@pytest.mark.parametrize("target_type", ["instance", "ip"])
def test_a_target_group_that_tasks_cannot_stand_in_is_a_fault(place: Place, target_type: str) -> None:
    vpc = place.world.client("ec2").create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    group = place.world.client("elbv2").create_target_group(
        Name=f"other-{target_type}", Protocol="HTTP", Port=8080, VpcId=vpc, TargetType=target_type
    )["TargetGroups"][0]["TargetGroupArn"]
    told = [each["told"] for each in place.look(target_group_arn=group)["findings"] if each["verdict"] == "fault"]
    assert any(f"is in {vpc}, and the tasks are in {place.ground.network['VpcId']}" in each for each in told)
    assert any("is behind no load balancer" in each for each in told)
    assert any("takes targets by instance" in each for each in told) is (target_type == "instance")


def test_subnets_without_a_way_out_need_endpoints(place: Place) -> None:
    ec2 = place.world.client("ec2")
    vpc = place.ground.network["VpcId"]
    shut = ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.255.0/24")["Subnet"]["SubnetId"]
    refused = place.look(subnets=[shut])
    assert refused["msg"].startswith(
        f"Tasks in subnet {shut} do not reach ECR, ECR's layers in S3, Secrets Manager, CloudWatch Logs. Give it"
    )
    made = [
        ec2.create_vpc_endpoint(
            VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.{name}", VpcEndpointType="Interface", PrivateDnsEnabled=True
        )["VpcEndpoint"]["VpcEndpointId"]
        for name in ("ecr.api", "ecr.dkr", "secretsmanager", "logs")
    ]
    left = place.look(subnets=[shut])["msg"]
    assert left.startswith(f"Tasks in subnet {shut} do not reach ECR's layers in S3. Give it")
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=shut)
    gateway = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3", VpcEndpointType="Gateway", RouteTableIds=[table]
    )
    assert not place.look(subnets=[shut])["failed"]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[*made, gateway["VpcEndpoint"]["VpcEndpointId"]])


def test_public_subnets_serve_only_tasks_with_public_addresses(place: Place) -> None:
    public = place.ground.network["PublicSubnetIds"].split(",")
    assert "release_public_ip" in place.look(subnets=public)["hint"]
    assert not place.look(subnets=public, public_ip=True)["failed"]


def test_without_strictness_faults_are_told_and_nothing_fails(place: Place) -> None:
    found = place.look(log_group="/none", strict=False)
    assert not found["failed"]
    assert found["preflight"]["good"] is False
    assert "There is no log group /none" in found["headline"][0]


def test_what_does_not_exist_yet_is_not_known_yet(place: Place) -> None:
    coming = {name: Unknown(name, "playbooks/provision.yml") for name in ("execution_role_arn", "log_group", "image")}
    found = place.look(dry=True, **coming, target_group_arn=coming["image"], subnets=[coming["image"]])
    assert not found["failed"], found["msg"]
    told = {each["told"]: each["verdict"] for each in found["preflight"]["findings"]}
    assert told["The log group cannot be looked at yet: playbooks/provision.yml makes it."] == "unknown"
    assert [verdict for verdict in told.values() if verdict == "good"] == ["good"], "the secret is there"


def test_after_a_dry_run_that_would_change_the_stack_its_parts_are_not_judged(place: Place) -> None:
    changing = {"dry": True, "changed": True}
    assert place.look(dry=True, log_group="/old")["failed"]
    assert not place.look(dry=True, log_group="/old", provisioned=changing)["failed"]
    assert place.look(log_group="/old", provisioned={"dry": False, "changed": True})["failed"]


def test_what_is_not_given_is_not_looked_at(place: Place) -> None:
    nothing = dict.fromkeys(("image", "execution_role_arn", "secret_arn", "log_group", "target_group_arn"), "")
    found = place.look(**nothing, secret_keys=[], subnets=[""])
    assert found["preflight"] == {"name": "bond", "good": True, "findings": []}
    assert found["headline"] == []


class Refusing:
    """Stands for IAM of an account whose policy does not let us look."""

    def trust_of(self, role: str) -> Any:
        raise Denied(f"AWS refused GetRole on {role}: not authorized.")

    def decisions(self, *_: Any) -> Any:
        raise Denied("AWS refused SimulatePrincipalPolicy: not authorized.")


def test_what_may_not_be_looked_at_is_told_as_not_checked(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.offramp.ecs.plugins.module_utils.aws.iam.Iam", lambda *_: Refusing())
    found = place.look()
    assert not found["failed"]
    unchecked = [each["told"] for each in found["preflight"]["findings"] if each["verdict"] == "unchecked"]
    assert [each.partition(":")[0] for each in unchecked] == [
        "The execution role is not checked",
        "What the execution role may do is not checked",
    ]
    assert all(told.rstrip(".") in found["headline"][0] for told in unchecked)


def test_a_registered_release_is_looked_at_as_it_is(place: Place) -> None:
    secret = place.app.secret
    registered = place.world.client("ecs").register_task_definition(
        family="test-bond-web",
        executionRoleArn=place.app.outputs["ExecutionRoleArn"],
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        runtimePlatform={"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
        containerDefinitions=[
            {
                "name": "web",
                "image": place.ground.image("bond", "arm"),
                "secrets": [{"name": "APP", "valueFrom": f"{secret['arn']}:GONE::{secret['version_id']}"}],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {"awslogs-group": "/gone", "awslogs-region": REGION, "awslogs-stream-prefix": "web"},
                },
            }
        ],
    )["taskDefinition"]["taskDefinitionArn"]
    refused = place.look(task_definition=registered)
    told = " ".join(each["told"] for each in refused["findings"] if each["verdict"] == "fault")
    assert "is built for ARM64, and process web runs on X86_64" in told
    assert "has no GONE in version" in told
    assert "There is no log group /gone" in told


@pytest.mark.parametrize(
    ("process", "said"),
    [
        ({"cpu": 300}, "Fargate has no task with 300 CPU units."),
        ({"cpuu": 256}, "Process web: "),
        ({"port": "http"}, "Process web: "),
    ],
)
def test_settings_that_aws_would_refuse_are_refused_before_anybody_is_asked(process: dict[str, Any], said: str) -> None:
    options = ecs_preflight_info.SPEC["argument_spec"]
    defaults = {name: option.get("default") for name, option in options.items()}
    with pytest.raises(BadInput) as refused:
        ecs_preflight_info.want_of({**defaults, "name": "bond", "region": REGION, "processes": {"web": process}})
    assert refused.value.msg.startswith(said)


def test_what_is_there_is_held_against_the_slowest_request_and_the_process(place: Place) -> None:
    assert place.verdicts()["Requests are served to their end when tasks go, and tasks get the time to come."] == "good"
    slow = place.look(slowest_request=41.2)
    assert slow["msg"].startswith(
        "A request may take 41.2 s, and a task that goes is let go after 30 s (deregistration"
    )
    assert "Set provision_deregistration_delay to 42 or more." in slow["hint"]
    hasty = place.look(processes={"web": {**WEB, "stop_timeout": 5, "health_grace": 5}}, deadline=20.0)
    assert [each["told"].partition(",")[2] for each in hasty["findings"] if each["verdict"] == "fault"] == [
        " and process web is killed 5 s after SIGTERM (stop_timeout).",
        " and can be healthy after 10 s (2 checks, 5 s apart).",
        " and one of process web may need 45 s (10 until a task is healthy, 30 of draining, 5 to stop).",
    ]
