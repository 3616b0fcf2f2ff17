"""Which of AWS's words about a secret may be repeated: our refusals quote no value, whatever an answer quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from botocore import exceptions

from ansible_collections.offramp.ecs.plugins.module_utils.engine.blot import Blotter

_QUOTABLE = 4
"""Characters from which on a value in a message is no coincidence."""
_ABOUT = r"[\w:/+=.@*-]+"
_PLACE = rf"( value for (staging label|VersionId): {_ABOUT})?"
_WHY = rf"( because no [a-z-]+ policy allows the {_ABOUT} action| with an explicit deny( in an? [a-z-]+ policy)?)?"
_KNOWN = re.compile(
    "|".join(
        [
            "Rate exceeded",
            "Secrets Manager can't find the (specified secret|resource that you asked for)" + _PLACE,
            "Secrets Manager can't decrypt the protected secret text( using the provided KMS key)?",
            "Access to KMS is not allowed",
            "You can't perform this operation on the secret because it was (marked|scheduled) for deletion",
            f"User: {_ABOUT} is not authorized to perform: {_ABOUT}( on resource: {_ABOUT})?" + _WHY,
        ]
    )
)
"""What AWS is known to say when it does not give a value; all else is told by its code alone."""


@contextmanager
def known_words() -> Iterator[None]:
    """For calls whose answer holds values not known yet: a refusal keeps only words that AWS is known to say."""
    try:
        yield
    except exceptions.ClientError as error:
        if _KNOWN.fullmatch(_message(error).strip().rstrip(".")):
            raise
        raise _wordless(error) from None


@contextmanager
def without_values(content: Mapping[str, str], sent: str) -> Iterator[None]:
    """For calls that send values: a refusal that quotes any of them, as validation errors can, loses its words.

    Args:
        content: the values, by their keys.
        sent: the text that holds them all.
    """
    try:
        yield
    except exceptions.ClientError as error:
        if _quotes(_message(error), content, sent):
            raise _wordless(error) from None
        raise


def _message(error: exceptions.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", ""))


def _wordless(error: exceptions.ClientError) -> exceptions.ClientError:
    told = error.response.get("Error", {})
    return exceptions.ClientError(
        {**error.response, "Error": {**told, "Message": str(told.get("Code", ""))}}, error.operation_name
    )


def _quotes(message: str, content: Mapping[str, str], sent: str) -> bool:
    values = [sent, *(value for value in content.values() if len(value) >= _QUOTABLE)]
    return any(value in message for value in values) or Blotter(content).blot(message) != message
