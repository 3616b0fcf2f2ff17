"""What a secret has besides its value: only what is given is looked at, and sets are sets."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws import secret_settings
from ansible_collections.offramp.ecs.plugins.module_utils.aws.secret_settings import Settings
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput

KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b"
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]}
BARE = Settings("", {}, {}, {"offramp:app": "bond"})


@pytest.mark.parametrize(
    ("have", "want", "planned"),
    [
        (BARE, Settings(), []),
        (Settings(KEY, {"eu-north-1": ""}, POLICY, {"a": "b"}), Settings(), []),
        (BARE, Settings(KEY), ["update KMS key update_secret"]),
        (Settings(KEY), Settings(KEY), []),
        (Settings(KEY), Settings("0a1b"), []),
        (Settings("alias/ours"), Settings("arn:aws:kms:eu-west-1:1:alias/ours"), []),
        (Settings(KEY), Settings(""), ["update KMS key update_secret"]),
        (BARE, Settings("alias/aws/secretsmanager"), []),
        (
            BARE,
            Settings(replicas={"eu-north-1": "", "eu-west-3": ""}),
            [
                "create replica in eu-north-1 replicate_secret_to_regions",
                "create replica in eu-west-3 replicate_secret_to_regions",
            ],
        ),
        (Settings(replicas={"a": "", "b": ""}), Settings(replicas={"b": "", "a": ""}), []),
        (Settings(replicas={"a": ""}), Settings(replicas={}), ["delete replica in a remove_regions_from_replication"]),
        (
            Settings(replicas={"a": ""}),
            Settings(replicas={"a": "alias/there"}),
            [
                "delete replica in a remove_regions_from_replication",
                "create replica in a replicate_secret_to_regions",
            ],
        ),
        (BARE, Settings(policy=POLICY), ["create resource policy put_resource_policy"]),
        (Settings(policy={"Statement": []}), Settings(policy=POLICY), ["update resource policy put_resource_policy"]),
        (Settings(policy=dict(reversed(POLICY.items()))), Settings(policy=POLICY), []),
        (Settings(policy=POLICY), Settings(policy={}), ["delete resource policy delete_resource_policy"]),
        (BARE, Settings(tags={"team": "api"}), ["update tags tag_resource"]),
        (Settings(tags={"team": "api", "other": "x"}), Settings(tags={"team": "api"}), []),
    ],
)
def test_each_difference_is_a_change_of_its_own(have: Settings, want: Settings, planned: list[str]) -> None:
    changes = secret_settings.plan("s", have, want)
    told = [
        f"{change.verb} {change.target.removesuffix(' of secret s')} {change.payload.operation}" for change in changes
    ]
    assert told == planned
    assert secret_settings.plan("s", secret_settings.foreseen(have, want), want) == []


def test_a_secret_has_its_settings_from_the_first_moment() -> None:
    want = Settings(KEY, {"eu-north-1": "alias/there", "eu-west-3": ""}, POLICY, {"team": "api"})
    made, policy = secret_settings.creation("s", "bond", want)
    assert made.payload.arguments == {
        "Name": "s",
        "Description": "Configuration of bond, copied from Heroku by Offramp",
        "Tags": [{"Key": "offramp:app", "Value": "bond"}, {"Key": "team", "Value": "api"}],
        "KmsKeyId": KEY,
        "AddReplicaRegions": [{"Region": "eu-north-1", "KmsKeyId": "alias/there"}, {"Region": "eu-west-3"}],
    }
    assert policy.payload.operation == "put_resource_policy"
    assert policy.payload.arguments["BlockPublicPolicy"]
    assert len(secret_settings.creation("s", "bond", Settings())) == 1


def test_a_replica_that_failed_is_tried_again() -> None:
    status = [{"Region": "a", "Status": "Failed", "StatusMessage": "no"}, {"Region": "b", "Status": "InProgress"}]
    found = secret_settings.described({"ReplicationStatus": status, "Tags": [{"Key": "k", "Value": "v"}]})
    assert found == Settings("", {"b": ""}, None, {"k": "v"})


def params(**given: Any) -> dict[str, Any]:
    return {"region": "eu-west-1", "kms_key": None, "replicas": None, "policy": None, "tags": None, **given}


def test_what_is_not_given_is_told_from_what_is_empty() -> None:
    assert not secret_settings.wanted(params()).given
    for empty in ({"replicas": []}, {"policy": {}}, {"kms_key": ""}, {"tags": {}}):
        assert secret_settings.wanted(params(**empty)).given


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"replicas": [{"region": "eu-west-1"}]}, "in region eu-west-1 twice"),
        ({"replicas": [{"region": "a"}, {"region": "a", "kms_key": "k"}]}, "in region a twice"),
        ({"tags": {"offramp:app": "x"}}, "The tag offramp:app cannot be set"),
        ({"tags": {"cost": 7}}, "The tag cost cannot be set"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        secret_settings.wanted(params(**given))
