"""Secrets Manager keeps AWS's rules for values, tokens, labels and deleted secrets."""

from typing import Any

import pytest

from tests.unit.rehearsal.aws.refusals import refusal, refused

TOKEN = "a" * 32


@pytest.fixture(scope="module")
def secrets(client: Any) -> Any:
    return client("secretsmanager")


@pytest.fixture
def secret(secrets: Any, request: pytest.FixtureRequest) -> str:
    """The ARN of a fresh secret named after the test."""
    return str(secrets.create_secret(Name=request.node.name, SecretString='{"A":"1"}')["ARN"])


def test_the_largest_value_is_64_kib_in_bytes(secrets: Any, secret: str) -> None:
    secrets.put_secret_value(SecretId=secret, SecretString="x" * 65_536)
    assert refusal(secrets.put_secret_value, SecretId=secret, SecretString="x" * 65_537) == "ValidationException"
    assert refusal(secrets.put_secret_value, SecretId=secret, SecretString="ü" * 32_769) == "ValidationException"
    assert refusal(secrets.update_secret, SecretId=secret, SecretString="x" * 65_537) == "ValidationException"
    assert refusal(secrets.create_secret, Name="large", SecretString="x" * 65_537) == "ValidationException"
    assert len(secrets.get_secret_value(SecretId=secret)["SecretString"]) == 65_536


def test_a_token_makes_a_write_happen_once(secrets: Any, secret: str) -> None:
    first = secrets.put_secret_value(SecretId=secret, SecretString="one", ClientRequestToken=TOKEN)
    assert first["VersionId"] == TOKEN
    secrets.put_secret_value(SecretId=secret, SecretString="two")
    again = secrets.put_secret_value(SecretId=secret, SecretString="one", ClientRequestToken=TOKEN)
    assert again["VersionStages"] == ["AWSPREVIOUS"]
    assert secrets.get_secret_value(SecretId=secret)["SecretString"] == "two"
    other = {"SecretString": "three", "ClientRequestToken": TOKEN}
    assert refusal(secrets.put_secret_value, SecretId=secret, **other) == "ResourceExistsException"
    assert secrets.get_secret_value(SecretId=secret, VersionId=TOKEN)["SecretString"] == "one"


def test_a_secret_has_at_most_20_labels(secrets: Any, secret: str) -> None:
    version = secrets.describe_secret(SecretId=secret)["VersionIdsToStages"]
    (only,) = version
    for number in range(19):
        secrets.update_secret_version_stage(SecretId=secret, VersionStage=f"release-{number}", MoveToVersionId=only)
    one_more = {"VersionStage": "release-19", "MoveToVersionId": only}
    assert refusal(secrets.update_secret_version_stage, SecretId=secret, **one_more) == "LimitExceededException"


def test_a_new_version_takes_all_labels_that_it_is_given(secrets: Any, secret: str) -> None:
    first = secrets.put_secret_value(SecretId=secret, SecretString="1", VersionStages=["AWSCURRENT", "ours"])
    assert sorted(first["VersionStages"]) == ["AWSCURRENT", "ours"]
    second = secrets.put_secret_value(SecretId=secret, SecretString="2", VersionStages=["ours", "theirs"])
    stages = secrets.describe_secret(SecretId=secret)["VersionIdsToStages"]
    assert (stages[first["VersionId"]], sorted(stages[second["VersionId"]])) == (["AWSCURRENT"], ["ours", "theirs"])
    third = secrets.put_secret_value(SecretId=secret, SecretString="3")
    stages = secrets.describe_secret(SecretId=secret)["VersionIdsToStages"]
    assert (stages[first["VersionId"]], stages[third["VersionId"]]) == (["AWSPREVIOUS"], ["AWSCURRENT"])


def test_version_and_label_must_agree(secrets: Any, secret: str) -> None:
    old = secrets.get_secret_value(SecretId=secret)["VersionId"]
    secrets.put_secret_value(SecretId=secret, SecretString="new")
    assert secrets.get_secret_value(SecretId=secret, VersionId=old, VersionStage="AWSPREVIOUS")["VersionId"] == old
    both = {"VersionId": old, "VersionStage": "AWSCURRENT"}
    assert refusal(secrets.get_secret_value, SecretId=secret, **both) == "InvalidRequestException"


def test_arns_end_in_six_characters_and_partial_ones_may_mislead(secrets: Any, secret: str) -> None:
    assert len(secret.rpartition("-")[2]) == 6
    assert secrets.get_secret_value(SecretId=secret[:-7])["ARN"] == secret
    assert refusal(secrets.get_secret_value, SecretId=secret[:-10]) == "ResourceNotFoundException"
    ambiguous = secrets.create_secret(Name="env-abcdef", SecretString="x")["ARN"]
    assert refusal(secrets.get_secret_value, SecretId=ambiguous[:-7]) == "ResourceNotFoundException"
    assert secrets.get_secret_value(SecretId=ambiguous)["Name"] == "env-abcdef"


def test_a_deleted_secret_keeps_its_name_until_its_window_is_over(secrets: Any, secret: str) -> None:
    name = secrets.describe_secret(SecretId=secret)["Name"]
    secrets.delete_secret(SecretId=secret)
    code, message, _ = refused(secrets.create_secret, Name=name, SecretString="x")
    assert code == "InvalidRequestException"
    assert "scheduled for deletion" in message
    assert refusal(secrets.get_secret_value, SecretId=secret) == "InvalidRequestException"
    assert secrets.describe_secret(SecretId=secret)["DeletedDate"]
    secrets.restore_secret(SecretId=secret)
    assert secrets.get_secret_value(SecretId=secret)["SecretString"] == '{"A":"1"}'
