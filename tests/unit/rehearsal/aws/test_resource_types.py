"""One stack with a resource of each type that templates use: made, changed in place, deleted without a trace."""

from pathlib import Path
from typing import Any

import pytest

from rehearsal.aws.cloudformation import gate
from tests.unit.rehearsal.aws.formation import Stacks

EVERYTHING = (Path(__file__).parent / "templates" / "everything.yaml").read_text(encoding="utf-8")
OPTIONS = {"Capabilities": ["CAPABILITY_NAMED_IAM"], "Tags": [{"Key": "offramp", "Value": "test"}]}
CHANGES = {
    "EnableDnsHostnames: true": "EnableDnsHostnames: false",
    "FromPort: 80, ToPort: 80": "FromPort: 81, ToPort: 81",
    "MaxEntries: 20, Entries: [{Cidr: 1.2.3.0/24}]": "MaxEntries: 20, Entries: [{Cidr: 1.2.4.0/24}]",
    "Key: idle_timeout.timeout_seconds, Value: '60'": "Key: idle_timeout.timeout_seconds, Value: '90'",
    "HealthCheckPath: /health": "HealthCheckPath: /ready",
    "StatusCode: HTTP_301": "StatusCode: HTTP_302",
    "Values: [/x]": "Values: [/y]",
    "NumReplicasPerShard: 1": "NumReplicasPerShard: 2",
    "Amount: 100": "Amount: 200",
    "RetentionInDays: 30": "RetentionInDays: 60",
    "Threshold: 1,": "Threshold: 5,",
}


@pytest.fixture(scope="module")
def stacks(client: Any) -> Any:
    """The stack is made; cfn-lint judges templates in tests of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate, "mistakes", lambda *_: [])
        stacks = Stacks(client("cloudformation"))
        made = stacks.create("all", EVERYTHING, **OPTIONS)
        assert made["StackStatus"] == "CREATE_COMPLETE", stacks.failure("all")
        yield stacks


def test_outputs_are_as_other_services_name_things(stacks: Stacks, client: Any) -> None:
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stacks.settled("all")["Outputs"]}
    balancer = client("elbv2").describe_load_balancers(Names=["bond"])["LoadBalancers"][0]
    assert outputs["Dns"] == balancer["DNSName"]
    assert balancer["LoadBalancerArn"].endswith(f":loadbalancer/{outputs['Lbf']}")
    group = client("elbv2").describe_target_groups()["TargetGroups"][0]
    assert group["TargetGroupArn"].endswith(f":{outputs['Full']}")
    assert outputs["Full"].startswith("targetgroup/")
    assert outputs["Role"] == client("iam").get_role(RoleName="ro")["Role"]["Arn"]
    assert outputs["Rep"] == "123456789012.dkr.ecr.eu-west-1.amazonaws.com/bond/api"


def test_private_subnets_reach_the_internet_through_nat(stacks: Stacks, client: Any) -> None:
    subnet = stacks.physical_id("all", "B")
    mine = [{"Name": "association.subnet-id", "Values": [subnet]}]
    routes = client("ec2").describe_route_tables(Filters=mine)["RouteTables"][0]["Routes"]
    default = next(route for route in routes if route.get("DestinationCidrBlock") == "0.0.0.0/0")
    assert default["NatGatewayId"] == stacks.physical_id("all", "Nat")


def test_security_groups_let_in_what_the_template_says(stacks: Stacks, client: Any) -> None:
    app = stacks.physical_id("all", "Sg2")
    (rule,) = client("ec2").describe_security_groups(GroupIds=[app])["SecurityGroups"][0]["IpPermissions"]
    assert (rule["FromPort"], rule["ToPort"]) == (8080, 8080)
    assert [pair["GroupId"] for pair in rule["UserIdGroupPairs"]] == [stacks.physical_id("all", "Sg")]


def test_things_carry_the_tags_of_their_stack(stacks: Stacks, client: Any) -> None:
    vpc = client("ec2").describe_vpcs(VpcIds=[stacks.physical_id("all", "Vpc")])["Vpcs"][0]
    tags = {tag["Key"]: tag["Value"] for tag in vpc["Tags"]}
    assert (tags["offramp"], tags["aws:cloudformation:stack-name"], tags["Name"]) == ("test", "all", "v")


def test_drift_is_what_somebody_changed_by_hand(stacks: Stacks, client: Any) -> None:
    before = stacks.drift("all")
    assert {"Vpc", "Sg", "Sg2", "Lb", "L", "L2", "Tg", "Lg", "Ro"} <= before.keys()
    assert set(before.values()) == {"IN_SYNC"}
    group, balancer = stacks.physical_id("all", "Sg"), stacks.physical_id("all", "Lb")
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[ssh])
    idle = [{"Key": "idle_timeout.timeout_seconds", "Value": "61"}]
    client("elbv2").modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=idle)
    client("elbv2").modify_target_group(TargetGroupArn=stacks.physical_id("all", "Tg"), HealthCheckPath="/other")
    after = stacks.drift("all")
    assert {name for name, status in after.items() if status == "MODIFIED"} == {"Sg", "Lb", "Tg"}
    client("ec2").revoke_security_group_ingress(GroupId=group, IpPermissions=[ssh])


def test_changes_are_made_in_place(stacks: Stacks, client: Any) -> None:
    body = EVERYTHING
    for old, new in CHANGES.items():
        assert old in body
        body = body.replace(old, new)
    before = {name: stacks.physical_id("all", name) for name in ("Vpc", "Sg", "Lb", "Tg", "L", "Lr", "Mc", "Bu", "Lg")}
    assert stacks.update("all", body, **OPTIONS)["StackStatus"] == "UPDATE_COMPLETE", stacks.failure("all")
    assert {name: stacks.physical_id("all", name) for name in before} == before
    elb = client("elbv2")
    attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=before["Lb"])["Attributes"]
    assert {"Key": "idle_timeout.timeout_seconds", "Value": "90"} in attributes
    group = elb.describe_target_groups(TargetGroupArns=[before["Tg"]])["TargetGroups"][0]
    assert (group["HealthCheckPath"], group["HealthCheckTimeoutSeconds"]) == ("/ready", 2)
    listener = elb.describe_listeners(ListenerArns=[before["L"]])["Listeners"][0]
    assert listener["DefaultActions"][0]["RedirectConfig"]["StatusCode"] == "HTTP_302"
    ports = client("ec2").describe_security_groups(GroupIds=[before["Sg"]])["SecurityGroups"][0]["IpPermissions"]
    assert sorted(rule["FromPort"] for rule in ports) == [81, 443]
    cluster = client("memorydb").describe_clusters(ClusterName="cl")["Clusters"][0]
    assert cluster["ACLName"] == "acl"
    budget = client("budgets").describe_budget(AccountId="123456789012", BudgetName="b")["Budget"]
    assert float(budget["BudgetLimit"]["Amount"]) == 200


def test_deletion_leaves_nothing(stacks: Stacks, client: Any) -> None:
    assert stacks.delete("all") == "DELETE_COMPLETE"
    ec2 = client("ec2")
    assert [vpc["IsDefault"] for vpc in ec2.describe_vpcs()["Vpcs"]] == [True]
    assert {each["State"] for each in ec2.describe_nat_gateways()["NatGateways"]} <= {"deleted"}
    assert ec2.describe_addresses()["Addresses"] == []
    assert client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert client("elbv2").describe_target_groups()["TargetGroups"] == []
    assert client("memorydb").describe_clusters()["Clusters"] == []
    assert [each["Name"] for each in client("memorydb").describe_acls()["ACLs"]] == ["open-access"]
    assert client("logs").describe_log_groups()["logGroups"] == []
    assert {each["Path"].split("/")[1] for each in client("iam").list_roles()["Roles"]} == {"aws-service-role"}
    assert client("ecr").describe_repositories()["repositories"] == []
