"""Parameter Store in the rehearsal: refusals, state and snapshots."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.aws import AwsStandIn
from rehearsal.state.canonical import canonical

LOCK = "/offramp/test/bond/lock"


def put(client: Any, value: str) -> None:
    client("ssm").put_parameter(Name=LOCK, Value=value, Type="String", Overwrite=True)


def test_worlds_are_alike_whoever_has_the_lock_since_when(client: Any, aws: AwsStandIn) -> None:
    put(client, '{"owner": "anna"}')
    one = aws.state()["ssm.parameters"]
    put(client, '{"owner": "bert"}')
    assert canonical({"aws": {"p": one}}) == canonical({"aws": {"p": aws.state()["ssm.parameters"]}})
    assert list(one) == [LOCK]


def test_a_snapshot_keeps_it(client: Any, aws: AwsStandIn) -> None:
    put(client, '{"owner": "anna"}')
    kept = aws.snapshot()
    client("ssm").delete_parameter(Name=LOCK)
    aws.restore(kept)
    assert client("ssm").get_parameter(Name=LOCK)["Parameter"]["Value"] == '{"owner": "anna"}'


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"Name": "a/b"}, "ValidationException"),
        ({"Name": "/a b"}, "ValidationException"),
        ({"Name": "/aws/x"}, "AccessDeniedException"),
        ({"Name": "/a" * 16}, "HierarchyLevelLimitExceededException"),
        ({"Value": ""}, "ValidationException"),
        ({"Value": "v" * 4097}, "ValidationException"),
    ],
)
def test_what_parameter_store_refuses(client: Any, asked: dict[str, str], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        client("ssm").put_parameter(**{"Name": "/a", "Value": "v", "Type": "String", **asked})
    assert refused.value.response["Error"]["Code"] == code


def test_what_systems_manager_has_besides_is_not_offered(client: Any) -> None:
    with pytest.raises(ClientError, match="offers no operation ListCommands"):
        client("ssm").list_commands()
