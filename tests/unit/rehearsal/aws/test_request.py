"""Requests are read alike in all of AWS's wire protocols."""

import json
from urllib.parse import urlencode

import pytest

from rehearsal.aws.request import AwsRequest, nested, parse

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


def signed(service: str) -> dict[str, str]:
    scope = f"AKIAX/20261122/eu-west-1/{service}/aws4_request"
    return {"authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}


def query(service: str, **parameters: str) -> AwsRequest:
    return parse("POST", "/", {**signed(service), **FORM}, urlencode(parameters).encode())


def test_the_scope_says_who_where_and_what() -> None:
    request = query("elasticloadbalancing", Action="DescribeLoadBalancers")
    assert (request.access_key, request.region, request.service) == ("AKIAX", "eu-west-1", "elasticloadbalancing")


def test_operations_are_found_in_every_protocol() -> None:
    target = {"x-amz-target": "AmazonEC2ContainerServiceV20141113.UpdateService"}
    body = json.dumps({"cluster": "prod", "service": "bond"}).encode()
    assert parse("POST", "/", {**signed("ecs"), **target}, body).operation == "UpdateService"
    assert parse("POST", "/", {**signed("ecs"), **target}, body).target == "bond"
    rpc = parse("POST", "/service/GraniteServiceVersion20100801/operation/GetMetricData", signed("monitoring"), b"")
    assert (rpc.operation, rpc.kind) == ("GetMetricData", "read")
    assert parse("PUT", "/bucket?policy=", signed("s3"), b"{}").operation == "PUT s3 ?policy"


@pytest.mark.parametrize(
    ("parameters", "kind"),
    [
        ({"Action": "DescribeStacks"}, "read"),
        ({"Action": "DetectStackDrift"}, "read"),
        ({"Action": "ExecuteChangeSet"}, "write"),
        ({"Action": "CreateChangeSet"}, "preview"),
        ({"Action": "CreateChangeSet", "ChangeSetType": "CREATE"}, "write"),
        ({"Action": "DeleteChangeSet"}, "preview"),
    ],
)
def test_looks_that_write_are_counted_apart(parameters: dict[str, str], kind: str) -> None:
    assert query("cloudformation", StackName="net", **parameters).kind == kind
    assert query("cloudformation", StackName="net", **parameters).target == "net"


def test_flat_parameters_are_nested_as_documented() -> None:
    flat = {
        "Name": "bond",
        "Subnets.member.2": "b",
        "Subnets.member.1": "a",
        "Tags.member.1.Key": "k",
        "Matcher.HttpCode": "200",
        "Filter.1.Value.1": "x",
    }
    assert nested(flat) == {
        "Name": "bond",
        "Subnets": ["a", "b"],
        "Tags": [{"Key": "k"}],
        "Matcher": {"HttpCode": "200"},
        "Filter": [{"Value": ["x"]}],
    }


def test_what_cannot_be_read_is_no_crash() -> None:
    target = {"x-amz-target": "secretsmanager.GetSecretValue"}
    assert parse("POST", "/", {**signed("secretsmanager"), **target}, b"\xff{").parameters == {}
    assert parse("GET", "/", {}, b"").access_key == ""
