"""Prefix lists, quotas, service-linked roles and certificates: what AWS does and refuses, and a copy of it all."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from rehearsal.aws import AwsStandIn
from rehearsal.aws.certificates import Dns, amazon_may_issue
from rehearsal.seed import Aws, Seed
from tests.unit.rehearsal.aws.network import make_network
from tests.unit.rehearsal.aws.refusals import refusal

RULES = "vpc/L-0EA8095F"
HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}


@pytest.fixture(scope="module")
def seed() -> Seed:
    return Seed(aws=Aws(quotas={RULES: 30, "vpc/L-F678F1CE": 3}, service_linked_roles=[]))


def made(ec2: Any, name: str, size: int = 5, cidrs: tuple[str, ...] = ("10.0.0.0/8",)) -> dict[str, Any]:
    entries = [{"Cidr": cidr} for cidr in cidrs]
    found: dict[str, Any] = ec2.create_managed_prefix_list(
        PrefixListName=name, MaxEntries=size, AddressFamily="IPv4", Entries=entries
    )["PrefixList"]
    return found


def settled(ec2: Any, list_id: str) -> dict[str, Any]:
    while True:
        found: dict[str, Any] = ec2.describe_managed_prefix_lists(PrefixListIds=[list_id])["PrefixLists"][0]
        if found["State"].endswith("-complete"):
            return found
        time.sleep(0.02)


def test_a_prefix_list_is_in_progress_for_a_moment_and_counts_versions(client: Any) -> None:
    ec2 = client("ec2")
    found = made(ec2, "lives")
    identity = found["PrefixListId"]
    assert found["State"] == "create-in-progress"
    add = {"PrefixListId": identity, "AddEntries": [{"Cidr": "11.0.0.0/8"}]}
    assert refusal(lambda: ec2.modify_managed_prefix_list(**add, CurrentVersion=1)) == "IncorrectState"
    assert settled(ec2, identity)["State"] == "create-complete"
    changed = ec2.modify_managed_prefix_list(**add, CurrentVersion=1)["PrefixList"]
    assert (changed["State"], changed["Version"], changed["PrefixListName"]) == ("modify-in-progress", 2, "lives")
    settled(ec2, identity)
    entries = ec2.get_managed_prefix_list_entries(PrefixListId=identity)["Entries"]
    assert [entry["Cidr"] for entry in entries] == ["10.0.0.0/8", "11.0.0.0/8"]
    ec2.modify_managed_prefix_list(PrefixListId=identity, MaxEntries=9)
    grown = settled(ec2, identity)
    assert (grown["MaxEntries"], grown["Version"]) == (9, 2)


def test_a_repeat_with_the_same_token_makes_no_second_list(client: Any) -> None:
    """boto3 gives each call a token and repeats it where the answer is lost."""
    ec2 = client("ec2")
    asked = {"PrefixListName": "once", "MaxEntries": 5, "AddressFamily": "IPv4", "ClientToken": "token"}
    first, again = (ec2.create_managed_prefix_list(**asked)["PrefixList"]["PrefixListId"] for _ in range(2))
    assert again == first
    other = {**asked, "PrefixListName": "other"}
    assert refusal(lambda: ec2.create_managed_prefix_list(**other)) == "IdempotentParameterMismatch"
    assert made(ec2, "once")["PrefixListId"] != first


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"AddEntries": [{"Cidr": "11.0.0.0/8"}], "CurrentVersion": 7}, "PrefixListVersionMismatch"),
        ({"AddEntries": [{"Cidr": "11.0.0.0/8"}], "CurrentVersion": 1, "MaxEntries": 9}, "InvalidParameterCombination"),
        ({"AddEntries": [{"Cidr": f"{each}.0.0.0/8"} for each in range(11, 16)], "CurrentVersion": 1}, "MaxEntries"),
        ({"AddEntries": [{"Cidr": "nonsense"}], "CurrentVersion": 1}, "InvalidParameterValue"),
        ({"AddEntries": [{"Cidr": "2400::/16"}], "CurrentVersion": 1}, "InvalidParameterValue"),
        ({"PrefixListId": "pl-0123456789abcdef0", "CurrentVersion": 1}, "InvalidPrefixListID.NotFound"),
    ],
)
def test_a_change_that_ec2_refuses(client: Any, change: dict[str, Any], code: str) -> None:
    ec2 = client("ec2")
    identity = made(ec2, "refused")["PrefixListId"]
    settled(ec2, identity)
    asked = {"PrefixListId": identity, **change}
    assert code in refusal(lambda: ec2.modify_managed_prefix_list(**asked))
    assert settled(ec2, identity)["Version"] == 1


def test_a_rule_counts_as_many_as_its_prefix_list_may_have(client: Any) -> None:
    ec2 = client("ec2")
    group = make_network(ec2).group
    wide, narrow = made(ec2, "wide", 20)["PrefixListId"], made(ec2, "narrow", 10)["PrefixListId"]

    def admit(prefix_list: str, port: int) -> Any:
        rule = {**HTTPS, "FromPort": port, "ToPort": port, "PrefixListIds": [{"PrefixListId": prefix_list}]}
        return ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])

    admit(wide, 443)
    assert refusal(lambda: admit(wide, 80)) == "RulesPerSecurityGroupLimitExceeded"
    admit(narrow, 80)


def test_quotas_are_told_and_enforced(client: Any) -> None:
    quotas, ec2 = client("service-quotas"), client("ec2")
    told = quotas.get_service_quota(ServiceCode="vpc", QuotaCode="L-F678F1CE")["Quota"]
    assert (told["QuotaName"], told["Value"]) == ("VPCs per Region", 3.0)
    assert quotas.get_aws_default_service_quota(ServiceCode="vpc", QuotaCode="L-F678F1CE")["Quota"]["Value"] == 5.0
    unknown = refusal(lambda: quotas.get_service_quota(ServiceCode="vpc", QuotaCode="L-NONE"))
    assert unknown == "NoSuchResourceException"
    while len(ec2.describe_vpcs()["Vpcs"]) < 3:
        ec2.create_vpc(CidrBlock="10.9.0.0/16")
    assert refusal(lambda: ec2.create_vpc(CidrBlock="10.9.0.0/16")) == "VpcLimitExceeded"


def test_a_service_linked_role_comes_with_the_first_use(client: Any) -> None:
    iam = client("iam")
    assert refusal(lambda: iam.get_role(RoleName="AWSServiceRoleForECS")) == "NoSuchEntity"
    client("ecs").create_cluster(clusterName="first")
    role = iam.get_role(RoleName="AWSServiceRoleForECS")["Role"]
    assert role["Path"] == "/aws-service-role/ecs.amazonaws.com/"


@pytest.mark.parametrize(
    ("records", "name", "may"),
    [
        ({}, "api.bond.example", True),
        ({"bond.example": ['0 issue "letsencrypt.org"']}, "api.bond.example", False),
        ({"bond.example": ['0 issue "letsencrypt.org"', '0 issue "amazon.com"']}, "api.bond.example", True),
        ({"example": ['0 issue "letsencrypt.org"']}, "api.bond.example", False),
        ({"bond.example": ['0 issue "amazon.com"', '0 issuewild ";"']}, "*.bond.example", False),
        ({"bond.example": ['0 iodef "mailto:a@b.example"']}, "api.bond.example", True),
    ],
)
def test_caa_records_bind_amazon(records: dict[str, list[str]], name: str, may: bool) -> None:
    assert amazon_may_issue(name, Dns(lambda _: "", lambda at: records.get(at, []))) is may


def test_a_certificate_without_its_record_is_never_issued(client: Any) -> None:
    acm = client("acm")
    asked = {"DomainName": "x.bond.example", "ValidationMethod": "DNS", "IdempotencyToken": "same"}
    arn = acm.request_certificate(**asked)["CertificateArn"]
    assert acm.request_certificate(**asked)["CertificateArn"] == arn
    told = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert "ResourceRecord" not in told["DomainValidationOptions"][0], "ACM takes a moment to tell it"
    _until(
        lambda: (
            "ResourceRecord"
            in acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"][0]
        )
    )
    told = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert (told["Status"], "NotAfter" in told) == ("PENDING_VALIDATION", False)
    assert refusal(lambda: acm.request_certificate(DomainName="x.bond.example")) == "NotImplemented"
    bad = refusal(lambda: acm.request_certificate(DomainName="not a name", ValidationMethod="DNS"))
    assert bad == "ValidationException"


def test_a_snapshot_keeps_them_all(client: Any, aws: AwsStandIn) -> None:
    ec2, acm = client("ec2"), client("acm")
    identity = made(ec2, "kept")["PrefixListId"]
    version = settled(ec2, identity)["Version"]
    arn = acm.request_certificate(DomainName="kept.bond.example", ValidationMethod="DNS")["CertificateArn"]
    kept, before = aws.snapshot(), aws.state()
    ec2.modify_managed_prefix_list(PrefixListId=identity, CurrentVersion=version, AddEntries=[{"Cidr": "12.0.0.0/8"}])
    acm.delete_certificate(CertificateArn=arn)
    assert aws.state() != before
    aws.restore(kept)
    assert aws.state() == before
    assert settled(ec2, identity)["Version"] == version
    assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "PENDING_VALIDATION"


def _until(done: Callable[[], bool]) -> None:
    while not done():
        time.sleep(0.02)
