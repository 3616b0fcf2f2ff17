"""ecs_task_run against the rehearsal's ECS: tasks that really run, end well, fail, and are found again."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.modules import ecs_service, ecs_task_run
from tests.unit.plugins.ecs_ground import EcsGround
from tests.unit.plugins.ecs_parts import process
from tests.unit.plugins.stack_world import REGION, StackWorld, stack_world

SECRET, PASSWORD = "test/bond/config", "hunter2-is-no-word"
MIGRATE = "node migrate.js"
COMMANDS: dict[str, Any] = {
    MIGRATE: {"says": f"migrating\nwith {PASSWORD}\nmigrated"},
    "node count.js --all": {"says": "there are 7"},
    "sh -c 'exit 3'": {"exit_code": 3, "says": "this goes wrong"},
    "node slow.js": {"seconds": 1.5},
}
BAD = {**COMMANDS, MIGRATE: {"exit_code": 5, "says": "no such column"}}
IMAGES = {"bond": {"v1": {"commands": COMMANDS}, "v2": {"commands": COMMANDS}, "v3": {"commands": BAD}}}


class Killed(BaseException):
    """The end of a run."""


class Ground(EcsGround):
    """An account with a service "bond-worker", and the task that runs before it is released."""

    def __init__(self, world: StackWorld) -> None:
        super().__init__(world, "offramp-test", "bond")
        self.cluster, self.prefix = "", ""
        world.client("secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps({"PASSWORD": PASSWORD}))

    def begin(self, number: int) -> None:
        """Go on in a cluster of its own, with families that nobody else has."""
        self.cluster, self.prefix = f"offramp-{number}", f"test-bond-{number}"
        self.world.client("ecs").create_cluster(clusterName=self.cluster)

    def revision(self, name: str, tag: str, *, dry: bool = False, **settings: Any) -> str:
        """The revision of a process type; its ARN."""
        kind = {"container": name, "process": process(**settings)}
        made = self.definition(f"{self.prefix}-{name}", tag, secret=SECRET, dry=dry, **kind)
        assert not made["failed"], made
        return str(made["task_definition"]["arn"])

    def gate(self, tag: str, *, dry: bool = False, command: str = MIGRATE, **given: Any) -> dict[str, Any]:
        """The task before the release of an image."""
        return self.world.run(
            ecs_task_run,
            dry=dry,
            name="release of bond",
            cluster=self.cluster,
            task_definition=self.revision("release", tag, dry=dry, command=command.split()),
            container="release",
            subnets=[self.subnet],
            security_groups=[self.group],
            services=["bond-worker"],
            releases=[self.revision("worker", tag, dry=dry)],
            **given,
        )

    def serve(self, tag: str) -> None:
        """Release an image, and wait until it is what runs."""
        served = self.world.run(
            ecs_service,
            cluster=self.cluster,
            name="bond-worker",
            task_definition=self.revision("worker", tag),
            container="worker",
            process=process(),
            subnets=[self.subnet],
            security_groups=[self.group],
        )
        assert not served["failed"], served
        waiter = self.world.client("ecs").get_waiter("services_stable")
        waiter.wait(cluster=self.cluster, services=["bond-worker"], WaiterConfig={"Delay": 1})

    def one_off(self, command: Any, *, dry: bool = False, service: str = "bond-worker") -> dict[str, Any]:
        """A command with what serves."""
        return self.world.run(
            ecs_task_run, dry=dry, name="one-off task of bond", cluster=self.cluster, service=service, command=command
        )

    def tasks(self, name: str = "release") -> set[str]:
        """All tasks of a process type that ECS still knows."""
        ecs = self.world.client("ecs")
        found: set[str] = set()
        for status in ("RUNNING", "STOPPED"):
            found |= set(
                ecs.list_tasks(cluster=self.cluster, family=f"{self.prefix}-{name}", desiredStatus=status)["taskArns"]
            )
        return found


@pytest.fixture(scope="module")
def grounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ground, Iterator[int]]]:
    with stack_world(tmp_path_factory.mktemp("aws"), images=IMAGES) as made:
        yield Ground(made), count()


@pytest.fixture
def ground(grounds: tuple[Ground, Iterator[int]]) -> Ground:
    """The ground, with a cluster of the test's own."""
    found, numbers = grounds
    found.begin(next(numbers))
    return found


def test_a_release_task_runs_once_before_its_release_and_never_without_one(ground: Ground) -> None:
    ran = ground.gate("v1")
    assert not ran["failed"], ran
    assert [change["target"] for change in ran["changes"]] == ["ECS task release of bond"]
    assert (ran["run"]["verdict"], ran["run"]["exit_code"]) == ("good", 0)
    assert ran["run"]["log"][-2:] == ["with (value of PASSWORD)", "migrated"]
    assert not ground.gate("v1")["changed"], "the services do not have it yet, and it has run"
    ground.serve("v1")
    with ground.world.watched() as seen:
        again = ground.gate("v1")
    assert again["run"]["verdict"] == "not_due"
    assert seen[-1:] == ["read DescribeServices"]
    assert [each for each in seen if not each.startswith("read")] == []
    assert len(ground.tasks()) == 1


def test_going_to_and_fro_is_a_release_each_time(ground: Ground) -> None:
    for tag in ("v1", "v2", "v1"):
        ran = ground.gate(tag)
        assert ran["changed"], tag
        assert not ran["failed"], ran
        ground.serve(tag)
    assert len(ground.tasks()) == 3


def test_a_release_that_reached_some_services_alone_does_not_run_it_again(ground: Ground) -> None:
    ground.serve("v1")
    ecs = ground.world.client("ecs")
    other = {"cluster": ground.cluster, "serviceName": "bond-clock", "desiredCount": 0, "launchType": "FARGATE"}
    network = {"awsvpcConfiguration": {"subnets": [ground.subnet]}}
    ecs.create_service(**other, taskDefinition=ground.revision("clock", "v1"), networkConfiguration=network)

    def gate() -> dict[str, Any]:
        return ground.world.run(
            ecs_task_run,
            name="release of bond",
            cluster=ground.cluster,
            task_definition=ground.revision("release", "v2", command=MIGRATE.split()),
            container="release",
            subnets=[ground.subnet],
            services=["bond-worker", "bond-clock"],
            releases=[ground.revision("worker", "v2"), ground.revision("clock", "v2")],
        )

    assert gate()["changed"]
    ground.serve("v2")
    half = gate()
    assert (half["changed"], half["run"]["verdict"]) == (False, "good")
    assert len(ground.tasks()) == 1


def test_a_release_task_that_fails_says_why_and_is_run_anew_by_the_next_run(ground: Ground) -> None:
    failed = ground.gate("v3")
    assert failed["kind"] == "verdict"
    assert failed["msg"].startswith(
        "ECS task release of bond failed: Essential container in task exited, exit code 5. No service was touched."
    )
    assert "Read its last log lines" in failed["hint"]
    assert failed["run"]["log"][-1] == "no such column"
    assert (failed["run"]["verdict"], failed["run"]["exit_code"]) == ("failed", 5)
    again = ground.gate("v3")
    assert again["failed"]
    assert len(ground.tasks()) == 2


def test_a_command_that_the_image_does_not_have_is_told(ground: Ground) -> None:
    ground.serve("v1")
    failed = ground.one_off("nodde count.js")
    assert "executable file not found" in failed["msg"]
    assert "no such command" in failed["hint"]


@pytest.mark.parametrize("seconds", [0.0, 2.5], ids=["while it runs", "when it has ended"])
def test_a_run_that_was_killed_after_the_start_is_taken_up(
    ground: Ground, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(api: Any, change: Any) -> None:
        ecs_task_run.start(api, change)
        raise Killed

    killed = replace(ecs_task_run.MODULE, apply={"start": dies})
    monkeypatch.setattr(ecs_task_run, "MODULE", killed)
    with pytest.raises(Killed):
        ground.gate("v1", command="node slow.js")
    monkeypatch.undo()
    time.sleep(seconds)
    taken_up = ground.gate("v1", command="node slow.js")
    assert not taken_up["failed"], taken_up
    assert (taken_up["changed"], taken_up["run"]["verdict"]) == (False, "good")
    assert len(ground.tasks()) == 1


def test_a_task_that_is_not_listed_yet_is_not_started_twice(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(_self: Any, *_about: Any) -> tuple[list[Any], float]:
        return [], time.time()

    monkeypatch.setattr("ansible_collections.offramp.ecs.plugins.module_utils.aws.ecs.Ecs.tasks_of_family", nothing)
    assert not ground.gate("v1")["failed"]
    assert not ground.gate("v1")["failed"]
    assert len(ground.tasks()) == 1


def test_a_dry_run_lists_the_same_and_runs_nothing(ground: Ground) -> None:
    with ground.world.watched() as seen:
        dry = ground.gate("v1", dry=True)
    assert [change["target"] for change in dry["changes"]] == ["ECS task release of bond"]
    assert dry["run"]["verdict"] == "coming"
    assert [each for each in seen if not each.startswith("read")] == []
    assert [change["target"] for change in ground.gate("v1")["changes"]] == ["ECS task release of bond"]


def test_a_one_off_task_runs_what_serves_each_time_anew(ground: Ground) -> None:
    ground.serve("v2")
    for _ in range(2):
        ran = ground.one_off("node count.js --all")
        assert not ran["failed"], ran
        assert ran["run"]["log"][-1] == "there are 7"
        assert ran["run"]["task_definition"] == ground.revision("worker", "v2")
    assert len(ground.tasks("worker")) == 3
    failed = ground.one_off(["sh", "-c", "exit 3"])
    assert (failed["kind"], failed["run"]["exit_code"]) == ("verdict", 3)
    assert "exit code 3" in failed["msg"]
    assert "No service was touched" not in failed["msg"]


def test_a_one_off_task_foresees_itself(ground: Ground) -> None:
    ground.serve("v1")
    dry = ground.one_off("node count.js --all", dry=True)
    assert dry["changes"][0]["after"] == {
        "task definition": f"{ground.prefix}-worker:1",
        "command": ["node", "count.js", "--all"],
    }
    assert ground.tasks("worker") != set()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"command": ""}, "It is not said what ECS task one-off task of bond is to run."),
        ({"command": "echo 'oops"}, "The command echo 'oops cannot be read: no closing quotation."),
        ({"command": 7}, "7 is no command."),
        ({"command": "x" * 9000}, "ECS takes about 8000."),
        ({"command": "ls", "service": "bond-nobody"}, "ECS service bond-nobody does not exist, so there is no release"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(ground: Ground, given: dict[str, Any], said: str) -> None:
    with ground.world.watched() as seen:
        refused = ground.one_off(**given)
    assert refused["kind"] in ("bad_input", "missing")
    assert said in refused["msg"]
    assert [each for each in seen if not each.startswith("read")] == []


def test_the_door_is_asked(ground: Ground) -> None:
    gone = runner.Orders(dry=False, say=lambda _line: None, alive=lambda: False)
    params = {
        **{name: option.get("default") for name, option in ecs_task_run.SPEC["argument_spec"].items()},
        "region": REGION,
        "name": "x",
        "cluster": ground.cluster,
        "task_definition": ground.revision("release", "v1", command=MIGRATE.split()),
        "subnets": [ground.subnet],
    }
    assert runner.run(ecs_task_run.MODULE, params, gone)["kind"] == "door_shut"
    assert ground.tasks() == set()
