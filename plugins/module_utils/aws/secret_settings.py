"""What a secret has besides its value: KMS key, replicas, resource policy and tags. Only what is given is looked at."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws.ecs import Call
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import Options

Json = dict[str, Any]

OPTIONS: Options = {
    "kms_key": {"type": "str", "no_log": False},
    "replicas": {
        "type": "list",
        "elements": "dict",
        "options": {"region": {"type": "str", "required": True}, "kms_key": {"type": "str", "no_log": False}},
    },
    "policy": {"type": "dict"},
    "tags": {"type": "dict"},
}
"""The settings as a module's options. None, the default of each, leaves a setting as it is."""
OWNED_BY = "offramp:app"
"""The tag of secrets that are ours; its value is the Heroku app that the secret is copied from."""
_AWS_KEY = "alias/aws/secretsmanager"
"""The key that AWS has for Secrets Manager, which DescribeSecret does not mention."""


@dataclass(frozen=True)
class Settings:
    """The settings, wanted or found; None where nothing is wanted, or where nobody looked.

    Attributes:
        kms_key: as :func:`key_of` has it; "" is AWS's own key for Secrets Manager.
        replicas: region -> KMS key there.
        policy: the resource policy; empty for none.
        tags: those that are wanted, or all that were found.
    """

    kms_key: Optional[str] = None
    replicas: Optional[Mapping[str, str]] = None
    policy: Optional[Mapping[str, Any]] = None
    tags: Optional[Mapping[str, str]] = None

    @property
    def given(self) -> bool:
        """Whether there is anything to look at."""
        return any(part is not None for part in (self.kms_key, self.replicas, self.policy, self.tags))


def wanted(params: Mapping[str, Any]) -> Settings:
    """The settings that a module's :data:`OPTIONS` give.

    Raises:
        BadInput: a replica in the secret's own region or twice in one, or a tag that is not theirs to set.
    """
    replicas = params["replicas"]
    regions = [each["region"] for each in replicas or ()]
    twice = sorted({region for region in regions if regions.count(region) > 1 or region == params["region"]})
    if twice:
        raise BadInput(
            f"The secret would be in region {twice[0]} twice.", target=twice[0], hint="Take one out of replicas."
        )
    tags = params["tags"]
    odd = [key for key, value in (tags or {}).items() if key == OWNED_BY or not isinstance(value, str)]
    if odd:
        raise BadInput(
            f"The tag {odd[0]} cannot be set: it is ours, or its value is no text.",
            target=str(odd[0]),
            hint=f"Leave {OWNED_BY} out of tags, and write numbers in quotes.",
        )
    keys = None if replicas is None else {each["region"]: each.get("kms_key") or "" for each in replicas}
    return Settings(params["kms_key"], keys, params["policy"], tags)


def described(answer: Mapping[str, Any]) -> Settings:
    """What DescribeSecret says. A replica that failed counts as none, so that it is tried again."""
    status = answer.get("ReplicationStatus") or ()
    replicas = {each["Region"]: each.get("KmsKeyId") or "" for each in status if each.get("Status") != "Failed"}
    tags = {tag["Key"]: tag["Value"] for tag in answer.get("Tags", ())}
    return Settings(answer.get("KmsKeyId") or "", replicas, None, tags)


def creation(name: str, owner: str, want: Settings) -> list[Change]:
    """Making a secret that has its settings from its first moment on, and no value yet."""
    tags = {**(want.tags or {}), OWNED_BY: owner}
    arguments: Json = {
        "Name": name,
        "Description": f"Configuration of {owner}, copied from Heroku by Offramp",
        "Tags": _as_tags(tags),
    }
    if want.kms_key:
        arguments["KmsKeyId"] = want.kms_key
    if want.replicas:
        arguments["AddReplicaRegions"] = [_as_replica(*each) for each in sorted(want.replicas.items())]
    shown = {"kms key": want.kms_key or _AWS_KEY, "replicas": sorted(want.replicas or ()), "tags": tags}
    made = Change("create", f"secret {name}", None, shown, Call("create_secret", arguments))
    return [made, *plan(name, created(owner, want), want)]


def created(owner: str, want: Settings) -> Settings:
    """The settings of a secret right after its :func:`creation`; a resource policy is a call of its own."""
    return Settings(want.kms_key or "", want.replicas or {}, {}, {**(want.tags or {}), OWNED_BY: owner})


def plan(name: str, have: Settings, want: Settings) -> list[Change]:
    """What differs of the settings that are wanted, each a change of its own."""
    changes = [*_key(name, have, want), *_replicas(name, have, want), *_policy(name, have, want)]
    tags = {key: value for key, value in (want.tags or {}).items() if (have.tags or {}).get(key) != value}
    if tags:
        before = {key: value for key, value in (have.tags or {}).items() if key in tags} or None
        call = Call("tag_resource", {"SecretId": name, "Tags": _as_tags(tags)})
        changes.append(Change("update", f"tags of secret {name}", before, tags, call))
    return changes


def foreseen(have: Settings, want: Settings) -> Settings:
    """The settings once the plan is done."""
    tags = {**(have.tags or {}), **(want.tags or {})}
    given = {name: part for name, part in vars(want).items() if part is not None}
    return replace(have, **{**given, "tags": tags})


def removals(name: str, regions: Sequence[str]) -> list[Change]:
    """Taking replicas away, one by one."""
    return [
        Change(
            "delete",
            f"replica in {region} of secret {name}",
            region,
            None,
            Call("remove_regions_from_replication", {"SecretId": name, "RemoveReplicaRegions": [region]}),
        )
        for region in regions
    ]


def key_of(text: str) -> str:
    """A KMS key as comparable text: "key/ID" or "alias/NAME", for an id and an ARN alike; "" for AWS's own."""
    last = text.rpartition(":")[2] if text.startswith("arn:") else text
    if last == _AWS_KEY:
        return ""
    return last if "/" in last or not last else f"key/{last}"


def _key(name: str, have: Settings, want: Settings) -> list[Change]:
    if want.kms_key is None or key_of(want.kms_key) == key_of(have.kms_key or ""):
        return []
    key = want.kms_key or _AWS_KEY
    call = Call("update_secret", {"SecretId": name, "KmsKeyId": key})
    return [Change("update", f"KMS key of secret {name}", have.kms_key or _AWS_KEY, key, call)]


def _replicas(name: str, have: Settings, want: Settings) -> list[Change]:
    """A replica's key cannot be changed: it goes, and comes again."""
    if want.replicas is None:
        return []
    there, asked = dict(have.replicas or {}), dict(want.replicas)
    stay = {region for region in there if region in asked and key_of(there[region]) == key_of(asked[region])}
    added = [
        Change(
            "create",
            f"replica in {region} of secret {name}",
            None,
            {"kms key": asked[region] or _AWS_KEY},
            Call(
                "replicate_secret_to_regions",
                {"SecretId": name, "AddReplicaRegions": [_as_replica(region, asked[region])]},
            ),
        )
        for region in sorted(set(asked) - stay)
    ]
    return [*removals(name, sorted(set(there) - stay)), *added]


def _policy(name: str, have: Settings, want: Settings) -> list[Change]:
    if want.policy is None or want.policy == (have.policy or {}):
        return []
    target = f"resource policy of secret {name}"
    if not want.policy:
        return [Change("delete", target, have.policy, None, Call("delete_resource_policy", {"SecretId": name}))]
    text = json.dumps(want.policy, sort_keys=True)
    call = Call("put_resource_policy", {"SecretId": name, "ResourcePolicy": text, "BlockPublicPolicy": True})
    return [Change("update" if have.policy else "create", target, have.policy or None, want.policy, call)]


def _as_tags(tags: Mapping[str, str]) -> list[Json]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _as_replica(region: str, key: str) -> Json:
    return {"Region": region, **({"KmsKeyId": key} if key else {})}
