"""Which refusals keep their words."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager

import pytest
from botocore.exceptions import ClientError

from ansible_collections.offramp.ecs.plugins.module_utils.aws.secret_words import known_words, without_values

VALUE = "value-of-a"
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:production/bond/config-AbCdEf"


def said(message: str, within: AbstractContextManager[None]) -> str:
    error = ClientError({"Error": {"Code": "SomeException", "Message": message}}, "GetSecretValue")
    with pytest.raises(ClientError) as caught, within:
        raise error
    assert caught.value.response["Error"]["Code"] == "SomeException"
    return str(caught.value.response["Error"]["Message"])


@pytest.mark.parametrize(
    "message",
    [
        "Rate exceeded",
        "Access to KMS is not allowed",
        "Secrets Manager can't find the specified secret.",
        "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
        "You can't perform this operation on the secret because it was marked for deletion.",
        "User: arn:aws:iam::1:user/u is not authorized to perform: secretsmanager:GetSecretValue",
        f"User: arn:aws:iam::1:user/u is not authorized to perform: secretsmanager:GetSecretValue on resource: {ARN} "
        "because no identity-based policy allows the secretsmanager:GetSecretValue action",
    ],
)
def test_what_aws_is_known_to_say_is_told(message: str) -> None:
    assert said(message, known_words()) == message


@pytest.mark.parametrize(
    "message",
    [VALUE, json.dumps({"A": VALUE}), f"Rate exceeded by {VALUE}", f"Access to KMS is not allowed\n{VALUE}"],
)
def test_other_words_of_a_read_are_told_by_their_code(message: str) -> None:
    assert said(message, known_words()) == "SomeException"


def test_words_of_a_write_go_where_they_quote_a_value() -> None:
    assert said(f"'{VALUE}' is bad", without_values({"A": VALUE}, json.dumps({"A": VALUE}))) == "SomeException"
    assert said("too many versions", without_values({"A": VALUE}, json.dumps({"A": VALUE}))) == "too many versions"
