"""What a secret may be called, hold, and be written over by whom."""

from __future__ import annotations

import json

import pytest
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.offramp.ecs.plugins.module_utils.aws import secrets
from ansible_collections.offramp.ecs.plugins.module_utils.aws.secrets import Secret, Secrets
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, OfframpError, Refused

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize("name", ["production/bond-server", "a-123456", "a/-ABCdef", "a b", "", "a" * 513, "ä", "a:b"])
def test_names_that_aws_mistakes_are_refused(name: str) -> None:
    with pytest.raises(BadInput):
        secrets.check_name(name)


@pytest.mark.parametrize("name", ["production/bond-server/config", "bond-12345", "bond-1234567", "a-b_c_de.f", "bond"])
def test_other_names_are_taken(name: str) -> None:
    secrets.check_name(name)


@given(st.dictionaries(TEXT, TEXT))
def test_a_map_survives_its_encoding(content: dict[str, str]) -> None:
    assert json.loads(secrets.encoded(content)) == content
    assert secrets.encoded(dict(reversed(content.items()))) == secrets.encoded(content)


@pytest.mark.parametrize("value", ["a\0b", "\ud800", "ok \udfff"])
def test_values_that_no_environment_can_hold_are_refused_unquoted(value: str) -> None:
    with pytest.raises(Refused, match="The value of KEY holds a character") as caught:
        secrets.check_content("n", {"KEY": value}, "arn")
    assert value not in caught.value.sentence()


@pytest.mark.parametrize(("letters", "fits"), [(65_528, True), (65_529, False)])
def test_the_limit_is_of_bytes_as_they_are_sent(letters: int, fits: bool) -> None:
    content = {"K": "x" * letters}
    assert (len(secrets.encoded(content)) <= secrets.LARGEST) == fits
    if fits:
        secrets.check_content("n", content, "arn")
    else:
        with pytest.raises(Refused, match="has 65537 bytes"):
            secrets.check_content("n", content, "arn")


OURS = Secret("arn", "v1", {}, "", "bond")


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        (Secret("arn", "v1", {}, "", None), "it has no tag offramp:app"),
        (Secret("arn", "v1", {}, "", "other"), "it has the value other in tag"),
        (Secret("arn", "", None, "", "bond", "2026-11-30"), "scheduled for deletion on 2026-11-30"),
        (Secret("arn", "v1", None, "binary data", "bond"), "holds binary data"),
    ],
)
def test_secrets_that_are_not_ours_to_write_are_refused(secret: Secret, words: str) -> None:
    with pytest.raises(Refused, match=words):
        secrets.check_writable("n", secret, "bond")
    secrets.check_writable("n", OURS, "bond")


def test_no_content_is_in_the_words_of_a_secret() -> None:
    assert "value" not in repr(Secret("arn", "v1", {"KEY": "value"}))


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        ("ValidationException", "Value 'value-of-a' at 'secretString' is bad", "(ValidationException|: Valid)"),
        ("ValidationException", 'Value \'{"A":"value-of-a","B":"1"}\' is bad', "ValidationException"),
        ("EncryptionFailure", "The key is disabled", "The key is disabled"),
        ("AccessDeniedException", "You may not", "You may not"),
        ("LimitExceededException", "Too many versions of 1", "Too many versions"),
    ],
)
def test_a_failed_write_quotes_no_value(monkeypatch: pytest.MonkeyPatch, code: str, message: str, said: str) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
    made = Secrets(Door(shut=False, ordered_by="test"), "eu-west-1", "k")
    stub = Stubber(made._api)
    stub.add_client_error("put_secret_value", code, message)
    content = {"A": "value-of-a", "B": "1"}
    with stub, pytest.raises(OfframpError, match=said) as caught:
        made.put("n", "v1", content)
    assert "value-of" not in caught.value.sentence()
    assert "secret n" in caught.value.sentence()


def token(key: str = "k", name: str = "n", previous: str = "v1", content: dict[str, str] | None = None) -> str:
    made = Secrets(Door(shut=True, ordered_by="test"), "eu-west-1", key)
    return made.token(name, previous, {"A": "1"} if content is None else content)


def test_the_id_of_a_version_tells_one_change_from_another() -> None:
    others = [token("other"), token(name="m"), token(previous="v2"), token(content={}), token(content={"A": "2"})]
    assert len({token(), *others}) == 6
    assert token() == token()
    assert 32 <= len(token()) <= 64  # what Secrets Manager takes


def test_an_id_that_is_taken_is_followed_by_the_next_in_line() -> None:
    made = Secrets(Door(shut=True, ordered_by="test"), "eu-west-1", "k")
    ids = [made.token("n", "v1", {"A": "1"})]
    for _ in range(3):
        ids.append(made.token("n", "v1", {"A": "1"}, ids))
    assert len(set(ids)) == 4
    assert made.token("n", "v1", {"A": "1"}, ids[:2]) == ids[2]
