"""Secrets Manager's dialect: a secret that holds one JSON map of strings (https://docs.aws.amazon.com/secretsmanager/)."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from botocore import exceptions

from ansible_collections.offramp.ecs.plugins.module_utils.aws import (
    definitions,
    fault,
    secret_settings,
    session,
    versions,
)
from ansible_collections.offramp.ecs.plugins.module_utils.aws.ecs import Call
from ansible_collections.offramp.ecs.plugins.module_utils.aws.secret_settings import OWNED_BY, Settings
from ansible_collections.offramp.ecs.plugins.module_utils.aws.secret_words import known_words, without_values
from ansible_collections.offramp.ecs.plugins.module_utils.aws.versions import Version
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Missing, Refused
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown

LARGEST = 65_536
"""Bytes that a secret may have (the quota of Secrets Manager)."""

_MADE_BY = "playbooks/copy.yml"
_VERSION_LIKE = "0" * hashlib.sha256().digest_size * 2
"""As long as the ids of our versions."""
_CANNOT_BE = "InvalidRequestException"
"""What a secret that will be deleted answers, and one whose KMS key is going."""
_NO_VALUE = ("ResourceNotFoundException", _CANNOT_BE)
_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
_LOOKS_LIKE_ARN = re.compile(r".*-[A-Za-z0-9]{6}")
_PAGE = 100
_NAMED_IN_REPORT = 5


@dataclass(frozen=True)
class Secret:
    """A secret as it is.

    Attributes:
        arn: the full ARN with its six characters.
        version: id of the current version; "" where the secret has none.
        content: the map, None where there is no value or ``oddity`` says that it is something else.
        oddity: what the secret holds in place of our map ("a plain string").
        owner: value of the ownership tag, None where it is not ours or was not looked up.
        leaves_at: when it will be deleted, None where it stays.
        settings: what it has besides, as far as it was looked up.
    """

    arn: str
    version: str
    content: Optional[Mapping[str, str]] = field(repr=False)
    oddity: str = ""
    owner: Optional[str] = None
    leaves_at: Optional[str] = None
    settings: Settings = field(default_factory=Settings)


class Secrets:
    """Reads and writes secrets through the door.

    Args:
        door: asked before each call.
        region: AWS region.
        token_key: keys the ids of versions, so that an id (which is no secret) tells nothing about the content.
    """

    def __init__(self, door: Door, region: str, token_key: str) -> None:
        self._api = session.client("secretsmanager", region=region, door=door)
        self._token_key = token_key.encode()

    def read(self, name: str) -> Optional[Secret]:
        """The secret with its content, by one call where all is well; None where there is none."""
        with fault.spoken(target_of(name)):
            try:
                answer = self._value(name)
            except exceptions.ClientError as error:
                if fault.code_of(error) not in _NO_VALUE:
                    raise
                found = self.about(name)
                if found is not None and found.leaves_at is None and fault.code_of(error) == _CANNOT_BE:
                    raise
                return found
        content, oddity = _parsed(answer)
        return Secret(answer["ARN"], answer["VersionId"], content, oddity)

    def content_at(self, name: str, version: str) -> Optional[dict[str, str]]:
        """The map that one version of the secret holds; None where the version is gone, or holds no map."""
        with fault.spoken(target_of(name)):
            try:
                answer = self._value(name, VersionId=version)
            except exceptions.ClientError as error:
                if fault.code_of(error) == "ResourceNotFoundException":
                    return None
                raise
        return _parsed(answer)[0]

    def about(self, name: str) -> Optional[Secret]:
        """The secret without its value: owner, deletion date and settings; None where there is none."""
        with fault.spoken(target_of(name)):
            try:
                answer = self._api.describe_secret(SecretId=name)
            except exceptions.ClientError as error:
                if fault.code_of(error) == "ResourceNotFoundException":
                    return None
                raise
        settings = secret_settings.described(answer)
        owner = (settings.tags or {}).get(OWNED_BY)
        leaves = answer.get("DeletedDate")
        return Secret(answer["ARN"], "", None, "", owner, leaves and leaves.date().isoformat(), settings)

    def described(self, name: str, secret: Secret, with_policy: bool = False) -> Secret:
        """The same secret with owner, deletion date and settings, for those who mean to write.

        One more call, and another for the resource policy.
        """
        found = self.about(name)
        if found is None:
            return secret
        policy = self._policy(name) if with_policy else None
        settings = replace(found.settings, policy=policy)
        return replace(found, version=secret.version, content=secret.content, oddity=secret.oddity, settings=settings)

    def versions(self, name: str) -> tuple[tuple[Version, ...], float]:
        """All versions, those without a label too, and the moment of the answer by AWS's clock."""
        found: list[Version] = []
        asked: dict[str, Any] = {"SecretId": name, "IncludeDeprecated": True, "MaxResults": _PAGE}
        while True:  # boto3 has no paginator for this one
            with fault.spoken(target_of(name)):
                answer = self._api.list_secret_version_ids(**asked)
            found += [
                Version(each["VersionId"], each["CreatedDate"].timestamp(), tuple(each.get("VersionStages", ())))
                for each in answer["Versions"]
            ]
            if not answer.get("NextToken"):
                return tuple(found), session.moment_of(answer)
            asked["NextToken"] = answer["NextToken"]

    def text(self, secret: str, needed_for: str) -> str:
        """The text of another secret, which ``needed_for`` refers to.

        Raises:
            Missing: there is no such secret, or it is going.
            Refused: it holds no text.
        """
        with fault.spoken(f"secret {secret}, which {needed_for} refers to"):
            try:
                answer = self._value(secret)
            except exceptions.ClientError as error:
                if fault.code_of(error) not in _NO_VALUE:
                    raise
                raise _unusable(secret, needed_for, "which is not there, has no value, or will be deleted") from error
        if "SecretString" not in answer:
            raise _unusable(secret, needed_for, "which holds binary data")
        return str(answer["SecretString"])

    def _value(self, secret: str, **version: str) -> dict[str, Any]:
        with known_words():
            return dict(self._api.get_secret_value(SecretId=secret, **version))

    def make(self, change: Change) -> None:
        """Make the call that a change holds as its payload; no such call holds a value."""
        call: Call = change.payload
        with fault.spoken(change.target):
            getattr(self._api, call.operation)(**call.arguments)

    def put(self, name: str, previous: str, content: Mapping[str, str], taken: Collection[str] = ()) -> None:
        """Make a new current version with a label of its own; the same call twice makes one version.

        Args:
            name: the secret.
            previous: the version that is current; "" where there is none.
            content: the map.
            taken: ids of all versions that there are.
        """
        token, text = self.token(name, previous, content, taken), encoded(content)
        with fault.spoken(target_of(name)), without_values(content, text):
            self._api.put_secret_value(
                SecretId=name,
                SecretString=text,
                ClientRequestToken=token,
                VersionStages=[versions.CURRENT, versions.label_of(token)],
            )

    def _policy(self, name: str) -> dict[str, Any]:
        """The resource policy; empty where there is none."""
        with fault.spoken(target_of(name)):
            text = self._api.get_resource_policy(SecretId=name).get("ResourcePolicy")
        return dict(json.loads(text)) if text else {}

    def token(self, name: str, previous: str, content: Mapping[str, str], taken: Collection[str] = ()) -> str:
        """The id of the version that follows ``previous`` with this content.

        It names the version before, because a token that a version already has is ignored: going back to an earlier
        content must make a version again. Where somebody moved AWSCURRENT back by hand, even the id that follows is
        ``taken``, and the next one in line is it.
        """
        text = "\0".join([name, previous, encoded(content)])
        while True:
            made = hmac.new(self._token_key, text.encode(), hashlib.sha256).hexdigest()
            if made not in taken:
                return made
            text += "\0"


def target_of(name: str) -> str:
    """The secret's name in sentences."""
    return f"secret {name}"


def arn_like(region: str, name: str) -> str:
    """As long as the ARN that a secret will have."""
    return f"arn:aws:secretsmanager:{region}:{'0' * 12}:secret:{name}-{'0' * 6}"


def encoded(content: Mapping[str, str]) -> str:
    """The map as the text that the secret holds: JSON with sorted keys, unicode as it is."""
    return json.dumps(dict(content), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def check_name(name: str) -> None:
    """Refuse a name that Secrets Manager, or whoever reads it by a partial ARN, takes for something else.

    Raises:
        BadInput: see above.
    """
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"{name!r} is no name for a secret.", hint="Use up to 512 letters, digits and the signs / _ + = . @ -"
        )
    if _LOOKS_LIKE_ARN.fullmatch(name):
        raise BadInput(
            f"The secret name {name} ends in '-' and six characters, like the end of an ARN: AWS can mistake it.",
            target=target_of(name),
            hint=f"Choose another name, for example {name}/config.",
        )


def coming(name: str, owner: str, settings: Settings) -> Secret:
    """A secret right after its creation, as a dry run knows it."""
    arn = Unknown(f"ARN of secret {name}", _MADE_BY)
    return Secret(arn, "", None, "", owner, None, secret_settings.created(owner, settings))


def rotated(name: str, secret: Secret, content: Mapping[str, str]) -> Secret:
    """A secret with a coming version of this content, as a dry run knows it; the same where that is no change."""
    if secret.content == content:
        return secret
    return replace(secret, version=Unknown(f"version of secret {name}", _MADE_BY), content=content)


def check_content(name: str, content: Mapping[str, str], arn: str) -> None:
    """Refuse what a secret, or a task definition that pins all of it by its ARN, cannot hold.

    Raises:
        Refused: too large, with the size of each key; too many keys; or a value that no environment can hold.
    """
    for key, value in sorted(content.items()):
        if "\0" in value or any(0xD800 <= ord(sign) <= 0xDFFF for sign in value):
            raise Refused(
                f"The value of {key} holds a character that no environment variable can hold (NUL or half a surrogate "
                "pair).",
                target=target_of(name),
                hint="Correct it at Heroku, or exclude the key.",
            )
    size = len(encoded(content).encode())
    if size <= LARGEST:
        pinned = definitions.Secrets(arn, _VERSION_LIKE, tuple(content))
        return definitions.check_references(pinned, target_of(name))
    sizes = {key: len(value.encode()) for key, value in content.items()}
    largest = sorted(sizes, key=lambda key: (-sizes[key], key))
    named = ", ".join(f"{key} {sizes[key]}" for key in largest[:_NAMED_IN_REPORT])
    raise Refused(
        f"The configuration has {size} bytes; a secret holds at most {LARGEST}. The largest values, in bytes: {named}.",
        target=target_of(name),
        hint="Exclude keys, or move large values to files or other secrets.",
        details={"sizes": {key: sizes[key] for key in largest}},
    )


def content_of(name: str, secret: Optional[Secret]) -> Mapping[str, str]:
    """The map that a secret holds, for those who cannot go on without it.

    Raises:
        Missing: there is no such secret.
        Refused: it will be deleted, or holds something else.
    """
    if secret is None:
        raise Missing(
            f"There is no {target_of(name)}.", target=target_of(name), hint="Run playbooks/copy.yml for it first."
        )
    if secret.content is None:
        holds = f"holds {secret.oddity or 'no value'} in place of a map of strings"
        state = f"is scheduled for deletion on {secret.leaves_at}" if secret.leaves_at else holds
        raise Refused(
            f"The {target_of(name)} {state}.",
            target=target_of(name),
            hint="Run playbooks/copy.yml for it, or name another secret.",
        )
    return secret.content


def check_owner(name: str, secret: Secret, owner: str) -> None:
    """Refuse a secret that is not ours.

    Raises:
        Refused: see above.
    """
    if secret.owner == owner:
        return
    whose = "has no tag" if secret.owner is None else f"has the value {secret.owner} in tag"
    raise Refused(
        f"The {target_of(name)} exists and is not ours to write: it {whose} {OWNED_BY}.",
        target=target_of(name),
        hint=f"Choose another offramp_secret, or give the secret the tag {OWNED_BY}={owner}.",
    )


def check_writable(name: str, secret: Secret, owner: str) -> None:
    """Refuse to write to a secret that is going, is not ours, or is not a map.

    Raises:
        Refused: see above.
    """
    target = target_of(name)
    if secret.leaves_at is not None:
        raise Refused(
            f"The {target} is scheduled for deletion on {secret.leaves_at}.",
            target=target,
            hint=f"Restore it (aws secretsmanager restore-secret --secret-id {name}) or choose another offramp_secret.",
        )
    check_owner(name, secret, owner)
    if secret.oddity:
        raise Refused(
            f"The {target} holds {secret.oddity}, not a JSON map of strings.",
            target=target,
            hint="Choose another offramp_secret, or empty it to {} after you have kept what it holds.",
        )


def _unusable(secret: str, needed_for: str, why: str) -> Missing:
    return Missing(
        f"{needed_for} refers to secret {secret}, {why}.",
        target=f"secret {secret}",
        hint=f"Make it, or correct the reference of {needed_for}.",
    )


def _parsed(answer: Mapping[str, Any]) -> tuple[Optional[dict[str, str]], str]:
    """(the map, "") or (None, what it is in place of a map); never the value itself in words."""
    text = answer.get("SecretString")
    if text is None:
        return None, "binary data" if answer.get("SecretBinary") else ""
    try:
        content = json.loads(text)
    except ValueError:
        return None, "a plain string"
    if not isinstance(content, dict):
        return None, "JSON that is no map"
    if not all(isinstance(value, str) for value in content.values()):
        return None, "a JSON map with values that are no strings"
    return content, ""
