"""References to other secrets, as an inventory writes them."""

from __future__ import annotations

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws import references
from ansible_collections.offramp.ecs.plugins.module_utils.aws.references import Reference
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Refused

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/redis-AbCdEf"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("prod/redis", Reference("prod/redis", "")),
        ("prod/redis:url", Reference("prod/redis", "url")),
        ("prod/redis:a:b", Reference("prod/redis", "a:b")),
        (ARN, Reference(ARN, "")),
        (f"{ARN}:url", Reference(ARN, "url")),
        (f"{ARN}:a:b", Reference(ARN, "a:b")),
    ],
)
def test_a_reference_is_a_secret_and_a_key(text: str, found: Reference) -> None:
    assert references.parse("NAME", text) == found


@pytest.mark.parametrize("text", ["", ":url", "prod/redis:", f"{ARN}:", "arn:aws:secretsmanager:eu-west-1"])
def test_what_names_no_secret_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="which names no secret"):
        references.parse("NAME", text)


class Shelf:
    """Secrets by name, and which of them were read."""

    def __init__(self, **texts: str) -> None:
        self.texts, self.read = texts, [""][:0]

    def text(self, secret: str, needed_for: str) -> str:
        self.read.append(f"{secret} for {needed_for}")
        return self.texts[secret]


def test_each_secret_is_read_once_and_its_text_is_taken_as_it_is() -> None:
    shelf = Shelf(one='{"a": "1", "b": ""}', two=' {"a" : 1}\n')
    asked = {"A": Reference("one", "a"), "B": Reference("one", "b"), "C": Reference("two", "")}
    assert references.read(shelf, asked) == {"A": "1", "B": "", "C": ' {"a" : 1}\n'}
    assert shelf.read == ["one for A", "two for C"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("value-of-text", "which A refers to, is no JSON map, so it has no key k"),
        ('["value-of-list"]', "is no JSON map"),
        ('{"value-of-other": "x"}', "A refers to the key k of the secret s, which is not in it"),
        ('{"k": 6379}', "the key k of the secret s, whose value is no text"),
        ('{"k": null}', "whose value is no text"),
    ],
)
def test_keys_that_are_not_there_are_told_without_what_is(text: str, said: str) -> None:
    with pytest.raises(Refused) as caught:
        references.read(Shelf(s=text), {"A": Reference("s", "k")})
    assert said in caught.value.sentence()
    assert "value-of" not in caught.value.sentence()
    assert "6379" not in caught.value.sentence()
