"""acm_certificate_info: which certificate serves a hostname, and what is said of one that does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws.certificates import Certificate, Given, fault_of, serves
from ansible_collections.offramp.ecs.plugins.modules import acm_certificate_info
from tests.unit.plugins.stack_world import HOSTNAME, StackWorld, stack_world

ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
GIVEN = Given(ARN, {}, ("api.bond.example",), 14)
HAVE = Certificate(ARN, "ISSUED", ("bond.example", "*.bond.example"), 90)


@pytest.mark.parametrize(
    ("name", "served"),
    [
        ("api.bond.example", True),
        ("API.bond.example", True),
        ("*.bond.example", True),
        ("bond.example", False),
        ("*.api.bond.example", False),
        ("*.example", False),
    ],
)
def test_names_that_serve_the_hostname(name: str, served: bool) -> None:
    assert serves(name, "api.bond.example") is served


@pytest.mark.parametrize(
    ("have", "given", "said"),
    [
        (HAVE, GIVEN, ""),
        (replace(HAVE, status="PENDING_VALIDATION"), GIVEN, "is not issued, but PENDING_VALIDATION"),
        (replace(HAVE, names=("www.bond.example",)), GIVEN, "is for www.bond.example, not for api.bond.example"),
        (HAVE, replace(GIVEN, names=("api.bond.example", "x.example")), "not for x.example"),
        (replace(HAVE, days=3), GIVEN, "ends in 3 days"),
    ],
)
def test_each_fault_is_said(have: Certificate, given: Given, said: str) -> None:
    assert said in fault_of(have, given)
    assert bool(said) is bool(fault_of(have, given))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackWorld]:
    with stack_world(tmp_path_factory.mktemp("aws")) as made:
        yield made


@pytest.fixture(scope="module")
def arn(world: StackWorld) -> str:
    (found,) = world.client("acm").list_certificates(Includes={"keyTypes": ["EC_prime256v1"]})["CertificateSummaryList"]
    return str(found["CertificateArn"])


def asked(world: StackWorld, **params: Any) -> dict[str, Any]:
    return world.run(acm_certificate_info, **{"hostname": HOSTNAME, **params})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (ARN.replace("eu-west-1", "us-east-1"), "is of us-east-1, and a load balancer in eu-west-1 cannot use it"),
        ("", "No certificate is given"),
        ("arn:aws:iam::123456789012:server-certificate/x", "is not the ARN of an ACM certificate"),
    ],
)
def test_an_arn_that_cannot_be_meant_is_said_without_a_request(world: StackWorld, given: str, said: str) -> None:
    with world.watched() as seen:
        found = asked(world, arn=given)
    assert (found["kind"], said in found["msg"], seen) == ("bad_input", True, []), found


def test_a_good_certificate_is_reported(world: StackWorld, arn: str) -> None:
    found = asked(world, arn=arn)["certificate"]
    assert (found["arn"], found["names"]) == (arn, [HOSTNAME])
    assert found["days"] >= 14


def test_a_certificate_of_another_name_is_refused(world: StackWorld, arn: str) -> None:
    found = asked(world, arn=arn, hostname="api.other.example")
    assert found["msg"].startswith(f"The certificate {arn} is for {HOSTNAME}, not for api.other.example.")


def test_a_certificate_that_is_not_there_is_missing(world: StackWorld) -> None:
    assert asked(world, arn=ARN)["kind"] == "missing"


def test_a_certificate_is_found_by_its_tags(world: StackWorld, arn: str) -> None:
    world.client("acm").add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": "Name", "Value": "api"}])
    assert asked(world, tags={"Name": "api"})["certificate"]["arn"] == arn
    assert asked(world, tags={"Name": "www"})["msg"].startswith("No issued certificates have the tags Name=www.")
