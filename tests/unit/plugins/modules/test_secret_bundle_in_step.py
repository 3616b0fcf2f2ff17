"""Whatever is edited on either side: one copy brings the secret in step, a second finds it so, pins stay readable.

The rehearsal's Secrets Manager is stricter here than AWS's: it drops a version as soon as nothing labels it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from ansible_collections.offramp.ecs.plugins.modules import secret_bundle
from rehearsal.aws import secretsmanager
from tests.unit.plugins.heroku_world import HerokuWorld, heroku_world

KEEP = 2
_names = (f"rehearsal/in-step-{number}/config" for number in count())

KEYS = st.sampled_from(["A", "B", "LONG_KEY_2", "REDIS_URL", "PORT"]) | st.from_regex(
    "[A-Z_][A-Z0-9_]{0,20}", fullmatch=True
)
VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200)
MAPS = st.dictionaries(KEYS, VALUES, max_size=8)
EDITS = st.one_of(
    st.tuples(st.just("heroku"), MAPS),
    st.tuples(st.just("put"), MAPS),
    st.tuples(st.just("update"), MAPS),
    st.tuples(st.sampled_from(["reformat", "back", "none"]), st.just({})),
)
STEPS = st.lists(st.tuples(EDITS, st.booleans()), min_size=1, max_size=5)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HerokuWorld]:
    with heroku_world(tmp_path_factory.mktemp("world")) as made, pytest.MonkeyPatch.context() as patch:
        patch.setattr(secretsmanager, "UNLABELLED_KEPT", 0)
        patch.setattr(secretsmanager, "YOUNG_S", 0)
        yield made


class Play:
    """One secret, what is done to it, and the task definitions that pin it."""

    def __init__(self, world: HerokuWorld) -> None:
        self.world, self.name = world, next(_names)
        self.family = self.name.replace("/", "-")
        self.secrets, self.ecs = (world.aws.client(service) for service in ("secretsmanager", "ecs"))
        self.pinned: list[tuple[str, str]] = []

    def edit(self, kind: str, content: dict[str, str]) -> None:
        """What somebody does on either side."""
        if kind == "heroku":
            self.world.set_config("bond-server", content)
        elif kind == "put":
            self.secrets.put_secret_value(SecretId=self.name, SecretString=json.dumps(content))
        elif kind == "update":
            self.secrets.update_secret(SecretId=self.name, SecretString=json.dumps(content, indent=1))
        elif kind == "reformat":
            text = json.dumps(json.loads(self.text()), indent=2)
            self.secrets.put_secret_value(SecretId=self.name, SecretString=text)
        elif kind == "back":
            self._take_back()

    def _take_back(self) -> None:
        stages = self.secrets.describe_secret(SecretId=self.name)["VersionIdsToStages"]
        id_of = {label: id_ for id_, labels in stages.items() for label in labels}
        if "AWSPREVIOUS" in id_of:
            move = {"MoveToVersionId": id_of["AWSPREVIOUS"], "RemoveFromVersionId": id_of["AWSCURRENT"]}
            self.secrets.update_secret_version_stage(SecretId=self.name, VersionStage="AWSCURRENT", **move)

    def text(self, **version: str) -> str:
        return str(self.secrets.get_secret_value(SecretId=self.name, **version)["SecretString"])

    def copy(self) -> dict[str, Any]:
        return self.world.run(
            secret_bundle, app="bond-server", name=self.name, keep_versions=KEEP, families=[self.family]
        )

    def copy_twice(self) -> dict[str, Any]:
        """Copy; the secret is then as Heroku has it, and there is nothing more to do."""
        made = self.copy()
        assert not made["failed"], made
        with self.world.stage.heroku.store.lock:
            source = dict(self.world.stage.heroku.store.apps["bond-server"].config)
        left = {row["key"] for row in made["secret"]["refused"]}
        assert json.loads(self.text()) == {key: value for key, value in source.items() if key not in left}
        with self.world.watched() as seen:
            again = self.copy()
        assert (again["changed"], again["changes"]) == (False, [])
        assert not [line for line in seen if line.startswith("write")]
        return made

    def pin(self, made: dict[str, Any]) -> None:
        """Release: a task definition names the current version."""
        arn, version = made["secret"]["arn"], made["secret"]["version_id"]
        secret = {"name": "A", "valueFrom": f"{arn}:A::{version}"}
        self.ecs.register_task_definition(
            family=self.family,
            executionRoleArn="arn:aws:iam::123456789012:role/execution",
            containerDefinitions=[{"name": "web", "image": "i", "memory": 64, "secrets": [secret]}],
        )
        self.pinned.append((version, self.text(VersionId=version)))

    def check_pins(self) -> None:
        """The newest task definitions can still start tasks, with the configuration that they had."""
        for version, text in self.pinned[-KEEP:]:
            assert self.text(VersionId=version) == text


# Without shrinking: an example is a second of real requests, and a few short steps are readable as they are.
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(start=MAPS, steps=STEPS)
@example(
    start={"A": "1"},
    steps=[(("heroku", {"A": "2"}), True), (("back", {}), True), (("put", {"A": "3"}), True), (("back", {}), False)],
)
def test_any_edits_are_brought_in_step_and_pins_stay_readable(
    world: HerokuWorld, start: dict[str, str], steps: list[tuple[tuple[str, dict[str, str]], bool]]
) -> None:
    play = Play(world)
    world.set_config("bond-server", start)
    play.pin(play.copy_twice())
    for edit, released in steps:
        play.edit(*edit)
        made = play.copy_twice()
        play.check_pins()
        if released:
            play.pin(made)
    play.check_pins()
    stages = play.secrets.describe_secret(SecretId=play.name)["VersionIdsToStages"]
    assert sum(label.startswith("offramp-") for labels in stages.values() for label in labels) <= 2 * KEEP + 1


def test_the_strict_manager_drops_what_nothing_labels(world: HerokuWorld) -> None:
    """Else the proof above would prove nothing."""
    play = Play(world)
    world.set_config("bond-server", {"A": "0"})
    first = play.copy_twice()["secret"]["version_id"]
    for number in range(1, 4):
        world.set_config("bond-server", {"A": str(number)})
        play.copy_twice()
    with pytest.raises(play.secrets.exceptions.ResourceNotFoundException):
        play.text(VersionId=first)
