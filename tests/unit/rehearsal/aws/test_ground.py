"""The templates of role provision, deployed with their options on and off: what they made is there, and then gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.aws import AwsStandIn
from rehearsal.aws.cloudformation import gate
from rehearsal.seed import Aws, Seed
from rehearsal.state.canonical import canonical, compare
from tests.unit.rehearsal.aws.formation import Stacks

TEMPLATES = Path(__file__).resolve().parents[4] / "roles" / "provision" / "files"
ACCOUNT = "123456789012"
OPTIONS = {"Capabilities": ["CAPABILITY_IAM"], "Tags": [{"Key": "offramp", "Value": "test"}]}
FULL = {
    "network": {"Zones": "3", "NatPerZone": "true", "PrivateEndpoints": "true", "FlowLogDays": "14"},
    "platform": {"MakesKey": "true", "MemoryDb": "true", "SpotWeight": "1"},
    "app": {"Exec": "true", "XRay": "true"},
    "kpis": {
        "AlertEmail": "ops@bond.example",
        "BudgetAmount": "100",
        "Service1": "bond-web",
        "Service2": "bond-worker",
    },
}
BARE = {
    "network": {"FlowLogs": "false"},
    "platform": {},
    "app": {"AccessLogs": "false", "ConnectionLogs": "false", "HealthCheckLogs": "false", "Http2": "false"},
    "kpis": {},
}
Options = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def seed() -> Seed:
    return Seed(aws=Aws(certificates=["bond.example"]))


class Ground:
    """The four stacks of one app, made in their order."""

    def __init__(self, stacks: Stacks, certificate: str, stage: str, options: Options) -> None:
        self.stacks, self.stage, self._certificate = stacks, stage, certificate
        self._options = options

    def name(self, kind: str) -> str:
        tails = {"network": "network", "platform": "platform", "app": "bond", "kpis": "bond-kpis"}
        return f"offramp-{self.stage}-{tails[kind]}"

    def arguments(self, kind: str) -> dict[str, Any]:
        given = {"Stage": self.stage, **self._needs(kind), **self._options[kind]}
        return {
            "TemplateBody": (TEMPLATES / f"{kind}.cfn.yaml").read_text(encoding="ascii"),
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
            **OPTIONS,
        }

    def make(self) -> None:
        for kind in FULL:
            arguments = self.arguments(kind)
            made = self.stacks.create(self.name(kind), arguments.pop("TemplateBody"), **arguments)
            assert made["StackStatus"] == "CREATE_COMPLETE", self.stacks.failure(self.name(kind))

    def outputs(self, kind: str) -> dict[str, str]:
        found = self.stacks.settled(self.name(kind)).get("Outputs", [])
        return {each["OutputKey"]: each["OutputValue"] for each in found}

    def _needs(self, kind: str) -> dict[str, str]:
        if kind == "network":
            return {}
        network = self.outputs("network")
        if kind == "platform":
            return {"VpcId": network["VpcId"], "PrivateSubnetIds": network["PrivateSubnetIds"]}
        platform = self.outputs("platform")
        if kind == "app":
            return {
                "App": "bond",
                "RepositoryName": f"{self.stage}/bond",
                "VpcId": network["VpcId"],
                "PublicSubnetIds": network["PublicSubnetIds"],
                "CertificateArn": self._certificate,
                "SecretName": f"{self.stage}/bond/config",
                "LogKeyArn": platform.get("KeyArn", ""),
                "MemoryDbSecurityGroupId": platform.get("MemoryDbSecurityGroupId", ""),
            }
        app = self.outputs("app")
        return {
            "App": "bond",
            "ClusterName": platform["ClusterName"],
            "LoadBalancer": app["LoadBalancerFullName"],
            "TargetGroup": app["TargetGroupFullName"],
            "MemoryDbClusterName": platform.get("MemoryDbClusterName", ""),
        }


@pytest.fixture(scope="module")
def grounds(client: Any, aws: AwsStandIn) -> Iterator[dict[str, Ground]]:
    """Both are made; cfn-lint judges the templates in tests of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate, "mistakes", lambda *_: [])
        stacks = Stacks(client("cloudformation"))
        made = {
            stage: Ground(stacks, aws.certificates["bond.example"], stage, options)
            for stage, options in (("full", FULL), ("bare", BARE))
        }
        for ground in made.values():
            ground.make()
        yield made


@pytest.fixture
def full(grounds: dict[str, Ground]) -> Ground:
    return grounds["full"]


@pytest.fixture
def bare(grounds: dict[str, Ground]) -> Ground:
    return grounds["bare"]


def physical(ground: Ground, kind: str, logical: str) -> str:
    return ground.stacks.physical_id(ground.name(kind), logical)


def resources(ground: Ground, kind: str) -> set[str]:
    found = ground.stacks.client.describe_stack_resources(StackName=ground.name(kind))["StackResources"]
    return {each["LogicalResourceId"] for each in found}


def test_three_zones_each_have_subnets_and_a_way_out(full: Ground, client: Any) -> None:
    ids = full.outputs("network")["PrivateSubnetIds"].split(",")
    subnets = client("ec2").describe_subnets(SubnetIds=ids)["Subnets"]
    assert len({subnet["AvailabilityZone"] for subnet in subnets}) == 3
    routes = {physical(full, "network", f"NatGateway{n}") for n in (1, 2, 3)}
    for subnet in ids:
        mine = [{"Name": "association.subnet-id", "Values": [subnet]}]
        table = client("ec2").describe_route_tables(Filters=mine)["RouteTables"][0]
        (way,) = [each["NatGatewayId"] for each in table["Routes"] if "NatGatewayId" in each]
        routes.remove(way)
    assert not routes


def test_flow_logs_reach_their_log_group(full: Ground, client: Any) -> None:
    (log,) = client("ec2").describe_flow_logs()["FlowLogs"]
    assert (log["ResourceId"], log["TrafficType"]) == (full.outputs("network")["VpcId"], "ALL")
    assert (log["DeliverLogsStatus"], log["FlowLogStatus"]) == ("SUCCESS", "ACTIVE")
    (group,) = client("logs").describe_log_groups(logGroupNamePrefix=log["LogGroupName"])["logGroups"]
    assert group["retentionInDays"] == 14


def test_memorydb_is_reached_by_the_apps_tasks_alone(full: Ground, client: Any) -> None:
    (cluster,) = client("memorydb").describe_clusters(ClusterName="offramp-full")["Clusters"]
    assert (cluster["TLSEnabled"], cluster["ACLName"], cluster["AvailabilityMode"]) == (True, "offramp-full", "MultiAZ")
    assert cluster["SnapshotRetentionLimit"] == 7
    (acl,) = client("memorydb").describe_acls(ACLName="offramp-full")["ACLs"]
    assert acl["UserNames"] == ["offramp-full"]
    store = full.outputs("platform")["MemoryDbSecurityGroupId"]
    assert [each["SecurityGroupId"] for each in cluster["SecurityGroups"]] == [store]
    (rule,) = client("ec2").describe_security_groups(GroupIds=[store])["SecurityGroups"][0]["IpPermissions"]
    tasks = full.outputs("app")["TaskSecurityGroupId"]
    assert [pair["GroupId"] for pair in rule["UserIdGroupPairs"]] == [tasks]
    assert (rule["FromPort"], rule["ToPort"], rule["IpRanges"]) == (6379, 6379, [])


def test_redis_url_comes_from_a_generated_password_that_no_parameter_holds(full: Ground, client: Any) -> None:
    secrets = client("secretsmanager")
    generated = json.loads(secrets.get_secret_value(SecretId="full/memorydb/password")["SecretString"])
    assert len(generated["password"]) == 64
    assert generated["password"].isalnum()
    outputs = full.outputs("platform")
    url = json.loads(secrets.get_secret_value(SecretId="full/memorydb")["SecretString"])["url"]
    host = f"{outputs['MemoryDbEndpoint']}:{outputs['MemoryDbPort']}"
    assert url == f"rediss://offramp-full:{generated['password']}@{host}/0"
    assert generated["password"] not in json.dumps(full.stacks.settled(full.name("platform")), default=str)
    assert generated["password"] not in json.dumps(
        full.stacks.client.get_template(StackName=full.name("platform")), default=str
    )


def test_the_key_turns_and_encrypts(full: Ground, client: Any) -> None:
    arn = full.outputs("platform")["KeyArn"]
    assert client("kms").get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"]
    aliases = client("kms").list_aliases(KeyId=arn)["Aliases"]
    assert [each["AliasName"] for each in aliases] == ["alias/offramp-full"]
    groups = {each["logGroupName"]: each for each in client("logs").describe_log_groups()["logGroups"]}
    assert {groups[name]["kmsKeyId"] for name in ("/offramp/full/bond", "/offramp/full/exec")} == {arn}
    assert "kmsKeyId" not in groups["/offramp/bare/bond"]
    assert client("memorydb").describe_clusters()["Clusters"][0]["KmsKeyId"] == arn


def test_the_load_balancer_logs_what_it_is_told_to(full: Ground, bare: Ground, client: Any) -> None:
    def attributes(ground: Ground) -> dict[str, str]:
        arn = ground.outputs("app")["LoadBalancerArn"]
        found = client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        return {each["Key"]: each["Value"] for each in found}

    told, silent = attributes(full), attributes(bare)
    bucket = full.outputs("app")["LogBucketName"]
    for kind, prefix in (("access", "access"), ("connection", "connection"), ("health_check", "health")):
        assert told[f"{kind}_logs.s3.enabled"] == "true"
        assert (told[f"{kind}_logs.s3.bucket"], told[f"{kind}_logs.s3.prefix"]) == (bucket, prefix)
        assert silent[f"{kind}_logs.s3.enabled"] == "false"
    assert (told["routing.http2.enabled"], silent["routing.http2.enabled"]) == ("true", "false")
    assert told["routing.http.drop_invalid_header_fields.enabled"] == "true"


def test_the_load_balancer_reaches_the_tasks_alone(full: Ground, client: Any) -> None:
    group = physical(full, "app", "LoadBalancerSecurityGroup")
    rules = client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissionsEgress"]
    ways = [(rule.get("FromPort"), [pair["GroupId"] for pair in rule["UserIdGroupPairs"]]) for rule in rules]
    assert (8080, [full.outputs("app")["TaskSecurityGroupId"]]) in ways
    assert [each["CidrIp"] for rule in rules for each in rule["IpRanges"]] == ["127.0.0.1/32"]


def test_roles_allow_what_was_switched_on(full: Ground, bare: Ground, client: Any) -> None:
    for ground, names in ((full, ["open-sessions", "send-traces"]), (bare, [])):
        role = physical(ground, "app", "TaskRole")
        assert sorted(client("iam").list_role_policies(RoleName=role)["PolicyNames"]) == names


def test_alarms_for_deployments_and_people_are_there(full: Ground, client: Any) -> None:
    alarms = {each["AlarmName"]: each for each in _alarms(client, "offramp-full-bond-")}
    watched = full.outputs("kpis")["DeploymentAlarmNames"].split(",")
    assert watched == [f"offramp-full-bond-{tail}" for tail in ("target-errors", "balancer-errors", "latency-p95")]
    assert set(watched) < alarms.keys()
    assert {f"offramp-full-bond-bond-worker-{tail}" for tail in ("cpu", "memory", "tasks")} < alarms.keys()
    assert "offramp-full-bond-memorydb-memory" in alarms
    topic = full.outputs("kpis")["AlertTopicArn"]
    assert all(each["AlarmActions"] == [topic] for each in alarms.values())
    assert not [name for name, each in alarms.items() if each["StateValue"] == "ALARM"]
    queries = {each["Id"]: each for each in alarms[watched[0]]["Metrics"]}
    assert queries["percent"]["Expression"].startswith("IF(FILL(requests, 0) >= 20")
    (subscribed,) = client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (subscribed["Protocol"], subscribed["Endpoint"]) == ("email", "ops@bond.example")


def test_a_bare_app_has_alarms_that_tell_nobody(bare: Ground, client: Any) -> None:
    alarms = _alarms(client, "offramp-bare-bond-")
    assert len(alarms) == 5
    assert not [each for each in alarms if each.get("AlarmActions")]
    assert not resources(bare, "kpis") & {"Topic", "Budget", "MemoryDbMemory", "Service1Cpu"}
    assert not resources(bare, "network") & {"FlowLog", "PublicSubnet3", "NatGateway2"}
    assert not resources(bare, "platform") & {"Key", "MemoryDbCluster"}


def _alarms(client: Any, prefix: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client("cloudwatch").describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]
    return found


def test_the_dashboard_is_json(full: Ground, client: Any) -> None:
    body = client("cloudwatch").get_dashboard(DashboardName=full.outputs("kpis")["DashboardName"])["DashboardBody"]
    assert len(json.loads(body)["widgets"]) == 4


def test_the_budget_counts_the_app_of_the_stage(full: Ground, client: Any) -> None:
    name = full.outputs("kpis")["BudgetName"]
    budget = client("budgets").describe_budget(AccountId=ACCOUNT, BudgetName=name, ShowFilterExpression=True)["Budget"]
    assert float(budget["BudgetLimit"]["Amount"]) == 100
    tags = [each["Tags"] for each in budget["FilterExpression"]["And"]]
    assert [(tag["Key"], tag["Values"]) for tag in tags] == [("offramp", ["full"]), ("offramp-app", ["bond"])]
    told = client("budgets").describe_notifications_for_budget(AccountId=ACCOUNT, BudgetName=name)["Notifications"]
    assert sorted(each["NotificationType"] for each in told) == ["ACTUAL", "FORECASTED"]


def test_drift_is_what_somebody_changed_by_hand(full: Ground, client: Any) -> None:
    for kind in FULL:
        found = full.stacks.drift(full.name(kind))
        assert set(found.values()) <= {"IN_SYNC"}, (kind, found)
    assert full.stacks.drift(full.name("network"))["FlowLog"] == "IN_SYNC"
    client("memorydb").update_cluster(ClusterName="offramp-full", SnapshotRetentionLimit=1)
    found = full.stacks.drift(full.name("platform"))
    assert [name for name, status in found.items() if status == "MODIFIED"] == ["MemoryDbCluster"]
    client("memorydb").update_cluster(ClusterName="offramp-full", SnapshotRetentionLimit=7)


def test_state_tells_what_was_made_and_a_snapshot_brings_it_back(
    grounds: dict[str, Ground], aws: AwsStandIn, client: Any
) -> None:
    before = aws.state()
    made = json.dumps(before, default=str)
    for text in ("offramp-full-bond-target-errors", "FlowLogId", "clustercfg.offramp-full", "alias/offramp-full"):
        assert text in made
    password = json.loads(client("secretsmanager").get_secret_value(SecretId="full/memorydb/password")["SecretString"])
    assert password["password"] not in made
    kept = aws.snapshot()
    client("cloudwatch").set_alarm_state(
        AlarmName="offramp-full-bond-target-errors", StateValue="ALARM", StateReason="what metrics say, when one looks"
    )
    assert compare(canonical({"aws": before}), canonical({"aws": aws.state()})) == []
    client("ec2").delete_flow_logs(FlowLogIds=[physical(grounds["full"], "network", "FlowLog")])
    client("cloudwatch").delete_alarms(AlarmNames=["offramp-full-bond-target-errors"])
    assert aws.state() != before
    aws.restore(kept)
    assert aws.state() == before


@pytest.mark.parametrize("kind", sorted(FULL))
def test_a_second_deployment_changes_nothing(grounds: dict[str, Ground], kind: str) -> None:
    for ground in grounds.values():
        formation = ground.stacks.client
        name = ground.name(kind)
        formation.create_change_set(StackName=name, ChangeSetName="again", **ground.arguments(kind))
        told = formation.describe_change_set(StackName=name, ChangeSetName="again")
        assert told["Status"] == "FAILED", told["Changes"]
        assert "didn't contain changes" in told["StatusReason"]
        formation.delete_change_set(StackName=name, ChangeSetName="again")


def test_memorydb_leaves_a_last_snapshot_where_one_is_named(grounds: dict[str, Ground], client: Any) -> None:
    full = grounds["full"]
    final = {"ParameterKey": "MemoryDbFinalSnapshot", "ParameterValue": "offramp-full-final"}
    for memorydb in ("true", "false"):
        changed = [*full.arguments("platform")["Parameters"], final]
        changed = [each for each in changed if each["ParameterKey"] != "MemoryDb"]
        changed.append({"ParameterKey": "MemoryDb", "ParameterValue": memorydb})
        arguments = full.arguments("platform") | {"Parameters": changed}
        if memorydb == "false":  # the app's rule and alarms go first
            for kind in ("kpis", "app"):
                assert full.stacks.delete(full.name(kind)) == "DELETE_COMPLETE"
        done = full.stacks.update(full.name("platform"), arguments.pop("TemplateBody"), **arguments)
        assert done["StackStatus"] == "UPDATE_COMPLETE", full.stacks.failure(full.name("platform"))
    assert client("memorydb").describe_clusters()["Clusters"] == []
    assert [each["Name"] for each in client("memorydb").describe_snapshots()["Snapshots"]] == ["offramp-full-final"]


def test_deletion_leaves_what_is_meant_to_stay(grounds: dict[str, Ground], client: Any) -> None:
    for stage, ground in grounds.items():
        for kind in reversed(FULL if stage == "bare" else ("network", "platform")):
            assert ground.stacks.delete(ground.name(kind)) == "DELETE_COMPLETE"
    assert client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert client("ec2").describe_flow_logs()["FlowLogs"] == []
    assert client("budgets").describe_budgets(AccountId=ACCOUNT).get("Budgets", []) == []
    assert client("secretsmanager").list_secrets()["SecretList"] == []
    assert [vpc["IsDefault"] for vpc in client("ec2").describe_vpcs()["Vpcs"]] == [True]
    kept = {each["logGroupName"] for each in client("logs").describe_log_groups()["logGroups"]}
    assert kept > {"/offramp/full/bond", "/offramp/full/exec", "/offramp/bare/bond"}


def test_a_flow_log_needs_a_role_that_flow_logs_may_take(client: Any) -> None:
    vpc = client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    with pytest.raises(ClientError, match="Unable to assume given IAM role"):
        client("ec2").create_flow_logs(
            ResourceType="VPC",
            ResourceIds=[vpc],
            TrafficType="ALL",
            LogGroupName="/x",
            DeliverLogsPermissionArn=f"arn:aws:iam::{ACCOUNT}:role/nobody",
        )


def test_a_password_that_memorydb_does_not_take_is_refused(client: Any) -> None:
    for password in ("short", "with/slash" * 3):
        with pytest.raises(ClientError, match="16 to 128"):
            client("memorydb").create_user(
                UserName="u",
                AccessString="on ~* +@all",
                AuthenticationMode={"Type": "password", "Passwords": [password]},
            )
