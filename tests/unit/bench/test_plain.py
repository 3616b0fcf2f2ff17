"""The plain script of the benchmark asks what AWS takes, and leaves out what it does not know."""

from __future__ import annotations

import boto3
import pytest
from botocore.validate import ParamValidator

from tests.bench.plain import AWS, REGION, Script

ARN = "arn:aws:ecs:eu-west-1:123456789012:task-definition/production-bond-server-web:1"


@pytest.mark.parametrize(
    ("service", "operation"), [(service, operation) for service, known in AWS.items() for operation in known]
)
def test_each_call_is_one_that_aws_takes(service: str, operation: str) -> None:
    shape = boto3.client(service, region_name=REGION).meta.service_model.operation_model(operation).input_shape
    report = ParamValidator().validate(AWS[service][operation](ARN), shape)
    assert not report.has_errors(), report.generate_report()


def test_a_call_that_is_not_known_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEROKU_API_URL", "CLOUDFLARE_BASE_URL", "AWS_ENDPOINT_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nothing listens there
    for name in ("HEROKU_API_KEY", "CLOUDFLARE_API_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    Script().ask("aws", "DescribeSomethingNew", ARN)
    Script().ask("heroku", "GET /apps/{app}/things/{thing}", "bond-server")
