"""acm_certificate_info: which certificate serves a hostname, and what is said of one that does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Missing
from ansible_collections.offramp.ecs.plugins.modules import acm_certificate_info
from ansible_collections.offramp.ecs.plugins.modules.acm_certificate_info import Certificate, Want

ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
WANT = Want(ARN, "api.bond.example", 14)
HAVE = Certificate(ARN, "ISSUED", ("bond.example", "*.bond.example"), 90)


@pytest.mark.parametrize(
    ("name", "serves"),
    [
        ("api.bond.example", True),
        ("API.bond.example", True),
        ("*.bond.example", True),
        ("bond.example", False),
        ("*.api.bond.example", False),
        ("*.example", False),
    ],
)
def test_names_that_serve_the_hostname(name: str, serves: bool) -> None:
    assert acm_certificate_info.serves(name, "api.bond.example") is serves


@pytest.mark.parametrize(
    ("have", "said"),
    [
        (HAVE, ""),
        (replace(HAVE, status="PENDING_VALIDATION"), "is not issued, but PENDING_VALIDATION"),
        (replace(HAVE, names=("www.bond.example",)), "is for www.bond.example, not for api.bond.example"),
        (replace(HAVE, days=3), "ends in 3 days"),
    ],
)
def test_each_fault_is_said(have: Certificate, said: str) -> None:
    assert acm_certificate_info.fault_of(have, WANT) == said


@pytest.mark.parametrize(
    ("arn", "said"),
    [
        (ARN.replace("eu-west-1", "us-east-1"), "is of us-east-1, and a load balancer in eu-west-1 cannot use it"),
        ("", "is not the ARN of an ACM certificate"),
        ("arn:aws:iam::123456789012:server-certificate/x", "is not the ARN of an ACM certificate"),
    ],
)
def test_an_arn_that_cannot_be_meant_is_said_without_a_request(arn: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        acm_certificate_info.want_of({"arn": arn, "hostname": "h", "region": "eu-west-1", "days": 14})


def observed(answer: dict[str, Any] | None) -> Certificate:
    client = boto3.client("acm", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stubber:
        if answer is None:
            stubber.add_client_error("describe_certificate", "ResourceNotFoundException")
        else:
            stubber.add_response("describe_certificate", {"Certificate": answer}, {"CertificateArn": ARN})
        return acm_certificate_info.observe(client, WANT)


def test_a_good_certificate_is_reported() -> None:
    ends = datetime.now(UTC) + timedelta(days=30, hours=1)
    found = observed({"Status": "ISSUED", "DomainName": "api.bond.example", "NotAfter": ends})
    assert acm_certificate_info.report(found) == {"arn": ARN, "names": ["api.bond.example"], "days": 30}


def test_a_certificate_of_another_name_is_refused() -> None:
    ends = datetime.now(UTC) + timedelta(days=30)
    with pytest.raises(BadInput, match=r"is for x\.example, not for api\.bond\.example"):
        observed({"Status": "ISSUED", "DomainName": "x.example", "NotAfter": ends})


def test_a_certificate_that_is_not_there_is_missing() -> None:
    with pytest.raises(Missing):
        observed(None)
