"""What secret_bundle plans, as data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws.secrets import Secret
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import render
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Refused
from ansible_collections.offramp.ecs.plugins.module_utils.engine.fingerprint import fingerprint
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown
from ansible_collections.offramp.ecs.plugins.module_utils.policy.mapping import Owner, Rules, decide
from ansible_collections.offramp.ecs.plugins.modules import secret_bundle
from ansible_collections.offramp.ecs.plugins.modules.secret_bundle import Have, Want

REDIS = Owner("redis-flat-1", "heroku-redis")


def have(source: dict[str, str], secret: dict[str, str] | None, owner: str | None = "bond") -> Have:
    decisions = tuple(decide(source, {"REDIS_URL": REDIS}, Rules()))
    there = None if secret is None else Secret("arn:s", "v1", secret, "", owner)
    return Have("bond", "s", source, decisions, (), there)


WANT = Want("bond", "s", Rules())


@pytest.mark.parametrize(
    ("source", "secret", "verb", "before", "after"),
    [
        ({}, {}, None, {}, {}),
        ({"A": "1"}, {"A": "1"}, None, {}, {}),
        ({"PORT": "1"}, {}, None, {}, {}),
        ({}, None, "create", None, {}),
        ({"A": "1"}, None, "create", None, {"A": "added, 1 bytes, fingerprint {1}, the app's own (rule own)"}),
        (
            {"A": "12"},
            {"A": "1"},
            "rotate",
            {"A": "1 bytes, fingerprint {1}"},
            {"A": "changed, 2 bytes, fingerprint {12}, the app's own (rule own)"},
        ),
        ({}, {"A": "1"}, "rotate", {"A": "1 bytes, fingerprint {1}"}, {}),
        ({"PORT": "1"}, {"PORT": "1"}, "rotate", {"PORT": "1 bytes, fingerprint {1}"}, {}),
        (
            {"REDIS_URL": "ä", "B": "1"},
            {"B": "1"},
            "rotate",
            {},
            {
                "REDIS_URL": "added, 2 bytes, fingerprint {ä}, set by add-on redis-flat-1, which Heroku still runs for "
                "both sides (rule addon)"
            },
        ),
    ],
)
def test_a_plan_names_what_differs(source: Any, secret: Any, verb: Any, before: Any, after: Any) -> None:
    changes = secret_bundle.plan(have(source, secret), WANT)
    if verb is None:
        assert changes == []
        return
    (change,) = changes
    assert (change.verb, change.target) == (verb, "secret s")
    assert (change.before, change.after) == (_filled(before), _filled(after))


def _filled(shown: dict[str, str] | None) -> dict[str, str] | None:
    """``{x}`` in an expected text stands for the fingerprint of x."""
    values = {value: fingerprint(value) for value in ("1", "12", "ä")}
    if shown is None:
        return None
    for value, print_ in values.items():
        shown = {key: text.replace("{" + value + "}", print_) for key, text in shown.items()}
    return shown


def test_neither_plan_nor_state_shows_values_in_any_words() -> None:
    state = have({"A": "value-new", "B": "value-new"}, {"A": "value-old", "C": "value-old"})
    changes = secret_bundle.plan(state, WANT)
    told = [repr(state), repr(changes), render(changes), repr(secret_bundle.report(state)), repr(state.secret)]
    assert not [text for text in told if "value-" in text]


def test_foreign_secrets_stop_the_plan_only_when_they_would_be_written() -> None:
    assert secret_bundle.plan(have({"A": "1"}, {"A": "1"}, owner=None), WANT) == []
    with pytest.raises(Refused):
        secret_bundle.plan(have({"A": "2"}, {"A": "1"}, owner=None), WANT)


def test_what_is_foreseen_is_what_the_plan_leaves() -> None:
    state = have({"A": "2"}, {"A": "1"})
    after = secret_bundle.foresee(state, WANT)
    assert secret_bundle.plan(after, WANT) == []
    assert after.secret is not None
    assert after.secret.arn == "arn:s"
    assert is_unknown(after.secret.version)
    assert secret_bundle.foresee(after, WANT) == after
    assert is_unknown(secret_bundle.report(secret_bundle.foresee(replace(state, secret=None), WANT))["arn"])


def test_a_name_that_aws_mistakes_is_refused_before_any_request() -> None:
    params = {"app": "bond", "name": "production/bond-server", "include": ["*"], "exclude": [], "rename": {}}
    with pytest.raises(BadInput, match="ends in '-' and six characters") as caught:
        secret_bundle.want(params)
    assert "production/bond-server/config" in caught.value.hint
