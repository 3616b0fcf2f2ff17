"""Secrets Manager: what AWS refuses and ministack accepts, and versions with AWS's tokens, labels and lifetimes.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html and the API reference.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from typing import Any

from rehearsal.aws.adapters import secrets
from rehearsal.aws.adapters.secrets import Secret
from rehearsal.aws.errors import RefusedError
from rehearsal.aws.request import AwsRequest
from rehearsal.aws.service import Parameters, Service

LARGEST = 65_536
"""Bytes of a secret's value."""
MOST_LABELS = 20
"""Staging labels attached across all versions of a secret."""
MOST_YOUNG = 100
"""Versions that may be younger than :data:`YOUNG_S`."""
UNLABELLED_KEPT = 100
"""Versions without a label that stay, the newest; a test that sets this and YOUNG_S to 0 has them dropped at once."""
YOUNG_S = 24 * 60 * 60
"""Seconds for which a version is never dropped."""
_NAME = re.compile(r"[\w/+=.@-]{1,512}", re.ASCII)
_FULL_ARN = re.compile(r"arn:[^:]+:secretsmanager:[^:]+:\d{12}:secret:.+-[A-Za-z0-9]{6}")
_CURRENT, _PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"


def service() -> Service:
    """The service with its refusals and its own answers."""
    manager = Service("secretsmanager")
    manager.refuses("CreateSecret", "PutSecretValue", "UpdateSecret")(_fits)
    manager.refuses("CreateSecret")(_may_be_created)
    manager.refuses("PutSecretValue", "UpdateSecret")(_token_is_free)
    manager.refuses("PutSecretValue", "UpdateSecretVersionStage")(_few_labels)
    manager.refuses("UpdateSecretVersionStage")(_current_stays)
    manager.refuses("DeleteSecret")(_has_no_replicas)
    manager.refuses("PutResourcePolicy")(_is_a_policy)
    manager.refuses("GetSecretValue")(_one_version)
    manager.refuses(*_BY_ID)(_whole_arn)
    manager.own["CreateSecret"] = _create
    manager.own["ListSecretVersionIds"] = _list_versions
    manager.own["PutSecretValue"] = _put
    manager.own["RemoveRegionsFromReplication"] = _take_replicas_away
    manager.own["UpdateSecret"] = _update
    manager.consequences.append(_drop_after)
    return manager


_BY_ID = (
    "DeleteSecret",
    "DescribeSecret",
    "GetSecretValue",
    "ListSecretVersionIds",
    "PutSecretValue",
    "RemoveRegionsFromReplication",
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


def _create(parameters: Parameters) -> Parameters | None:
    """A secret without a value has no version; the first version is called by the client's token."""
    if secrets.find(parameters["Name"]) is not None:
        return None
    made = secrets.store(parameters)
    version = _add(made, parameters, [_CURRENT]) if _has_value(parameters) else None
    try:
        overwrite = bool(parameters.get("ForceOverwriteReplicaSecret"))
        secrets.replicate(made, parameters.get("AddReplicaRegions") or [], overwrite)
    except RefusedError:
        secrets.forget(made)
        raise
    told = {"ARN": made["ARN"], "Name": made["Name"], "ReplicationStatus": made["ReplicationStatus"]}
    return told if version is None else {**told, "VersionId": version}


def _put(parameters: Parameters) -> Parameters | None:
    """A new version with its labels. The same token with the same value is answered and changes nothing."""
    found, version = _version(parameters)
    if found is None or not _may_be_written(found):
        return None
    told = {"ARN": found["ARN"], "Name": found["Name"]}
    if version is not None:
        return {**told, "VersionId": parameters["ClientRequestToken"], "VersionStages": list(version["Stages"])}
    made = _add(found, parameters, parameters.get("VersionStages") or [_CURRENT])
    return {**told, "VersionId": made, "VersionStages": list(found["Versions"][made]["Stages"])}


def _update(parameters: Parameters) -> Parameters | None:
    """A new value makes a version as PutSecretValue does."""
    found = secrets.find(parameters["SecretId"])
    if found is None or not _may_be_written(found) or not _has_value(parameters):
        return None
    found.update({name: parameters[name] for name in ("Description", "KmsKeyId") if name in parameters})
    told = _put({name: value for name, value in parameters.items() if name != "VersionStages"}) or {}
    return {name: value for name, value in told.items() if name != "VersionStages"}


def _may_be_written(found: Secret) -> bool:
    return not found.get("DeletedDate") and not found.get("_PrimarySecretArn")


def _has_value(parameters: Parameters) -> bool:
    return any(parameters.get(name) is not None for name in ("SecretString", "SecretBinary"))


def _add(found: Secret, parameters: Parameters, labels: list[str]) -> str:
    now, versions = time.time(), found["Versions"]
    young = [version for version in versions.values() if now - version["CreatedDate"] < YOUNG_S]
    if len(young) >= MOST_YOUNG:
        raise RefusedError(
            "LimitExceededException", f"You have reached the quota of {MOST_YOUNG} versions for the secret."
        )
    made = str(parameters.get("ClientRequestToken") or uuid.uuid4())
    value = {name: parameters.get(name) for name in ("SecretString", "SecretBinary")}
    asked = labels if versions else [*labels, _CURRENT]  # the first version is always the current one
    versions[made] = {**value, "CreatedDate": now, "Stages": []}
    for label in dict.fromkeys(asked):
        _move(found, label, made)
    _drop(found, now)
    found["LastChangedDate"] = int(now)
    secrets.sync(found)
    return made


def _move(found: Secret, label: str, to: str) -> None:
    """Attach a label to a version; the version that was current is the previous one now."""
    holders = [version for id_, version in found["Versions"].items() if label in version["Stages"] and id_ != to]
    for holder in holders:
        holder["Stages"] = [each for each in holder["Stages"] if each != label]
    found["Versions"][to]["Stages"].append(label)
    for id_, version in list(found["Versions"].items()):
        if label == _CURRENT and version in holders:
            _move(found, _PREVIOUS, id_)


def _drop(found: Secret, now: float) -> None:
    """Let go of versions that nothing labels: beyond the newest ones, and none that is young."""
    versions = found["Versions"]
    bare = sorted(
        (id_ for id_ in versions if not versions[id_]["Stages"]), key=lambda id_: -versions[id_]["CreatedDate"]
    )
    for id_ in bare[UNLABELLED_KEPT:]:
        if now - versions[id_]["CreatedDate"] >= YOUNG_S:
            del versions[id_]


def _drop_after(request: AwsRequest) -> None:
    found = secrets.find(str(request.parameters.get("SecretId", "")))
    if found is not None:
        _drop(found, time.time())


def _list_versions(parameters: Parameters) -> Parameters | None:
    """Versions without a label are told only to those who ask for them."""
    found = secrets.find(parameters["SecretId"])
    if found is None:
        return None
    everything = bool(parameters.get("IncludeDeprecated"))
    ids = sorted(id_ for id_, version in found["Versions"].items() if version["Stages"] or everything)
    start = int(parameters.get("NextToken") or 0)
    end = start + int(parameters.get("MaxResults") or 100)
    rows = [
        {"VersionId": id_, "VersionStages": list(version["Stages"]), "CreatedDate": version["CreatedDate"]}
        for id_, version in ((id_, found["Versions"][id_]) for id_ in ids[start:end])
    ]
    more = {"NextToken": str(end)} if end < len(ids) else {}
    return {"ARN": found["ARN"], "Name": found["Name"], "Versions": rows, **more}


def _take_replicas_away(parameters: Parameters) -> Parameters:
    found = secrets.find(parameters["SecretId"])
    if found is None:
        raise RefusedError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    secrets.take_replicas_away(found, parameters["RemoveReplicaRegions"])
    return {"ARN": found["ARN"], "ReplicationStatus": found["ReplicationStatus"]}


def _current_stays(parameters: Parameters) -> None:
    if parameters["VersionStage"] == _CURRENT and not parameters.get("MoveToVersionId"):
        raise RefusedError(
            "InvalidParameterException",
            "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.",
        )


def _has_no_replicas(parameters: Parameters) -> None:
    found = secrets.find(parameters["SecretId"])
    regions = [status["Region"] for status in found["ReplicationStatus"]] if found else []
    if regions:
        raise RefusedError(
            "InvalidRequestException",
            f"You can't delete secret {parameters['SecretId']} that still has replica regions {', '.join(regions)}.",
        )


def _is_a_policy(parameters: Parameters) -> None:
    try:
        statements = json.loads(parameters["ResourcePolicy"])["Statement"]
    except (ValueError, KeyError, TypeError):
        statements = []
    if not statements:
        raise RefusedError("MalformedPolicyDocumentException", "This resource policy contains a syntax error.")


def _few_labels(parameters: Parameters) -> None:
    asked = set(parameters.get("VersionStages") or [parameters.get("VersionStage", "AWSCURRENT")])
    found = secrets.find(parameters["SecretId"])
    attached = {label for version in found["Versions"].values() for label in version["Stages"]} if found else set()
    if _CURRENT in asked & attached:
        asked.add(_PREVIOUS)
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
