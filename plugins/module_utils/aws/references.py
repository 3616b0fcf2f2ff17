"""References to other secrets of Secrets Manager, and the values that they stand for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Refused

_COLONS_IN_ARN = 6


@dataclass(frozen=True)
class Reference:
    """Where a value is: a secret by name or full ARN, and a key of its JSON map ("" for all of its text)."""

    secret: str
    key: str


class Reader(Protocol):
    """Who reads the text of a secret."""

    def text(self, secret: str, needed_for: str) -> str:
        """The text of a secret's current version."""


def parse(name: str, text: str) -> Reference:
    """What an inventory writes for a name: "secret name or full ARN[:json key]".

    Raises:
        BadInput: it names no secret.
    """
    colons = _COLONS_IN_ARN if text.startswith("arn:") else 0
    parts = text.split(":", colons + 1)
    secret, rest = ":".join(parts[: colons + 1]), parts[colons + 1 :]
    if not secret or rest == [""] or len(parts) <= colons:
        raise BadInput(
            f"references gives {name} {text!r}, which names no secret.",
            target=name,
            hint="Write the name or the full ARN of a secret, and :KEY after it where the secret is a map.",
        )
    return Reference(secret, rest[0] if rest else "")


def read(api: Reader, references: Mapping[str, Reference]) -> dict[str, str]:
    """Name -> value, with one read of each secret.

    Raises:
        OfframpError: a secret cannot be read, or has no such key.
    """
    texts: dict[str, str] = {}
    for name, reference in references.items():
        if reference.secret not in texts:
            texts[reference.secret] = api.text(reference.secret, name)
    return {name: _picked(name, reference, texts[reference.secret]) for name, reference in references.items()}


def _picked(name: str, reference: Reference, text: str) -> str:
    if not reference.key:
        return text
    target = f"secret {reference.secret}"
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise Refused(
            f"The {target}, which {name} refers to, is no JSON map, so it has no key {reference.key}.",
            target=target,
            hint=f"Refer to {reference.secret} without a key, or correct the secret.",
        )
    value = content.get(reference.key)
    if not isinstance(value, str):
        why = "whose value is no text" if reference.key in content else "which is not in it"
        raise Refused(
            f"{name} refers to the key {reference.key} of the {target}, {why}.",
            target=target,
            hint="Correct the reference or the secret.",
        )
    return value
