"""heroku_config's plan as data: what goes back to Heroku, and what never does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Refused
from ansible_collections.offramp.ecs.plugins.module_utils.policy.mapping import Owner, Rules
from ansible_collections.offramp.ecs.plugins.modules import heroku_config as module

REDIS = {"REDIS_URL": Owner("redis-flat-1", "heroku-redis")}
AWS = {"A": "value-of-a", "B": "value-of-b"}


def changes(config: dict[str, str], content: dict[str, str], owners: Any = None, **rules: Any) -> Any:
    """What the PATCH would hold, None without one."""
    wanted = module.Want("bond", "prod/bond/config", Rules(**rules))
    decisions = module.decide(config, content, owners or {}, wanted.rules)
    have = module.Have("bond", "prod/bond/config", "v1", config, content, decisions)
    planned = module.plan(have, wanted)
    assert module.plan(module.foresee(have, wanted), wanted) == [], "what was foreseen leaves nothing to do"
    assert "value-of" not in json.dumps([(each.before, each.after) for each in planned])
    return planned[0].payload[1] if planned else None


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (AWS, None),
        ({}, AWS),
        ({**AWS, "B": "value-of-old"}, {"B": "value-of-b"}),
        ({**AWS, "C": "value-of-c"}, {"C": None}),
        ({**AWS, "EMPTY": ""}, {"EMPTY": None}),
        ({**AWS, "PORT": "80", "HEROKU_APP_NAME": "bond"}, None),
    ],
    ids=["equal", "nothing there", "one differs", "one too many", "an empty one too many", "the platform's"],
)
def test_exactly_what_differs_goes_back(config: dict[str, str], expected: Any) -> None:
    assert changes(config, AWS) == expected


@pytest.mark.parametrize(
    ("config", "content", "rules", "expected"),
    [
        ({"OLD": "value-of-1"}, {"NEW": "value-of-2"}, {"rename": {"OLD": "NEW"}}, {"OLD": "value-of-2"}),
        ({}, {"NEW": "value-of-2"}, {"rename": {"OLD": "NEW"}}, {"OLD": "value-of-2"}),
        ({"OLD": "value-of-1"}, AWS, {"rename": {"OLD": "NEW"}}, {**AWS, "OLD": None}),
        ({"HEROKU_X": "value-of-1"}, {**AWS, "X": "value-of-2"}, {"rename": {"HEROKU_X": "X"}}, AWS),
        ({"PORT": "80"}, {**AWS, "PORT": "8080"}, {"include": ("PORT", "*")}, AWS),
        ({"X_1": "value-of-1"}, {**AWS, "X_2": "value-of-2"}, {"exclude": ("X_*",)}, AWS),
        ({}, {**AWS, "MODE": "value-of-aws"}, {"constants": {"MODE": "value-of-aws"}}, AWS),
        ({"MODE": "value-of-1"}, {**AWS, "MODE": "value-of-aws"}, {"constants": {"MODE": "value-of-aws"}}, AWS),
        ({}, {**AWS, "CACHE_URL": "value-of-2"}, {"references": {"CACHE_URL": "memorydb:url"}}, AWS),
    ],
    ids=[
        "a renamed key",
        "a renamed key that is not there",
        "a renamed key that is gone",
        "a platform's key, renamed",
        "a platform's key, named",
        "excluded",
        "a constant",
        "a constant that Heroku has otherwise",
        "a reference",
    ],
)
def test_the_rules_hold_on_the_way_back(
    config: dict[str, str], content: dict[str, str], rules: dict[str, Any], expected: Any
) -> None:
    assert changes(config, content, **rules) == expected


@pytest.mark.parametrize("rules", [{}, {"include": ("REDIS_URL", "*")}, {"rename": {"REDIS_URL": "CACHE_URL"}}])
def test_what_an_addon_sets_is_never_written_nor_removed(rules: dict[str, Any]) -> None:
    config = {**AWS, "REDIS_URL": "value-of-redis"}
    for content in (AWS, {**AWS, "REDIS_URL": "value-of-2"}, {**AWS, "CACHE_URL": "value-of-2"}):
        assert "REDIS_URL" not in (changes(config, content, REDIS, **rules) or {})


def test_an_empty_secret_does_not_empty_the_app() -> None:
    with pytest.raises(Refused, match=r"is empty: the config vars of Heroku app bond would be removed"):
        changes(AWS, {})
    assert changes({"PORT": "80"}, {}) is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("ä" * 32_767 + "xx", "would have 65549 bytes; Heroku takes 65536. The largest values: A 65536"),
        ("a\0b", "The value of A holds a NUL"),
    ],
)
def test_what_heroku_would_refuse_is_refused_with_a_reason(value: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        changes({}, {"A": value, "SECOND_VAR": "12"})
    assert said in refused.value.msg


def test_the_plan_says_what_and_why_without_a_value() -> None:
    wanted = module.Want("bond", "prod/bond/config", Rules(rename={"OLD": "NEW"}))
    config, content = {"OLD": "value-of-1", "REDIS_URL": "r"}, {"NEW": "value-of-2"}
    have = module.Have(
        "bond", "prod/bond/config", "v1", config, content, module.decide(config, content, REDIS, wanted.rules)
    )
    (change,) = module.plan(have, wanted)
    assert (change.verb, change.target) == ("update", "config vars of Heroku app bond")
    assert change.after["OLD"].startswith("changed, 10 bytes, fingerprint ")
    assert change.after["OLD"].endswith(", renamed to NEW (rule rename)")
    assert module.report(have)["left"] == [{"key": "REDIS_URL", "reason": "set by add-on redis-flat-1"}]
    assert module.headline(have) == [
        "Config vars of Heroku app bond: 1 keys follow secret prod/bond/config, 1 left alone "
        "(REDIS_URL: set by add-on redis-flat-1)"
    ]
