"""ministack's Secrets Manager: its table, and the few steps of it that our own answers share with it."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from rehearsal.aws.adapters.reach import reach
from rehearsal.aws.errors import RefusedError

_SECRETS = "ministack.services.secretsmanager"

Secret = dict[str, Any]


def find(secret_id: str) -> Secret | None:
    """A secret of the current account and region by name, ARN or partial ARN (its "Versions" by id), or None."""
    found: Secret | None = reach(_SECRETS, "_resolve")(secret_id)[1]
    return found


def store(parameters: dict[str, Any]) -> Secret:
    """A new secret as CreateSecret describes it, without a version; its name must be free."""
    reach(_SECRETS, "_store_new_secret")(
        parameters["Name"],
        description=parameters.get("Description", ""),
        tags=parameters.get("Tags"),
        kms_key_id=parameters.get("KmsKeyId"),
    )
    made = find(parameters["Name"])
    assert made is not None
    made["Versions"].clear()
    return made


def forget(secret: Secret) -> None:
    """Let a secret, its replicas and its policy be gone at once."""
    reach(_SECRETS, "_purge_secret")(secret["Name"], secret)


def replicate(secret: Secret, regions: list[dict[str, Any]], overwrite: bool) -> None:
    """Give a secret replicas. Raises RefusedError as ReplicateSecretToRegions does."""
    asked = {"SecretId": secret["ARN"], "AddReplicaRegions": regions, "ForceOverwriteReplicaSecret": overwrite}
    status, _, body = reach(_SECRETS, "_replicate_secret_to_regions")(asked)
    if status >= 400:
        told = json.loads(body)
        raise RefusedError(told["__type"], told["message"])


def take_replicas_away(secret: Secret, regions: Collection[str]) -> None:
    """Delete the replicas of a secret in some regions."""
    gone = [status for status in secret["ReplicationStatus"] if status["Region"] in regions]
    reach(_SECRETS, "_delete_replicas")({**secret, "ReplicationStatus": gone})
    secret["ReplicationStatus"] = [status for status in secret["ReplicationStatus"] if status not in gone]


def sync(secret: Secret) -> None:
    """Let the replicas of a secret follow it."""
    reach(_SECRETS, "_sync_replicas")(secret)


for _name in (
    "_delete_replicas",
    "_purge_secret",
    "_replicate_secret_to_regions",
    "_resolve",
    "_store_new_secret",
    "_sync_replicas",
):
    reach(_SECRETS, _name)
