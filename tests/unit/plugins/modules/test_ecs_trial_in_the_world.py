"""ecs_trial against the rehearsal's ECS: tasks that really run beside a service, live or die, and are ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.modules import ecs_service, ecs_trial
from tests.unit.plugins.ecs_ground import EcsGround
from tests.unit.plugins.ecs_parts import process
from tests.unit.plugins.stack_world import StackWorld, stack_world

SECRET, PASSWORD = "test/bond/config", "hunter2-is-no-word"
IMAGES = {"bond": {"v1": {}, "v2": {}, "v3": {"dies_after": 1.0, "tells_environment": True}}}
PORT = 8080


class Killed(BaseException):
    """The end of a run."""


class Ground(EcsGround):
    """An account with a service "bond-web"."""

    def __init__(self, world: StackWorld) -> None:
        super().__init__(world, "offramp-test", "bond")
        self.cluster, self.prefix = "", ""
        world.client("secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps({"PASSWORD": PASSWORD}))

    def begin(self, number: int) -> None:
        """Go on in a cluster of its own, with a family that nobody else has."""
        self.cluster, self.prefix = f"offramp-{number}", f"test-bond-{number}"
        self.world.client("ecs").create_cluster(clusterName=self.cluster)

    def revision(self, tag: str) -> str:
        """The revision of the web process; its ARN."""
        web = {"container": "web", "process": process(port=PORT)}
        made = self.definition(f"{self.prefix}-web", tag, secret=SECRET, **web)
        return str(made["task_definition"]["arn"])

    def serve(self, tag: str) -> None:
        """Let an image be what serves; nobody's load balancer is needed for that."""
        served = self.world.run(
            ecs_service,
            cluster=self.cluster,
            name="bond-web",
            task_definition=self.revision(tag),
            container="web",
            process=process(),
            subnets=[self.subnet],
            security_groups=[self.group],
        )
        assert not served["failed"], served
        waiter = self.world.client("ecs").get_waiter("services_stable")
        waiter.wait(cluster=self.cluster, services=["bond-web"], WaiterConfig={"Delay": 1})

    def tried(self, tag: str, *, dry: bool = False, port: int = PORT, **given: Any) -> dict[str, Any]:
        """A trial of an image."""
        return self.world.run(
            ecs_trial,
            dry=dry,
            cluster=self.cluster,
            service="bond-web",
            task_definition=self.revision(tag),
            container="web",
            process=process(port=port),
            subnets=[self.subnet],
            security_groups=[self.group],
            **{"seconds": 2.0, **given},
        )

    def alone(self) -> list[dict[str, Any]]:
        """The tasks that run without a service."""
        ecs = self.world.client("ecs")
        listed = ecs.list_tasks(cluster=self.cluster, family=f"{self.prefix}-web")["taskArns"]
        found = ecs.describe_tasks(cluster=self.cluster, tasks=listed)["tasks"] if listed else []
        return [each for each in found if not each["group"].startswith("service:")]


@pytest.fixture(scope="module")
def grounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ground, Iterator[int]]]:
    with stack_world(tmp_path_factory.mktemp("aws"), images=IMAGES) as made:
        yield Ground(made), count()


@pytest.fixture
def ground(grounds: tuple[Ground, Iterator[int]]) -> Ground:
    """The ground, in a cluster of the test's own where v1 serves."""
    found, numbers = grounds
    found.begin(next(numbers))
    found.serve("v1")
    return found


def test_a_build_that_lives_passes_is_ended_and_is_not_tried_again(ground: Ground) -> None:
    tried = ground.tried("v2")
    assert not tried["failed"], tried
    assert (tried["changed"], tried["trial"]["verdict"]) == (True, "passed")
    assert tried["headline"][-1].endswith(":2 passed, 2 s without traffic")
    assert len(ground.alone()) == 1
    ended = ground.tried("v2", state="ended")
    assert [change["verb"] for change in ended["changes"]] == ["stop"]
    assert ground.alone() == []
    again = ground.tried("v2")
    assert (again["changed"], again["trial"]["verdict"]) == (False, "passed"), (
        "it passed, and the service has it not yet"
    )
    assert not ground.tried("v2", state="ended")["changed"]


def test_a_build_that_dies_fails_says_why_and_shows_no_secret(ground: Ground) -> None:
    tried = ground.tried("v3", seconds=20.0)
    assert tried["kind"] == "verdict"
    assert tried["msg"].startswith(
        "ECS trial of bond-web failed: Essential container in task exited, exit code 1. No service was touched."
    )
    assert any("(value of PASSWORD)" in line for line in tried["trial"]["log"])
    assert PASSWORD not in json.dumps(tried)
    assert ground.tried("v3", seconds=20.0)["changed"], "it is tried anew"


def test_a_trial_that_was_cut_off_is_taken_up(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(api: Any, change: Any) -> None:
        ecs_trial.start(api, change)
        raise Killed

    monkeypatch.setattr(ecs_trial, "MODULE", replace(ecs_trial.MODULE, apply={"start": dies}))
    with pytest.raises(Killed):
        ground.tried("v2")
    monkeypatch.undo()
    (left,) = ground.alone()
    tried = ground.tried("v2")
    assert (tried["changed"], tried["trial"]["verdict"]) == (False, "passed")
    assert tried["trial"]["task"] == left["taskArn"].rpartition("/")[2]


def test_the_end_takes_what_trials_of_other_revisions_left(ground: Ground) -> None:
    ground.tried("v2")
    assert ground.tried("v1", state="ended")["changed"]
    assert ground.alone() == []


@pytest.mark.parametrize(("tag", "port"), [("v1", PORT), ("v2", 0)], ids=["nothing new", "no traffic"])
def test_nothing_is_tried_where_nobody_could_be_harmed(ground: Ground, tag: str, port: int) -> None:
    ground.revision(tag)
    with ground.world.watched() as seen:
        tried = ground.tried(tag, port=port)
    assert (tried["changed"], tried["trial"]["verdict"]) == (False, "not_due")
    assert [each for each in seen if not each.startswith("read")] == []


def test_a_dry_run_lists_the_same_and_tries_nothing(ground: Ground) -> None:
    dry = ground.tried("v2", dry=True)
    assert (dry["failed"], dry["trial"]["verdict"]) == (False, "coming")
    assert ground.alone() == []
    ends = ground.tried("v2", state="ended", foreseen="coming", dry=True)
    assert dry["changes"] == ground.tried("v2")["changes"]
    assert ends["changes"] == ground.tried("v2", state="ended", foreseen="passed")["changes"]
    assert ground.alone() == []
