"""Secrets Manager: what AWS refuses and ministack accepts, and client tokens that make writes idempotent.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html and the API reference.
"""

from __future__ import annotations

import re
from typing import Any

from rehearsal.aws.adapters import secrets
from rehearsal.aws.adapters.reach import Patches
from rehearsal.aws.errors import RefusedError
from rehearsal.aws.service import Parameters, Service

LARGEST = 65_536
"""Bytes of a secret's value."""
MOST_LABELS = 20
"""Staging labels attached across all versions of a secret."""
_NAME = re.compile(r"[\w/+=.@-]{1,512}", re.ASCII)
_FULL_ARN = re.compile(r"arn:[^:]+:secretsmanager:[^:]+:\d{12}:secret:.+-[A-Za-z0-9]{6}")


def service(patches: Patches) -> Service:
    """The service with its refusals."""
    secrets.move_labels(patches)
    manager = Service("secretsmanager")
    manager.refuses("CreateSecret", "PutSecretValue", "UpdateSecret")(_fits)
    manager.refuses("CreateSecret")(_may_be_created)
    manager.refuses("PutSecretValue", "UpdateSecret")(_token_is_free)
    manager.refuses("PutSecretValue", "UpdateSecretVersionStage")(_few_labels)
    manager.refuses("GetSecretValue")(_one_version)
    manager.refuses(*_BY_ID)(_whole_arn)
    manager.own["PutSecretValue"] = _put_before
    return manager


_BY_ID = (
    "DeleteSecret",
    "DescribeSecret",
    "GetSecretValue",
    "ListSecretVersionIds",
    "PutSecretValue",
    "RestoreSecret",
    "UpdateSecret",
    "UpdateSecretVersionStage",
)


def _fits(parameters: Parameters) -> None:
    value = parameters.get("SecretString")
    if value is None:
        return
    if len(value.encode()) > LARGEST:
        raise _bad_length(f"less than or equal to {LARGEST}")
    if not value:
        raise _bad_length("greater than or equal to 1")


def _bad_length(wanted: str) -> RefusedError:
    return RefusedError(
        "ValidationException",
        "1 validation error detected: Value at 'secretString' failed to satisfy constraint: "
        f"Member must have length {wanted}",
    )


def _may_be_created(parameters: Parameters) -> None:
    name = parameters["Name"]
    if not _NAME.fullmatch(name):
        raise RefusedError(
            "ValidationException",
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
        )
    found = secrets.find(name)
    if found is not None and found.get("DeletedDate"):
        raise RefusedError(
            "InvalidRequestException",
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
        )


def _version(parameters: Parameters) -> tuple[Any, Any]:
    """The secret and its version that the client's token names; None for what is not there."""
    found = secrets.find(parameters["SecretId"])
    token = parameters.get("ClientRequestToken")
    return found, found["Versions"].get(token) if found is not None and token else None


def _same(version: Any, parameters: Parameters) -> bool:
    values = ("SecretString", "SecretBinary")
    return all((version.get(name) or None) == (parameters.get(name) or None) for name in values)


def _token_is_free(parameters: Parameters) -> None:
    found, version = _version(parameters)
    if version is not None and not found.get("DeletedDate") and not _same(version, parameters):
        raise RefusedError(
            "ResourceExistsException",
            f"You can't use ClientRequestToken {parameters['ClientRequestToken']} because that value is already in use "
            f"for a version of secret {found['ARN']}.",
        )


def _put_before(parameters: Parameters) -> Parameters | None:
    """Idempotency: the same token with the same value is answered and changes nothing."""
    found, version = _version(parameters)
    if version is None or found.get("DeletedDate"):
        return None
    return {
        "ARN": found["ARN"],
        "Name": found["Name"],
        "VersionId": parameters["ClientRequestToken"],
        "VersionStages": list(version["Stages"]),
    }


def _few_labels(parameters: Parameters) -> None:
    asked = set(parameters.get("VersionStages") or [parameters.get("VersionStage", "AWSCURRENT")])
    found = secrets.find(parameters["SecretId"])
    attached = {label for version in found["Versions"].values() for label in version["Stages"]} if found else set()
    if len(asked | attached) > MOST_LABELS:
        raise RefusedError(
            "LimitExceededException",
            f"The request failed because it would exceed the limit of {MOST_LABELS} staging labels of a secret.",
        )


def _one_version(parameters: Parameters) -> None:
    found = secrets.find(parameters["SecretId"])
    version, stage = parameters.get("VersionId"), parameters.get("VersionStage")
    if found and version and stage and stage not in found["Versions"].get(version, {"Stages": [stage]})["Stages"]:
        raise RefusedError(
            "InvalidRequestException",
            "You provided a VersionStage that is not associated to the provided VersionId.",
        )


def _whole_arn(parameters: Parameters) -> None:
    """A partial ARN whose name ends in a hyphen and six characters is read as a whole one, and finds nothing."""
    asked = parameters["SecretId"]
    found = secrets.find(asked)
    if found is None or not asked.startswith("arn:") or asked == found["ARN"]:
        return
    if _FULL_ARN.fullmatch(asked) or asked.rpartition(":secret:")[2] != found["Name"]:
        raise RefusedError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
