"""Who may come in, and what the stand-in says to what it does not offer."""

from typing import Any

import pytest

from rehearsal.aws import AwsStandIn
from rehearsal.aws.errors import RefusedError
from rehearsal.requestlog import RequestLog, read_log
from tests.unit.rehearsal.aws.refusals import refused


@pytest.mark.parametrize(
    ("service", "call", "code", "status"),
    [
        ("sts", "get_caller_identity", "InvalidClientTokenId", 403),
        ("cloudformation", "describe_stacks", "InvalidClientTokenId", 403),
        ("ecs", "list_clusters", "UnrecognizedClientException", 403),
        ("cloudwatch", "list_metrics", "UnrecognizedClientException", 403),
        ("ec2", "describe_vpcs", "AuthFailure", 401),
    ],
)
def test_an_unknown_key_is_refused_as_each_service_does(
    client: Any, log: RequestLog, service: str, call: str, code: str, status: int
) -> None:
    found = refused(getattr(client(service, key="AKIAWRONG123"), call))
    assert (found[0], found[2]) == (code, status)
    assert list(read_log(log.path))[-1].status == status


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("sqs", "list_queues"),
        ("rds", "describe_events"),
        ("ecs", "list_attributes"),
        ("elbv2", "describe_trust_stores"),
        ("iam", "get_organizations_access_report"),
        ("logs", "describe_account_policies"),
    ],
)
def test_what_is_not_offered_is_said_loudly(client: Any, service: str, call: str) -> None:
    parameters = {
        "list_attributes": {"targetType": "container-instance"},
        "get_organizations_access_report": {"JobId": "0" * 36},
        "describe_account_policies": {"policyType": "DATA_PROTECTION_POLICY"},
    }.get(call, {})
    code, message, status = refused(getattr(client(service), call), **parameters)
    assert (code, status) == ("NotImplemented", 501)
    assert "rehearsal" in message


def test_faults_strike_where_they_are_told_to(client: Any, aws: AwsStandIn) -> None:
    sts = client("sts")

    def throttled(request: Any) -> RefusedError | None:
        return RefusedError("Throttling", "Rate exceeded") if request.operation == "GetCallerIdentity" else None

    before, aws.faults = aws.faults, throttled
    try:
        assert refused(sts.get_caller_identity) == ("Throttling", "Rate exceeded", 400)
        assert client("logs").describe_log_groups()["logGroups"] == []
    finally:
        aws.faults = before
    assert sts.get_caller_identity()["Account"] == "123456789012"
