"""secret_bundle between the rehearsal's Heroku and its Secrets Manager: exact, silent, minimal, and safe to cut off."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

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


def labels(world: HerokuWorld, name: str) -> list[str]:
    """All labels of a secret, ours without the ids in them."""
    stages = world.aws.client("secretsmanager").describe_secret(SecretId=name)["VersionIdsToStages"]
    return sorted("offramp-" if label.startswith("offramp-") else label for each in stages.values() for label in each)


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


def test_constants_and_references_travel_and_change_as_keys_do(world: HerokuWorld, name: str) -> None:
    api = world.aws.client("secretsmanager")
    other = f"{name}-of-memorydb"
    arn = api.create_secret(Name=other, SecretString='{"url": "rediss://value-of-new"}')["ARN"]
    rules = {"constants": {"STAGE": "prod", "TWO": "two"}, "references": {"REDIS_URL": f"{other}:url", "ALL": arn}}
    made = copy(world, name, **rules)
    assert content(world, name) == {
        **TRAVEL,
        "STAGE": "prod",
        "TWO": "two",
        "REDIS_URL": "rediss://value-of-new",
        "ALL": '{"url": "rediss://value-of-new"}',
    }
    verdicts = {row["key"]: row["verdict"] for row in made["secret"]["decisions"]}
    assert [verdicts[key] for key in ("STAGE", "TWO", "REDIS_URL", "ALL")] == [
        "constant",
        "constant",
        "replaced",
        "reference",
    ]
    assert "value-of" not in json.dumps(made)
    with world.watched() as seen:
        assert not copy(world, name, **rules)["changed"]
    assert seen == [*QUIET, "read GetSecretValue", "read GetSecretValue"]
    api.put_secret_value(SecretId=other, SecretString='{"url": "rediss://value-of-newer"}')
    (change,) = copy(world, name, **rules)["changes"]
    assert set(change["after"]) == {"REDIS_URL", "ALL"}


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (None, "REDIS_URL refers to secret {other}, which is not there"),
        ({}, "which is not there, has no value, or will be deleted"),
        ({"SecretBinary": b"value-of"}, "which holds binary data"),
        ({"SecretString": "value-of"}, "is no JSON map, so it has no key url"),
        ({"SecretString": '{"uri": "value-of"}'}, "the key url of the secret {other}, which is not in it"),
    ],
)
def test_a_reference_that_cannot_be_read_stops_the_copy(
    world: HerokuWorld, name: str, how: dict[str, Any] | None, said: str
) -> None:
    other = f"{name}-of-memorydb"
    if how is not None:
        strange(world, other, **how)
    with world.watched() as seen:
        failed = copy(world, name, references={"REDIS_URL": f"{other}:url"})
    assert said.format(other=other) in failed["msg"], failed
    assert "value-of" not in json.dumps(failed)
    assert not [line for line in seen if line.startswith("write")]


def test_only_so_many_versions_keep_their_label(world: HerokuWorld, name: str) -> None:
    ids = []
    for number in range(4):
        world.set_config("bond-server", {"N": str(number)})
        ids.append(copy(world, name, keep_versions=2)["secret"]["version_id"])
    api = world.aws.client("secretsmanager")
    found = api.describe_secret(SecretId=name)["VersionIdsToStages"]
    assert {id_: sorted(stages) for id_, stages in found.items()} == {
        ids[2]: ["AWSPREVIOUS", f"offramp-{ids[2][:12]}"],
        ids[3]: ["AWSCURRENT", f"offramp-{ids[3][:12]}"],
    }
    for number, id_ in enumerate(ids):  # without a label, but younger than a day
        assert json.loads(api.get_secret_value(SecretId=name, VersionId=id_)["SecretString"]) == {"N": str(number)}


def pin(world: HerokuWorld, family: str, arn: str, version: str) -> None:
    """Register a task definition that names a version."""
    secrets = [{"name": "N", "valueFrom": f"{arn}:N::{version}"}]
    world.aws.client("ecs").register_task_definition(
        family=family,
        executionRoleArn="arn:aws:iam::123456789012:role/execution",
        containerDefinitions=[{"name": "web", "image": "i", "memory": 64, "secrets": secrets}],
    )


def test_what_a_task_definition_pins_keeps_its_label_or_gets_one(world: HerokuWorld, name: str) -> None:
    family, api = name.replace("/", "-"), world.aws.client("secretsmanager")
    world.set_config("bond-server", {"N": "ours"})
    ours = copy(world, name)["secret"]
    pin(world, family, ours["arn"], ours["version_id"])
    foreign = api.put_secret_value(SecretId=name, SecretString='{"N": "foreign"}')["VersionId"]
    pin(world, family, ours["arn"], foreign)
    for number in range(3):
        world.set_config("bond-server", {"N": str(number)})
        made = copy(world, name, keep_versions=2, families=[family, "not-there"], cluster="none", services=["none-web"])
        assert made["changed"], made
    found = api.describe_secret(SecretId=name)["VersionIdsToStages"]
    assert found[ours["version_id"]] == [f"offramp-{ours['version_id'][:12]}"]
    assert found[foreign] == [f"offramp-{foreign[:12]}"]
    assert len(found) == 4


def test_a_version_that_somebody_made_current_again_is_followed_by_a_new_one(world: HerokuWorld, name: str) -> None:
    first = copy(world, name)["secret"]["version_id"]
    world.set_config("bond-server", {**ODD, "TWO": "3"})
    second = copy(world, name)["secret"]["version_id"]
    move = {"VersionStage": "AWSCURRENT", "MoveToVersionId": first, "RemoveFromVersionId": second}
    world.aws.client("secretsmanager").update_secret_version_stage(SecretId=name, **move)
    made = copy(world, name)
    assert made["changed"], made
    assert content(world, name)["TWO"] == "3"
    assert made["secret"]["version_id"] not in (first, second)


def test_too_many_versions_in_a_day_are_refused_before_aws_does(world: HerokuWorld, name: str) -> None:
    copy(world, name)
    api = world.aws.client("secretsmanager")
    for number in range(99):
        api.put_secret_value(SecretId=name, SecretString=json.dumps({"N": str(number)}))
    with world.watched() as seen:
        refused = copy(world, name)
    assert "got 100 versions within 24 hours" in refused["msg"], refused
    assert "run again after 20" in refused["hint"]
    assert not [line for line in seen if line.startswith("write")]
    assert not copy(world, name, include=["N"], constants={"N": "98"})["changed"]


POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "secretsmanager:DeleteSecret", "Resource": "*"}],
}


def test_settings_are_there_from_the_start_and_then_only_looked_at(world: HerokuWorld, name: str) -> None:
    given = {
        "kms_key": "alias/ours",
        "replicas": [{"region": "eu-north-1"}, {"region": "eu-west-3", "kms_key": "alias/there"}],
        "policy": POLICY,
        "tags": {"team": "api"},
    }
    with world.watched() as seen:
        made = copy(world, name, **given)
    assert made["changed"], made
    assert [line for line in seen if line.startswith("write")] == [
        "write CreateSecret",
        "write PutResourcePolicy",
        "write PutSecretValue",
    ]
    found = world.aws.client("secretsmanager").describe_secret(SecretId=name)
    assert found["KmsKeyId"] == "alias/ours"
    assert {(each["Region"], each.get("KmsKeyId")) for each in found["ReplicationStatus"]} == {
        ("eu-north-1", None),
        ("eu-west-3", "alias/there"),
    }
    given["replicas"] = given["replicas"][::-1]  # type: ignore[index]
    with world.watched() as seen:
        assert not copy(world, name, **given)["changed"]
    assert seen == [*QUIET, "read DescribeSecret", "read GetResourcePolicy"]
    assert not copy(world, name)["changed"]


def test_settings_change_without_a_version(world: HerokuWorld, name: str) -> None:
    copy(world, name, replicas=[{"region": "eu-north-1"}], policy=POLICY)
    other = {"kms_key": "alias/other", "replicas": [{"region": "eu-west-3"}], "policy": {}, "tags": {"team": "web"}}
    dry = copy(world, name, dry=True, **other)
    with world.watched() as seen:
        real = copy(world, name, **other)
    assert dry["changes"] == real["changes"]
    assert sorted(line for line in seen if line.startswith("write")) == [
        "write DeleteResourcePolicy",
        "write RemoveRegionsFromReplication",
        "write ReplicateSecretToRegions",
        "write TagResource",
        "write UpdateSecret",
    ]
    assert versions(world, name) == 1
    assert copy(world, name, replicas=[])["changed"]
    found = world.aws.client("secretsmanager").describe_secret(SecretId=name)
    assert (found["KmsKeyId"], found.get("ReplicationStatus", [])) == ("alias/other", [])
    assert {"Key": "offramp:app", "Value": "bond-server"} in found["Tags"]


def test_a_drift_is_told_by_name(world: HerokuWorld, name: str) -> None:
    copy(world, name)
    there = {**{key: TRAVEL[key] for key in TRAVEL if key != "TWO"}, "APP": "value-of-drift", "MORE": "value-of-more"}
    world.aws.client("secretsmanager").put_secret_value(SecretId=name, SecretString=json.dumps(there))
    seen_in_survey = copy(world, name, dry=True)
    assert seen_in_survey["headline"][1:] == [
        f"Secret {name} is not in step with Heroku (differs: APP; missing on AWS: TWO; only on AWS: MORE)"
    ]
    states = {row["key"]: row["state"] for row in seen_in_survey["secret"]["decisions"]}
    assert (states["APP"], states["TWO"], states["EMPTY"], states["PORT"]) == (
        "differs",
        "missing on AWS",
        "equal",
        "",
    )
    assert "value-of" not in json.dumps(seen_in_survey)
    assert len(copy(world, name)["headline"]) == 1


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
    fresh = ["AWSCURRENT", *["AWSPREVIOUS"] * begun, *["offramp-"] * (1 + begun)]
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
            assert labels(world, name) == fresh
        else:
            assert number > (6 if begun else 7)
            return
    pytest.fail("the run never ends")
