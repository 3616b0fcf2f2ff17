"""Secrets Manager keeps AWS's rules for values, tokens, labels and deleted secrets."""

from typing import Any

import pytest

from rehearsal.aws import secretsmanager
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


def value_of(secrets: Any, secret: str, version: str) -> str:
    return str(secrets.get_secret_value(SecretId=secret, VersionId=version)["SecretString"])


def stages(secrets: Any, secret: str) -> dict[str, list[str]]:
    listed = secrets.list_secret_version_ids(SecretId=secret, IncludeDeprecated=True)["Versions"]
    return {version["VersionId"]: sorted(version["VersionStages"]) for version in listed}


def test_a_secret_without_a_value_has_no_version(secrets: Any, request: pytest.FixtureRequest) -> None:
    made = secrets.create_secret(Name=request.node.name, ClientRequestToken="c" * 32)
    assert "VersionId" not in made
    assert stages(secrets, made["ARN"]) == {}
    assert refusal(secrets.get_secret_value, SecretId=made["ARN"]) == "ResourceNotFoundException"
    secrets.put_secret_value(SecretId=made["ARN"], SecretString="x", VersionStages=["blue"], ClientRequestToken=TOKEN)
    assert stages(secrets, made["ARN"]) == {TOKEN: ["AWSCURRENT", "blue"]}


def test_the_first_version_is_called_by_its_token(secrets: Any, request: pytest.FixtureRequest) -> None:
    made = secrets.create_secret(Name=request.node.name, SecretString="x", ClientRequestToken=TOKEN)
    assert made["VersionId"] == TOKEN
    assert value_of(secrets, made["ARN"], TOKEN) == "x"


def test_a_version_comes_with_its_labels_and_takes_them_from_others(secrets: Any, secret: str) -> None:
    one, two = "1" * 32, "2" * 32
    both = {"SecretId": secret, "VersionStages": ["AWSCURRENT", "blue"]}
    secrets.put_secret_value(**both, SecretString="1", ClientRequestToken=one)
    secrets.put_secret_value(**both, SecretString="2", ClientRequestToken=two)
    found = stages(secrets, secret)
    assert (found[one], found[two]) == (["AWSPREVIOUS"], ["AWSCURRENT", "blue"])
    secrets.put_secret_value(SecretId=secret, SecretString="3", VersionStages=["green"])
    assert secrets.get_secret_value(SecretId=secret)["VersionId"] == two
    secrets.update_secret(SecretId=secret, SecretString="4", ClientRequestToken="4" * 32)
    assert stages(secrets, secret)["4" * 32] == ["AWSCURRENT"]
    assert stages(secrets, secret)[two] == ["AWSPREVIOUS", "blue"]


def test_versions_without_a_label_stay_readable_and_are_told_on_demand(secrets: Any, secret: str) -> None:
    first = secrets.get_secret_value(SecretId=secret)["VersionId"]
    for number in range(3):
        secrets.put_secret_value(SecretId=secret, SecretString=str(number))
    assert value_of(secrets, secret, first) == '{"A":"1"}'
    assert stages(secrets, secret)[first] == []
    assert len(secrets.list_secret_version_ids(SecretId=secret)["Versions"]) == 2
    pages = [secrets.list_secret_version_ids(SecretId=secret, IncludeDeprecated=True, MaxResults=3)]
    more = {"MaxResults": 3, "NextToken": pages[0]["NextToken"], "IncludeDeprecated": True}
    pages.append(secrets.list_secret_version_ids(SecretId=secret, **more))
    assert [len(page["Versions"]) for page in pages] == [3, 1]
    assert "NextToken" not in pages[1]


def test_old_versions_without_a_label_go_beyond_the_newest(
    secrets: Any, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secretsmanager, "UNLABELLED_KEPT", 2)
    ids = [secrets.put_secret_value(SecretId=secret, SecretString=str(number))["VersionId"] for number in range(5)]
    assert len(stages(secrets, secret)) == 6  # all of them are young
    monkeypatch.setattr(secretsmanager, "YOUNG_S", 0)
    secrets.put_secret_value(SecretId=secret, SecretString="last")
    assert refusal(secrets.get_secret_value, SecretId=secret, VersionId=ids[1]) == "ResourceNotFoundException"
    assert [value_of(secrets, secret, id_) for id_ in ids[2:]] == ["2", "3", "4"]


def test_a_label_that_goes_may_take_its_version_along(
    secrets: Any, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secretsmanager, "UNLABELLED_KEPT", 0)
    monkeypatch.setattr(secretsmanager, "YOUNG_S", 0)
    made = secrets.put_secret_value(SecretId=secret, SecretString="x", VersionStages=["blue"])["VersionId"]
    secrets.update_secret_version_stage(SecretId=secret, VersionStage="blue", RemoveFromVersionId=made)
    assert refusal(secrets.get_secret_value, SecretId=secret, VersionId=made) == "ResourceNotFoundException"


def test_a_hundred_young_versions_are_the_most(secrets: Any, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secretsmanager, "MOST_YOUNG", 3)
    for number in range(2):
        secrets.put_secret_value(SecretId=secret, SecretString=str(number))
    assert refusal(secrets.put_secret_value, SecretId=secret, SecretString="x") == "LimitExceededException"
    assert secrets.get_secret_value(SecretId=secret)["SecretString"] == "1"


def test_the_current_label_moves_and_never_goes(secrets: Any, secret: str) -> None:
    current = secrets.get_secret_value(SecretId=secret)["VersionId"]
    away = {"VersionStage": "AWSCURRENT", "RemoveFromVersionId": current}
    assert refusal(secrets.update_secret_version_stage, SecretId=secret, **away) == "InvalidParameterException"


def test_replicas_follow_until_they_are_taken_away(secrets: Any, client: Any, request: pytest.FixtureRequest) -> None:
    name = request.node.name
    regions = [{"Region": "eu-north-1"}, {"Region": "eu-west-3"}]
    secret = secrets.create_secret(Name=name, SecretString="1", AddReplicaRegions=regions)["ARN"]
    there = client("secretsmanager", region="eu-north-1")
    secrets.put_secret_value(SecretId=secret, SecretString="2")
    assert there.get_secret_value(SecretId=name)["SecretString"] == "2"
    assert refusal(secrets.delete_secret, SecretId=secret) == "InvalidRequestException"
    left = secrets.remove_regions_from_replication(SecretId=secret, RemoveReplicaRegions=["eu-north-1"])
    assert [each["Region"] for each in left["ReplicationStatus"]] == ["eu-west-3"]
    assert refusal(there.get_secret_value, SecretId=name) == "ResourceNotFoundException"
    own = {"AddReplicaRegions": [{"Region": "eu-west-1"}]}
    assert refusal(secrets.create_secret, Name=f"{name}-2", **own) == "InvalidParameterException"
    assert refusal(secrets.describe_secret, SecretId=f"{name}-2") == "ResourceNotFoundException"


def test_a_policy_is_one(secrets: Any, secret: str) -> None:
    for text in ("{", "{}", "[]", '{"Statement": []}'):
        bad = refusal(secrets.put_resource_policy, SecretId=secret, ResourcePolicy=text)
        assert bad == "MalformedPolicyDocumentException"
