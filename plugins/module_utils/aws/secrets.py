"""Secrets Manager's dialect: a secret that holds one JSON map of strings (https://docs.aws.amazon.com/secretsmanager/)."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Optional

from botocore import exceptions

from ansible_collections.offramp.ecs.plugins.module_utils.aws import fault, session
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Missing, Refused

LARGEST = 65_536
"""Bytes that a secret may have (the quota of Secrets Manager)."""
OWNED_BY = "offramp:app"
"""The tag of secrets that are ours; its value is the Heroku app that the secret is copied from."""

_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
_LOOKS_LIKE_ARN = re.compile(r".*-[A-Za-z0-9]{6}")
_NAMED_IN_REPORT = 5
_QUOTABLE = 4
"""Characters from which on a value in a message is no coincidence."""


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
    """

    arn: str
    version: str
    content: Optional[Mapping[str, str]] = field(repr=False)
    oddity: str = ""
    owner: Optional[str] = None
    leaves_at: Optional[str] = None


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
                answer = self._api.get_secret_value(SecretId=name)
            except exceptions.ClientError as error:
                if fault.code_of(error) in ("ResourceNotFoundException", "InvalidRequestException"):
                    return self._described(name)
                raise
        content, oddity = _parsed(answer)
        return Secret(answer["ARN"], answer["VersionId"], content, oddity)

    def described(self, name: str, secret: Secret) -> Secret:
        """The same secret with its ownership and its deletion date; one more call, for those who mean to write."""
        found = self._described(name)
        if found is None:
            return secret
        return Secret(secret.arn, secret.version, secret.content, secret.oddity, found.owner, found.leaves_at)

    def content_of(self, name: str, version: str) -> Optional[dict[str, str]]:
        """The map that one version of the secret holds; None where the version is gone, or holds no map."""
        with fault.spoken(target_of(name)):
            try:
                answer = self._api.get_secret_value(SecretId=name, VersionId=version)
            except exceptions.ClientError as error:
                if fault.code_of(error) == "ResourceNotFoundException":
                    return None
                raise
        return _parsed(answer)[0]

    def create(self, name: str, content: Mapping[str, str], owner: str) -> None:
        """Make the secret, its first version and its tag in one call."""
        with fault.spoken(target_of(name)), _silent(content):
            self._api.create_secret(
                Name=name,
                Description=f"Configuration of {owner}, copied from Heroku by Offramp",
                SecretString=encoded(content),
                ClientRequestToken=self.token(name, "", content),
                Tags=[{"Key": OWNED_BY, "Value": owner}],
            )

    def put(self, name: str, arn: str, previous: str, content: Mapping[str, str]) -> None:
        """Make a new current version; the same call twice makes one version."""
        with fault.spoken(target_of(name)), _silent(content):
            self._api.put_secret_value(
                SecretId=arn, SecretString=encoded(content), ClientRequestToken=self.token(name, previous, content)
            )

    def _described(self, name: str) -> Optional[Secret]:
        with fault.spoken(target_of(name)):
            try:
                answer = self._api.describe_secret(SecretId=name)
            except exceptions.ClientError as error:
                if fault.code_of(error) == "ResourceNotFoundException":
                    return None
                raise
        tags = {tag["Key"]: tag["Value"] for tag in answer.get("Tags", [])}
        leaves = answer.get("DeletedDate")
        return Secret(answer["ARN"], "", None, "", tags.get(OWNED_BY), leaves and leaves.date().isoformat())

    def token(self, name: str, previous: str, content: Mapping[str, str]) -> str:
        """The id of the version that follows ``previous`` with this content.

        It names the version before, because a token that a version already has is ignored: going back to an earlier
        content must make a version again.
        """
        text = "\0".join([name, previous, encoded(content)])
        return hmac.new(self._token_key, text.encode(), hashlib.sha256).hexdigest()


def target_of(name: str) -> str:
    """The secret's name in sentences."""
    return f"secret {name}"


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


def check_content(name: str, content: Mapping[str, str]) -> None:
    """Refuse what a secret cannot hold.

    Raises:
        Refused: too large, with the size of each key; or a value that no environment can hold.
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
        return
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
        going = f"is scheduled for deletion on {secret.leaves_at}" if secret.leaves_at else ""
        raise Refused(
            f"The {target_of(name)} {going or f'holds {secret.oddity or "no value"} in place of a map of strings'}.",
            target=target_of(name),
            hint="Run playbooks/copy.yml for it, or name another secret.",
        )
    return secret.content


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
    if secret.owner != owner:
        whose = "has no tag" if secret.owner is None else f"has the value {secret.owner} in tag"
        raise Refused(
            f"The {target} exists and is not ours to write: it {whose} {OWNED_BY}.",
            target=target,
            hint=f"Choose another offramp_secret, or give the secret the tag {OWNED_BY}={owner}.",
        )
    if secret.oddity:
        raise Refused(
            f"The {target} holds {secret.oddity}, not a JSON map of strings.",
            target=target,
            hint="Choose another offramp_secret, or empty it to {} after you have kept what it holds.",
        )


@contextmanager
def _silent(content: Mapping[str, str]) -> Iterator[None]:
    """Cut AWS's message out of a failed write when it quotes any of the content, as validation errors can."""
    try:
        yield
    except exceptions.ClientError as error:
        told = error.response.get("Error", {})
        values = [encoded(content), *(value for value in content.values() if len(value) >= _QUOTABLE)]
        if any(value in str(told.get("Message", "")) for value in values):
            raise exceptions.ClientError(
                {**error.response, "Error": {**told, "Message": str(told.get("Code", ""))}}, error.operation_name
            ) from None
        raise


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
