"""The stand-in starts, says what it was asked, and keeps accounts and regions apart."""

from typing import Any

from rehearsal.aws import AwsStandIn
from rehearsal.requestlog import RequestLog, read_log
from tests.unit.rehearsal.aws.formation import TOPIC, template


def test_it_is_the_account_of_the_seed(client: Any) -> None:
    assert client("sts").get_caller_identity()["Account"] == "123456789012"


def test_requests_are_logged_with_operation_kind_and_target(client: Any, log: RequestLog, aws: AwsStandIn) -> None:
    ecs, formation = client("ecs"), client("cloudformation")
    ecs.create_cluster(clusterName="bond")
    ecs.describe_clusters(clusters=["bond"])
    formation.describe_stacks()
    entries = [(entry.operation, entry.kind, entry.target) for entry in read_log(log.path)][-3:]
    assert entries[0] == ("CreateCluster", "write", "bond")
    assert entries[1][:2] == ("DescribeClusters", "read")
    assert entries[2][:2] == ("DescribeStacks", "read")
    assert aws.url.startswith("http://127.0.0.1:")


def test_another_region_is_empty(client: Any) -> None:
    client("ecs").create_cluster(clusterName="here")
    client("logs").create_log_group(logGroupName="/here")
    assert client("ecs", region="eu-north-1").list_clusters()["clusterArns"] == []
    client("secretsmanager").create_secret(Name="here", SecretString="x")
    client("cloudformation").create_change_set(
        StackName="here", ChangeSetName="x", ChangeSetType="CREATE", TemplateBody=template({"Topic": TOPIC})
    )
    there = "eu-north-1"
    assert client("logs", region=there).describe_log_groups()["logGroups"] == []
    assert client("secretsmanager", region=there).list_secrets()["SecretList"] == []
    assert client("cloudformation", region=there).describe_stacks()["Stacks"] == []
    assert client("elbv2", region=there).describe_load_balancers()["LoadBalancers"] == []
    assert client("acm", region=there).list_certificates()["CertificateSummaryList"] == []
