"""Which config vars travel, and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.policy.mapping import (
    Owner,
    Rules,
    decide,
    rules_of,
    travelling,
    unmet,
)

REDIS = Owner("redis-flat-1", "heroku-redis")
LOGDNA = Owner("logdna-round-2", "logdna")
OWNERS = {"REDIS_URL": REDIS, "LOGDNA_KEY": LOGDNA, "HEROKU_POSTGRESQL_PINK_URL": Owner("pg-1", "heroku-postgresql")}


@pytest.mark.parametrize(
    ("key", "rules", "name", "rule", "reason"),
    [
        ("LOG_LEVEL", Rules(), "LOG_LEVEL", "own", "the app's own"),
        ("REDIS_URL", Rules(), "REDIS_URL", "addon", "set by add-on redis-flat-1, which Heroku still runs"),
        ("LOGDNA_KEY", Rules(), None, "logging", "belongs to add-on logdna-round-2 (logdna) and ends with it"),
        ("LOGDNA_KEY", Rules(include=("*", "LOGDNA_KEY")), "LOGDNA_KEY", "include", "named in include"),
        ("PORT", Rules(), None, "platform", "set by the platform"),
        ("DYNO", Rules(), None, "platform", "set by the platform"),
        ("HEROKU_SLUG_COMMIT", Rules(), None, "platform", "set by the platform"),
        ("HEROKU_POSTGRESQL_PINK_URL", Rules(), None, "platform", "set by the platform"),
        ("ECS_CONTAINER_METADATA_URI_V4", Rules(), None, "platform", "set by the platform"),
        ("PORTAL_URL", Rules(), "PORTAL_URL", "own", "the app's own"),
        ("PORT", Rules(include=("*", "PORT")), "PORT", "include", "named in include"),
        ("PORT", Rules(include=("P*",)), None, "platform", "set by the platform"),
        ("HEROKU_APP_NAME", Rules(rename={"HEROKU_APP_NAME": "APP"}), "APP", "rename", "renamed to APP"),
        ("LOG_LEVEL", Rules(exclude=("LOG_*",)), None, "exclude", "excluded by LOG_*"),
        ("LOG_LEVEL", Rules(include=("LOG_LEVEL",), exclude=("*",)), None, "exclude", "excluded by *"),
        ("LOG_LEVEL", Rules(rename={"LOG_LEVEL": "L"}, exclude=("*",)), "L", "rename", "renamed to L"),
        ("LOG_LEVEL", Rules(include=("APP_*",)), None, "include", "no include pattern covers it"),
        ("log_level", Rules(exclude=("LOG_*",)), "log_level", "own", "the app's own"),
        ("2FA", Rules(), None, "name", "ECS takes names of letters"),
        ("a:b", Rules(include=("a:b",)), None, "name", "ECS takes names of letters"),
        ("with space", Rules(), None, "name", "ECS takes names of letters"),
        ("NEW\n", Rules(), None, "name", "ECS takes names of letters"),
        ("a.b-c", Rules(), "a.b-c", "own", "the app's own"),
        ("2FA", Rules(rename={"2FA": "TWO_FA"}), "TWO_FA", "rename", "renamed to TWO_FA"),
        ("LOG_LEVEL", Rules(constants={"LOG_LEVEL": "x"}), "LOG_LEVEL", "constant", "a constant of the inventory"),
        ("LOG", Rules(exclude=("*",), constants={"LOG": "x"}), "LOG", "constant", "a constant of the inventory"),
        ("LOGDNA_KEY", Rules(constants={"LOGDNA_KEY": "x"}), "LOGDNA_KEY", "constant", "a constant of the inventory"),
        ("PORT", Rules(constants={"PORT": "80"}), "PORT", "constant", "a constant of the inventory"),
        ("A", Rules(rename={"A": "B"}, constants={"B": "x"}), "B", "constant", "a constant of the inventory"),
        (
            "REDIS_URL",
            Rules(references={"REDIS_URL": "m:url"}),
            "REDIS_URL",
            "replaced",
            "read from secret m:url, in place",
        ),
        (
            "REDIS_URL",
            Rules(rename={"REDIS_URL": "C"}, references={"C": "m"}),
            "C",
            "replaced",
            "read from secret m, in",
        ),
        (
            "LOGDNA_KEY",
            Rules(references={"LOGDNA_KEY": "m"}),
            "LOGDNA_KEY",
            "replaced",
            "read from secret m, in place of",
        ),
        ("DB", Rules(references={"DB": "m"}), "DB", "reference", "read from secret m"),
    ],
)
def test_the_first_rule_that_speaks_decides(key: str, rules: Rules, name: str | None, rule: str, reason: str) -> None:
    (decision,) = decide([key], OWNERS, rules)
    assert (decision.name, decision.rule) == (name, rule)
    elsewhere = ("constant", "replaced", "reference")
    assert decision.verdict == ("refused" if name is None else rule if rule in elsewhere else "copied")
    assert decision.reason.startswith(reason)
    assert decision.owner == OWNERS.get(key)


@pytest.mark.parametrize(
    ("keys", "rename", "words"),
    [
        (["A", "B"], {"A": "B"}, "A and B would both be called B"),
        (["A", "B"], {"A": "C", "B": "C"}, "A and B would both be called C"),
    ],
)
def test_names_that_cannot_be_are_refused(keys: list[str], rename: dict[str, str], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        decide(keys, {}, Rules(rename=rename))


PARAMS = {"include": ["*"], "exclude": [], "rename": {}, "constants": {}, "references": {}}


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"rename": {"A": "2C"}}, "rename has the name '2C'"),
        ({"rename": {"B": ""}}, "rename has the name ''"),
        ({"constants": {"a:b": "x"}}, "constants has the name 'a:b'"),
        ({"references": {"": "x"}}, "references has the name ''"),
        ({"constants": {"A": 2}}, r"constants gives A something that is no text \(int\)"),
        ({"constants": {"A": True}}, r"constants gives A something that is no text \(bool\)"),
        ({"constants": {"A": None}}, "constants gives A something"),
        ({"references": {"A": ["x"]}}, r"references gives A something that is no text \(list\)"),
        ({"rename": {True: "A"}}, "rename gives True something"),
        ({"constants": {"A": "x"}, "references": {"A": "y"}}, "A cannot be both a constant and a reference"),
    ],
)
def test_rules_that_cannot_be_meant_are_refused(params: dict[str, object], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        rules_of({**PARAMS, **params})


def test_rules_are_taken_as_they_are_given() -> None:
    given = {
        "include": ["A*"],
        "exclude": ["AB"],
        "rename": {"A": "B"},
        "constants": {"C": ""},
        "references": {"D": "s"},
    }
    assert rules_of(given) == Rules(("A*",), ("AB",), {"A": "B"}, {"C": ""}, {"D": "s"})


def test_names_that_heroku_does_not_have_are_added_once() -> None:
    rules = Rules(constants={"NEW": "x", "A": "y"}, references={"OTHER": "s"}, rename={"A": "B"})
    found = decide(["A"], {}, rules)
    assert [(it.key, it.name, it.verdict) for it in found] == [
        ("A", "A", "constant"),
        ("A", "B", "copied"),
        ("NEW", "NEW", "constant"),
        ("OTHER", "OTHER", "reference"),
    ]
    assert travelling(found, {"A": "from heroku"}, rules.constants, {"OTHER": "read"}) == {
        "A": "y",
        "B": "from heroku",
        "NEW": "x",
        "OTHER": "read",
    }


def test_swapped_names_are_no_collision() -> None:
    found = decide(["A", "B"], {}, Rules(rename={"A": "B", "B": "A"}))
    assert [(decision.key, decision.name) for decision in found] == [("A", "B"), ("B", "A")]


def test_keys_that_are_written_out_and_not_there_are_told() -> None:
    rules = Rules(include=("*", "GONE", "HERE", "PAT*"), rename={"LOST": "L", "HERE": "H"})
    assert unmet(["HERE"], rules) == ["GONE", "LOST"]


PATTERNS = st.lists(st.sampled_from(["*", "A*", "?", "AB", "HEROKU_*", "PORT"]), max_size=3).map(tuple)
KEYS = st.sets(st.text("AB2_ :", max_size=4) | st.sampled_from(["PORT", "HEROKU_X", "LOGDNA_KEY"]))


@given(keys=KEYS, include=PATTERNS, exclude=PATTERNS)
def test_every_key_gets_one_decision_and_every_name_is_one_that_ecs_takes(
    keys: set[str], include: tuple[str, ...], exclude: tuple[str, ...]
) -> None:
    found = decide(keys, OWNERS, Rules(include, exclude))
    assert [decision.key for decision in found] == sorted(keys)
    assert all(decision.reason for decision in found)
    for decision in found:
        if decision.name is not None:
            assert decision.name == decision.key
            assert not set(decision.name) & set(" :=")
            assert decision.key in include or not decision.key.startswith(("HEROKU_", "LOGDNA_"))
