"""ministack's Secrets Manager, read where the refusals need it, and taught to move staging labels."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.aws.adapters.reach import Patches, reach
from rehearsal.aws.adapters.server import Answer

_SECRETS = "ministack.services.secretsmanager"


def find(secret_id: str) -> dict[str, Any] | None:
    """A secret of the current account and region by name, ARN or partial ARN (its "Versions" by id), or None."""
    found: dict[str, Any] | None = reach(_SECRETS, "_resolve")(secret_id)[1]
    return found


def move_labels(patches: Patches) -> None:
    """Let PutSecretValue attach every label that is asked for, and take it from the version that had it.

    ministack forgets the others beside AWSCURRENT, and leaves a label on both versions. As the API reference says of
    VersionStages.
    """

    def put(parameters: dict[str, Any]) -> Answer:
        status, headers, body = before(parameters)
        asked = parameters.get("VersionStages") or ["AWSCURRENT"]
        if status >= 300:
            return status, headers, body
        told = json.loads(body)
        versions = (find(parameters["SecretId"]) or {})["Versions"]
        for version in versions.values():
            version["Stages"] = [label for label in version["Stages"] if label not in asked]
        versions[told["VersionId"]]["Stages"] = list(asked)
        return status, headers, json.dumps({**told, "VersionStages": list(asked)}).encode()

    before = patches.attribute(_SECRETS, "_put_secret_value", put)


reach(_SECRETS, "_resolve")
