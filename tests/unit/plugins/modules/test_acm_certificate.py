"""acm_certificate: its choices as data, and certificates of the rehearsal's ACM, which sees Cloudflare's records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws.certificates import Certificate, choose, token_of
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare import caa
from ansible_collections.offramp.ecs.plugins.modules import acm_certificate
from rehearsal.aws.certificates import Dns
from tests.unit.plugins.cloudflare_world import CloudflareWorld
from tests.unit.plugins.stack_world import HOSTNAME, REGION, StackWorld, stack_world

ZONE, OWNER, HOST = "bond.example", "test/bond", "shop.bond.example"
OURS = Certificate("arn:1", "ISSUED", (HOST,), 90, kind="AMAZON_ISSUED", owner=OWNER)
THEIRS = replace(OURS, arn="arn:2", owner="", names=("*.bond.example",))


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        ([], None),
        ([THEIRS], THEIRS),
        ([THEIRS, OURS], OURS),
        ([replace(OURS, days=13)], None),
        ([replace(OURS, names=("other.bond.example",))], None),
        ([replace(OURS, status="EXPIRED")], None),
        ([replace(OURS, status="VALIDATION_TIMED_OUT")], None),
        ([replace(OURS, status="PENDING_VALIDATION")], replace(OURS, status="PENDING_VALIDATION")),
        ([replace(THEIRS, status="PENDING_VALIDATION")], None),
        ([replace(OURS, status="PENDING_VALIDATION"), THEIRS], THEIRS),
        ([replace(THEIRS, kind="IMPORTED", days=300), replace(THEIRS, arn="arn:3")], replace(THEIRS, arn="arn:3")),
    ],
)
def test_which_certificate_is_used(found: list[Certificate], chosen: Certificate | None) -> None:
    assert choose(found, [HOST], 14, OWNER, "") == chosen


def test_what_this_run_asked_for_is_waited_for_whatever_becomes_of_it() -> None:
    failed = replace(OURS, status="FAILED")
    assert choose([THEIRS, failed], [HOST], 14, OWNER, failed.arn) == failed


def test_a_request_after_a_failed_one_has_another_token() -> None:
    first, second = token_of((HOST,), []), token_of((HOST,), ["arn:1"])
    assert first != second
    assert {len(first), len(second)} == {32}


@pytest.mark.parametrize(
    ("records", "name", "told"),
    [
        ({}, HOST, ("", [])),
        ({ZONE: ['0 issue "letsencrypt.org"']}, HOST, (ZONE, ["letsencrypt.org"])),
        ({ZONE: ['0 issue "letsencrypt.org"', '0 issue "amazon.com"']}, HOST, ("", [])),
        ({ZONE: ['0 issue "amazonaws.com; account=1"']}, HOST, ("", [])),
        ({ZONE: ['0 issue ";"']}, HOST, (ZONE, [])),
        ({ZONE: ['0 iodef "mailto:a@b.example"']}, HOST, ("", [])),
        ({ZONE: ['0 issue "letsencrypt.org"'], HOST: ['0 issue "amazon.com"']}, HOST, ("", [])),
        ({ZONE: ['0 issuewild "letsencrypt.org"']}, HOST, ("", [])),
        ({ZONE: ['0 issue "amazon.com"', '0 issuewild "pki.goog"']}, "*.bond.example", (ZONE, ["pki.goog"])),
    ],
)
def test_who_may_issue(records: dict[str, list[str]], name: str, told: tuple[str, list[str]]) -> None:
    assert caa.others_only(name, ZONE, lambda at: records.get(at, [])) == told


class Ground:
    """ACM and the zone that it looks into, and the module between them."""

    def __init__(self, aws: StackWorld, cloudflare: CloudflareWorld) -> None:
        self.aws, self.cloudflare = aws, cloudflare

    def have(self, hostname: str, *, dies_after: int | None = None, dry: bool = False, **more: Any) -> dict[str, Any]:
        """A run of the module."""
        params = {"hostname": hostname, "zone": ZONE, "owner": OWNER, "region": REGION, "within": 20.0, "every": 0.05}
        return self.cloudflare.run(acm_certificate, dry=dry, dies_after=dies_after, **params, **more)

    def writes(self) -> list[str]:
        """All writes of the module so far, at both vendors."""
        at_aws = [entry.operation for entry in self.aws.requests() if entry.kind == "write"]
        return at_aws + self.cloudflare.writes()

    def records(self, **query: str) -> list[dict[str, Any]]:
        """Records of the zone."""
        asked = "&".join(f"{key}={value}" for key, value in query.items())
        found: list[dict[str, Any]] = self.cloudflare.call("GET", f"{self.cloudflare.zone}/dns_records?{asked}")
        return found

    def validation(self, arn: str) -> dict[str, str]:
        """The record that ACM wants to see for a certificate's first name."""
        told = self.aws.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
        record: dict[str, str] = told["DomainValidationOptions"][0]["ResourceRecord"]
        return record


@pytest.fixture
def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    cloudflare = CloudflareWorld(tmp_path / "cloudflare")
    for name, value in cloudflare.environment().items():
        monkeypatch.setenv(name, value)
    store = cloudflare.cloudflare.store
    with stack_world(tmp_path, dns=Dns(store.cname, store.caa)) as aws:
        yield Ground(aws, cloudflare)
    cloudflare.stop()


def test_a_certificate_is_requested_validated_and_issued(ground: Ground) -> None:
    dry = ground.have(HOST, dry=True)
    assert "known after apply" in dry["certificate"]["arn"]
    assert ground.writes() == []

    made = ground.have(HOST, tags={"offramp": "test"})
    assert not made["failed"], made
    assert made["changes"] == dry["changes"]
    assert (made["certificate"]["status"], made["certificate"]["names"]) == ("ISSUED", [HOST])
    assert ground.writes() == ["RequestCertificate", "POST /zones/{zone}/dns_records"]
    assert any("ACM has not told the validation records yet" in line for line in ground.cloudflare.said)
    wanted = ground.validation(made["certificate"]["arn"])
    (record,) = ground.records(name=wanted["Name"].rstrip("."))
    assert (record["type"], record["proxied"]) == ("CNAME", False)
    assert record["content"] == wanted["Value"].rstrip(".")
    tags = ground.aws.client("acm").list_tags_for_certificate(CertificateArn=made["certificate"]["arn"])["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"offramp": "test", "offramp-certificate": OWNER}

    again = ground.have(HOST)
    assert (again["changed"], again["certificate"]["arn"]) == (False, made["certificate"]["arn"])
    assert len(ground.writes()) == 2


def test_a_record_that_is_gone_is_written_again_for_the_renewal(ground: Ground) -> None:
    arn = ground.have(HOST)["certificate"]["arn"]
    (record,) = ground.records(name=ground.validation(arn)["Name"].rstrip("."))
    ground.cloudflare.call("DELETE", f"{ground.cloudflare.zone}/dns_records/{record['id']}")
    result = ground.have(HOST)
    assert [change["target"] for change in result["changes"]] == [f"DNS record that validates {HOST} at Cloudflare"]
    assert ground.records(name=record["name"])[0]["content"] == record["content"]


def test_other_names_need_another_certificate_and_the_old_one_is_named(ground: Ground) -> None:
    old = ground.have(HOST)["certificate"]["arn"]
    result = ground.have(HOST, alternative_names=["*.shop.bond.example", "www.bond.example"])
    assert result["certificate"]["names"] == [HOST, "*.shop.bond.example", "www.bond.example"]
    assert result["certificate"]["arn"] != old
    assert [change["target"] for change in result["changes"]] == [
        f"ACM certificate of {HOST}",
        "DNS record that validates www.bond.example at Cloudflare",
    ], "the star's record is that of its name, which is there"
    assert result["headline"][0].startswith(f"ACM certificate {old} ({HOST}; ends in ")
    assert "is left: delete it when nothing uses it" in result["headline"][0]
    assert ground.have(HOST, alternative_names=["*.shop.bond.example", "www.bond.example"])["changed"] is False


@pytest.mark.parametrize("writes", [0, 1])
def test_a_run_that_was_killed_is_taken_up(ground: Ground, writes: int) -> None:
    assert ground.have(HOST, dies_after=writes)["failed"]
    result = ground.have(HOST)
    assert not result["failed"], result
    assert result["certificate"]["status"] == "ISSUED"
    assert ground.writes() == ["RequestCertificate", "POST /zones/{zone}/dns_records"]


def test_a_certificate_that_exists_is_used_as_it_is(ground: Ground) -> None:
    result = ground.have(HOSTNAME)
    assert (result["changed"], result["certificate"]["status"]) == (False, "ISSUED")
    assert ground.cloudflare.requests() == [], "Cloudflare is not asked where nothing must be validated"


def test_acm_waits_for_the_record_and_sees_no_proxied_one(ground: Ground) -> None:
    arn = (
        ground.have(HOST, dies_after=1)["failed"]
        and ground.aws.client("acm").list_certificates(CertificateStatuses=["PENDING_VALIDATION"])[
            "CertificateSummaryList"
        ][0]["CertificateArn"]
    )
    acm = ground.aws.client("acm")
    while (
        "ResourceRecord"
        not in acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"][0]
    ):
        pass
    wanted = ground.validation(arn)
    body = {
        "type": "CNAME",
        "name": wanted["Name"].rstrip("."),
        "content": wanted["Value"].rstrip("."),
        "proxied": True,
    }
    ground.cloudflare.call("POST", f"{ground.cloudflare.zone}/dns_records", body)
    assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "PENDING_VALIDATION"
    result = ground.have(HOST)
    assert result["kind"] == "refused"
    assert "must be a CNAME of" in result["msg"]
    assert "(proxied)" in result["msg"]


def test_somebody_elses_record_is_refused(ground: Ground) -> None:
    arn = ground.have(HOST)["certificate"]["arn"]
    (record,) = ground.records(name=ground.validation(arn)["Name"].rstrip("."))
    path = f"{ground.cloudflare.zone}/dns_records/{record['id']}"
    ground.cloudflare.call("PATCH", path, {"content": "elsewhere.example"})
    result = ground.have(HOST)
    assert (result["kind"], result["target"]) == ("refused", f"DNS record {record['name']}")
    assert "and is CNAME elsewhere.example" in result["msg"]


def test_caa_records_are_told_before_anything_is_requested(ground: Ground) -> None:
    data = {"flags": 0, "tag": "issue", "value": "letsencrypt.org"}
    ground.cloudflare.call("POST", f"{ground.cloudflare.zone}/dns_records", {"type": "CAA", "name": "@", "data": data})
    for dry in (True, False):
        result = ground.have(HOST, dry=dry)
        assert result["kind"] == "refused"
        assert result["msg"] == (
            f"CAA records of bond.example let letsencrypt.org issue certificates for {HOST}, and not Amazon. "
            'Add a CAA record 0 issue "amazon.com" to bond.example, then run again.'
        )
    assert ground.writes() == []


def test_a_request_that_fails_is_told_and_the_next_run_requests_another(ground: Ground) -> None:
    client = ground.aws.client("acm")
    ground.have(HOST, dies_after=1)
    data = {"flags": 0, "tag": "issue", "value": "letsencrypt.org"}
    path = f"{ground.cloudflare.zone}/dns_records"
    record = ground.cloudflare.call("POST", path, {"type": "CAA", "name": "@", "data": data})
    result = ground.have(HOST)
    assert result["failed"]
    ground.cloudflare.call("DELETE", f"{path}/{record['id']}")
    result = ground.have(HOST)
    assert not result["failed"], result
    states = sorted(row["Status"] for row in client.list_certificates(Includes=EC)["CertificateSummaryList"])
    assert states == ["FAILED", "ISSUED", "ISSUED"]  # one of the seed
    assert "CAA_ERROR" in result["headline"][0]


EC = {"keyTypes": ["EC_prime256v1"]}


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"alternative_names": ["x.other.example"]}, "x.other.example is not in the Cloudflare zone bond.example"),
        ({"hostname": f"{'a' * 60}.bond.example"}, "has 73 characters; ACM takes 64"),
        (
            {"arn": "arn:aws:acm:us-east-1:123456789012:certificate/1"},
            "is of us-east-1, and a load balancer in eu-west-1",
        ),
        ({"given_tags": {"Name": "none"}}, "No issued certificates have the tags Name=none."),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(ground: Ground, params: dict[str, Any], said: str) -> None:
    result = ground.have(**{"hostname": HOST, **params})
    assert (result["kind"], said in result["msg"]) == ("bad_input", True), result
    assert ground.writes() == []
