"""secret_bundle between the rehearsal's Heroku and its Secrets Manager: exact, silent, minimal, and safe to cut off."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door, Kind
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown
from ansible_collections.offramp.ecs.plugins.modules import secret_bundle
from rehearsal.seed import Seed
from tests.unit.plugins.heroku_world import HerokuWorld, heroku_world
from tests.unit.rehearsal.heroku.stage import APP

ODD = {
    "APP": "bond-server",
    "EMPTY": "",
    "TWO": "2",
    "LINES": "a\nb\r\n\tc\n",
    "UNICODE": "õäöü 🚀 世界 \u2028 \ufeff",
    "CONTROL": "".join(chr(sign) for sign in range(1, 32)) + "\x7f\x85",
    "JSON": '{"private_key": "-----BEGIN\\nKEY-----", "a": [1, 2.50, null]}',
    "LARGE": "x" * 9_000,
    "REDIS_URL": "redis://value-of-redis",
    "LOGDNA_KEY": "value-of-logdna",
    "PORT": "98-765-43",
    "HEROKU_APP_ID": "value-of-heroku",
}
LOGDNA = {"service": "logdna", "plan": "quaco", "name": "logdna-round-2", "config": ["LOGDNA_KEY"]}
SEED = Seed.model_validate({"heroku": {"bond-server": {**APP, "addons": [APP["addons"][0], LOGDNA]}}})
TRAVEL = {key: value for key, value in ODD.items() if key not in ("LOGDNA_KEY", "PORT", "HEROKU_APP_ID")}
QUIET = [
    "read GET /apps/{app}/config-vars",
    "read GET /apps/{app}/addons",
    "read GetSecretValue",
]
_names = (f"rehearsal/bond-{number}/config" for number in count())


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HerokuWorld]:
    with heroku_world(tmp_path_factory.mktemp("world"), SEED) as made:
        yield made


@pytest.fixture
def world(shared: HerokuWorld) -> HerokuWorld:
    shared.set_config("bond-server", ODD)
    return shared


@pytest.fixture
def name() -> str:
    """A secret that is not there yet."""
    return next(_names)


def copy(world: HerokuWorld, name: str, *, dry: bool = False, **rules: Any) -> dict[str, Any]:
    return world.run(secret_bundle, dry=dry, app="bond-server", name=name, **rules)


def content(world: HerokuWorld, name: str) -> Any:
    return json.loads(world.aws.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])


def versions(world: HerokuWorld, name: str) -> int:
    api = world.aws.client("secretsmanager")
    return len(api.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"])


def test_odd_values_arrive_byte_for_byte(world: HerokuWorld, name: str) -> None:
    made = copy(world, name)
    assert made["changed"], made
    assert content(world, name) == TRAVEL
    assert made["secret"]["keys"] == sorted(TRAVEL)
    assert {row["key"]: row["rule"] for row in made["secret"]["refused"]} == {
        "LOGDNA_KEY": "logging",
        "PORT": "platform",
        "HEROKU_APP_ID": "platform",
    }
    assert made["headline"][0].startswith(f"Secret {name}: 9 keys copied, 3 refused (")


def test_without_a_change_nothing_is_written_and_each_side_is_read_once(world: HerokuWorld, name: str) -> None:
    made = copy(world, name)
    with world.watched() as seen:
        again = copy(world, name)
    assert not again["changed"]
    assert seen == QUIET
    assert again["secret"]["version_id"] == made["secret"]["version_id"]


def test_order_and_formatting_are_no_change(world: HerokuWorld, name: str) -> None:
    copy(world, name)
    text = json.dumps(dict(reversed(TRAVEL.items())), indent=2)
    world.aws.client("secretsmanager").put_secret_value(SecretId=name, SecretString=text)
    assert not copy(world, name)["changed"]


def test_many_edits_make_one_version_and_the_plan_names_them_without_values(world: HerokuWorld, name: str) -> None:
    copy(world, name)
    world.set_config("bond-server", {**{key: ODD[key] for key in ODD if key != "TWO"}, "APP": "other", "NEW": "n"})
    with world.watched() as seen:
        made = copy(world, name)
    assert [line for line in seen if line.startswith("write")] == ["write PutSecretValue"], made
    assert versions(world, name) == 2
    (change,) = made["changes"]
    assert (change["verb"], change["target"]) == ("rotate", f"secret {name}")
    assert set(change["before"]) == {"APP", "TWO"}
    assert set(change["after"]) == {"APP", "NEW"}
    assert change["after"]["NEW"].startswith("added, 1 bytes, fingerprint ")
    assert change["after"]["APP"].startswith("changed, 5 bytes, fingerprint ")
    assert "TWO: 1 bytes, fingerprint" in made["diff"]["prepared"]


def test_going_back_to_earlier_values_is_a_version_too(world: HerokuWorld, name: str) -> None:
    ids = {copy(world, name)["secret"]["version_id"]}
    for config in ({**ODD, "TWO": "3"}, ODD, {**ODD, "TWO": "3"}):
        world.set_config("bond-server", config)
        ids.add(copy(world, name)["secret"]["version_id"])
        assert content(world, name)["TWO"] == config["TWO"]
    assert len(ids) == 4


def test_a_dry_run_writes_nothing_and_foresees_what_the_real_run_does(world: HerokuWorld, name: str) -> None:
    with world.watched() as seen:
        dry = copy(world, name, dry=True)
    assert not [line for line in seen if not line.startswith("read ")]
    assert is_unknown(dry["secret"]["arn"])
    assert is_unknown(dry["secret"]["version_id"])
    real = copy(world, name)
    assert dry["changes"] == real["changes"]
    assert dry["secret"]["keys"] == real["secret"]["keys"]
    assert copy(world, name, dry=True)["secret"] == real["secret"]


def test_no_value_is_in_any_result(world: HerokuWorld, name: str) -> None:
    results = [copy(world, name, dry=True), copy(world, name), copy(world, name, rename={"APP": "TWO"})]
    text = json.dumps(results)
    for key, value in ODD.items():
        if len(value) > 2 and key != "APP":  # "bond-server" is the app's name as well
            assert value not in text
            assert json.dumps(value)[1:-1] not in text


def test_rules_choose_and_rename(world: HerokuWorld, name: str) -> None:
    rules = {"include": ["A*", "T*", "PORT", "GONE"], "exclude": ["TW*"], "rename": {"HEROKU_APP_ID": "OLD_ID"}}
    made = copy(world, name, **rules)
    assert content(world, name) == {"APP": "bond-server", "PORT": "98-765-43", "OLD_ID": "value-of-heroku"}
    assert made["secret"]["unmet"] == ["GONE"]
    assert "not at Heroku, though named: GONE" in made["headline"][0]


def strange(world: HerokuWorld, name: str, **how: Any) -> None:
    world.aws.client("secretsmanager").create_secret(Name=name, **how)


OURS = [{"Key": "offramp:app", "Value": "bond-server"}]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"SecretString": "{}"}, "is not ours to write: it has no tag offramp:app"),
        (
            {"SecretString": "{}", "Tags": [{"Key": "offramp:app", "Value": "other"}]},
            "it has the value other in tag offramp:app",
        ),
        ({"SecretString": "value-of-a-string", "Tags": OURS}, "holds a plain string, not a JSON map of strings"),
        ({"SecretString": '{"a": 12345678}', "Tags": OURS}, "holds a JSON map with values that are no strings"),
        ({"SecretString": '["value-of-a-list"]', "Tags": OURS}, "holds JSON that is no map"),
        ({"SecretBinary": b"value-of-binary", "Tags": OURS}, "holds binary data"),
    ],
)
def test_a_secret_that_is_not_ours_stays_as_it_is(
    world: HerokuWorld, name: str, how: dict[str, Any], said: str
) -> None:
    strange(world, name, **how)
    with world.watched() as seen:
        refused = copy(world, name)
    assert refused["kind"] == "refused", refused
    assert said in refused["msg"]
    assert "value-of" not in json.dumps(refused)
    assert not [line for line in seen if line.startswith("write")]
    assert copy(world, name, dry=True)["msg"] == refused["msg"]


def test_an_empty_secret_of_ours_is_filled(world: HerokuWorld, name: str) -> None:
    strange(world, name, Tags=OURS)
    made = copy(world, name)
    assert made["changed"], made
    assert content(world, name) == TRAVEL


def test_a_secret_that_is_going_is_not_written(world: HerokuWorld, name: str) -> None:
    copy(world, name)
    world.aws.client("secretsmanager").delete_secret(SecretId=name, RecoveryWindowInDays=7)
    refused = copy(world, name)
    assert "is scheduled for deletion on 20" in refused["msg"], refused
    assert "restore-secret" in refused["hint"]


def test_too_much_for_a_secret_is_refused_with_the_size_of_each_key(world: HerokuWorld, name: str) -> None:
    world.set_config("bond-server", {"A": "a" * 40_000, "B": "b" * 26_000, "C": "c"})
    with world.watched() as seen:
        refused = copy(world, name)
    assert refused["kind"] == "refused"
    assert "at most 65536" in refused["msg"]
    assert "A 40000, B 26000, C 1" in refused["msg"]
    assert refused["sizes"] == {"A": 40_000, "B": 26_000, "C": 1}
    assert not [line for line in seen if line.startswith("write")]


def test_the_largest_secret_fits(world: HerokuWorld, name: str) -> None:
    world.set_config("bond-server", {"A": "ä" * ((65_536 - len('{"A":""}')) // 2)})
    assert copy(world, name)["changed"]
    assert not copy(world, name)["changed"]


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the collection may catch it."""


@pytest.fixture
def cut_off(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """``cut_off(n)``: whoever makes the n-th request from now on dies before it leaves."""

    def before(number: int) -> None:
        class Mortal(Door):
            def let_out(self, kind: Kind, operation: str) -> None:
                if sum(self.passed.values()) + 1 == number:
                    raise Killed
                super().let_out(kind, operation)

        monkeypatch.setattr(runner, "Door", Mortal)

    return before


@pytest.mark.parametrize("begun", [False, True], ids=["a new secret", "a new version"])
def test_a_run_cut_off_at_any_request_and_run_again_ends_the_same(
    world: HerokuWorld, cut_off: Callable[[int], None], begun: bool
) -> None:
    for number in range(1, 30):
        name = next(_names)
        world.set_config("bond-server", ODD)
        if begun:
            cut_off(0)
            copy(world, name)
            world.set_config("bond-server", {**ODD, "TWO": "3"})
        cut_off(number)
        try:
            copy(world, name)
        except Killed:
            cut_off(0)
            copy(world, name)
            assert content(world, name) == {**TRAVEL, "TWO": "3" if begun else "2"}
            assert versions(world, name) == 1 + begun
        else:
            assert number > 4
            return
    pytest.fail("the run never ends")


keys = st.from_regex(r"[A-Z_][A-Z0-9_]{0,20}", fullmatch=True)
values = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200)
maps = st.dictionaries(keys, values, max_size=12)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=maps, after=maps)
def test_any_map_is_copied_and_read_back_equal(world: HerokuWorld, before: Any, after: Any) -> None:
    name = next(_names)
    for config in (before, after):
        world.set_config("bond-server", config)
        made = copy(world, name)
        assert not made["failed"], made
        refused = {row["key"] for row in made["secret"]["refused"]}
        assert content(world, name) == {key: value for key, value in config.items() if key not in refused}
        assert not copy(world, name)["changed"]
