"""What secret_bundle plans, as data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws.secret_settings import Settings
from ansible_collections.offramp.ecs.plugins.module_utils.aws.secrets import Secret
from ansible_collections.offramp.ecs.plugins.module_utils.aws.versions import History, Version
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import render
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Refused
from ansible_collections.offramp.ecs.plugins.module_utils.engine.fingerprint import fingerprint
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown
from ansible_collections.offramp.ecs.plugins.module_utils.policy.mapping import Owner, Rules, decide, travelling
from ansible_collections.offramp.ecs.plugins.modules import secret_bundle
from ansible_collections.offramp.ecs.plugins.modules.secret_bundle import Have, Want

REDIS = Owner("redis-flat-1", "heroku-redis")
PARAMS: dict[str, Any] = {
    **{name: option.get("default") for name, option in secret_bundle.SPEC["argument_spec"].items()},
    "app": "bond",
    "name": "s",
    "region": "eu-west-1",
}
WANT = secret_bundle.want(PARAMS)


def have(
    source: dict[str, str], secret: dict[str, str] | None, owner: str | None = "bond", rules: Rules | None = None
) -> Have:
    rules = rules or Rules()
    decisions = tuple(decide(source, {"REDIS_URL": REDIS}, rules))
    wanted = travelling(decisions, source, rules.constants, {"REDIS_URL": "redis://new"})
    settings = Settings("", {}, None, {})
    there = None if secret is None else Secret("arn:s", "v1", secret, "", owner, None, settings)
    return Have("s", source, decisions, (), wanted, secret, there)


def wanting(**params: Any) -> Want:
    return secret_bundle.want({**PARAMS, **params})


@pytest.mark.parametrize(
    ("source", "secret", "verb", "before", "after"),
    [
        ({}, {}, None, {}, {}),
        ({"A": "1"}, {"A": "1"}, None, {}, {}),
        ({"PORT": "1"}, {}, None, {}, {}),
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


def test_a_new_secret_is_made_before_its_first_version() -> None:
    made, version = secret_bundle.plan(have({"A": "1"}, None), WANT)
    shown = {"kms key": "alias/aws/secretsmanager", "replicas": [], "tags": {"offramp:app": "bond"}}
    assert (made.verb, made.target, made.before, made.after) == ("create", "secret s", None, shown)
    assert "SecretString" not in made.payload.arguments
    assert (version.verb, version.target, version.before) == ("rotate", "secret s", {})
    assert version.after == {"A": f"added, 1 bytes, fingerprint {fingerprint('1')}, the app's own (rule own)"}
    assert [change.verb for change in secret_bundle.plan(have({}, None), WANT)] == ["create", "rotate"]


def test_what_comes_from_elsewhere_says_so() -> None:
    rules = Rules(constants={"STAGE": "prod"}, references={"REDIS_URL": "prod/redis:url"})
    (change,) = secret_bundle.plan(have({"REDIS_URL": "redis://old"}, {"REDIS_URL": "redis://old"}, rules=rules), WANT)
    assert set(change.before) == {"REDIS_URL"}
    where = "read from secret prod/redis:url, in place of add-on redis-flat-1 (rule replaced)"
    assert change.after["REDIS_URL"].endswith(where)
    assert change.after["STAGE"].endswith("a constant of the inventory (rule constant)")


def test_settings_come_first_then_labels_then_the_one_version() -> None:
    old = [Version(f"{number:032x}", float(number), (f"offramp-{number}",)) for number in range(3)]
    current = Version("f" * 32, 3.0, ("AWSCURRENT", "offramp-f"))
    state = replace(have({"A": "2"}, {"A": "1"}), history=History((*old, current), frozenset({old[0].id}), 1e9))
    changes = secret_bundle.plan(state, wanting(keep_versions=2, tags={"team": "api"}))
    assert [(change.verb, change.target) for change in changes] == [
        ("update", "tags of secret s"),
        ("delete", "label offramp-1 of secret s"),
        ("delete", "label offramp-2 of secret s"),
        ("rotate", "secret s"),
    ]


def test_settings_alone_make_no_version() -> None:
    (change,) = secret_bundle.plan(have({"A": "1"}, {"A": "1"}), wanting(kms_key="alias/ours"))
    assert (change.verb, change.target, change.after) == ("update", "KMS key of secret s", "alias/ours")
    with pytest.raises(Refused, match="not ours to write"):
        secret_bundle.plan(have({"A": "1"}, {"A": "1"}, owner=None), wanting(kms_key="alias/ours"))


def test_a_drift_is_told_as_found_though_a_dry_run_foresees_its_end() -> None:
    state = have({"A": "1", "B": "2", "PORT": "3", "C": "4"}, {"A": "1", "B": "9", "D": "5"})
    after = secret_bundle.foresee(state, WANT)
    for it in (state, after):
        found = secret_bundle.report(it)
        rows = {row["key"]: row["state"] for row in found["decisions"]}
        assert rows == {"A": "equal", "B": "differs", "C": "missing on AWS", "PORT": ""}
        assert found["only_on_aws"] == ["D"]
        assert secret_bundle.headline(it)[1:] == [
            "Secret s is not in step with Heroku (differs: B; missing on AWS: C; only on AWS: D)"
        ]
    assert secret_bundle.report(after)["keys"] == ["A", "B", "C"]


def test_nothing_differs_so_nothing_is_said_of_it() -> None:
    assert len(secret_bundle.headline(have({"A": "1"}, {"A": "1"}))) == 1
    assert len(secret_bundle.headline(have({"A": "1"}, None))) == 1


def test_references_that_leave_a_task_definition_no_room_are_refused_with_figures() -> None:
    many = {f"KEY_{number:03}": "" for number in range(700)}
    for there in (None, {}):
        with pytest.raises(
            Refused, match=r"700 keys take \d+ bytes of references in a task definition; ECS takes 65536"
        ):
            secret_bundle.plan(have(many, there), WANT)
    few = dict(list(many.items())[:200])
    assert secret_bundle.plan(have(few, {}), WANT)


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


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"name": "production/bond-server"}, "ends in '-' and six characters"),
        ({"keep_versions": 0}, "keep_versions is 0"),
        ({"keep_versions": 19}, "Keep 1 to 18 versions"),
        ({"constants": {"A": 2}}, "constants gives A something that is no text"),
        ({"references": {"A": "s:"}}, "which names no secret"),
        ({"replicas": [{"region": "eu-west-1"}]}, "in region eu-west-1 twice"),
        ({"tags": {"offramp:app": "other"}}, "The tag offramp:app cannot be set"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_any_request(params: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput) as caught:
        wanting(**params)
    assert said in caught.value.sentence()
