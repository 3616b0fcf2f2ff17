"""release.yml with a release task and jobs, and run.yml: in a small world, by playbooks. The services are workers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.requestlog import read_log
from tests.unit.plugins.ecs_ground import TRUST, EcsGround
from tests.unit.plugins.stack_world import StackWorld, stack_world

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
CLUSTER, SECRET = "offramp-staging", "staging/bond/config"
MIGRATE, COUNT = "node migrate.js", "node count.js --all"
GOOD: dict[str, Any] = {"commands": {MIGRATE: {"says": "2 migrations"}, COUNT: {"says": "there are 7"}}}
BAD = {"commands": {MIGRATE: {"exit_code": 4, "says": "no column named email"}}}
IMAGES = {"bond": {"v1": GOOD, "v2": GOOD, "v3": BAD}}
SHARED = {
    "ansible_connection": "local",
    "offramp_stage": "staging",
    "offramp_region": "eu-west-1",
    "offramp_app": "bond",
    "offramp_cluster": CLUSTER,
    "release_image": "v1",
    "release_processes": {
        "release": {"command": MIGRATE.split(), "size": "standard-1x"},
        "worker": {"size": "standard-2x"},
    },
    "release_jobs": [{"name": "nightly", "when": "cron(30 3 * * ? *)", "process": {"command": COUNT.split()}}],
    "release_environment": {"APP_VERSION": "{{ release_image }}"},
    "release_watch_alarms": False,
    "release_public_ip": True,
    "release_within": 60,
    "release_every": 0.2,
    "release_steady": 0,
    "run_process": "worker",
    "run_every": 0.2,
}
ROLES = ("ExecutionRoleArn", "TaskRoleArn", "SchedulerRoleArn")
OUTPUTS = (*ROLES, "RepositoryUri", "TaskSecurityGroupId", "LogGroupName")
LOCKING = ("PutParameter", "DeleteParameter")
BALANCING = ("LoadBalancerFullName", "TargetGroupArn", "TargetGroupFullName")


class Place:
    """AWS with the ground of an app, and ansible-playbook in it."""

    def __init__(self, world: StackWorld, directory: Path) -> None:
        self.world, self.ledger = world, directory / "ledger"
        ground = EcsGround(world, CLUSTER, "bond")
        ground.open_up()
        trust = json.dumps(TRUST).replace("ecs-tasks", "scheduler")
        clock = world.client("iam").create_role(RoleName="clock", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        values = (ground.role, ground.role, clock, ground.repository, ground.group, "/bond")
        self._make_stack(dict(zip(OUTPUTS, values, strict=True)))
        world.client("secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps({"APP": "value-of-app"}))
        self._inventory = directory / "inventory.json"
        variables = {**SHARED, "offramp_private_subnet_ids": [ground.subnet]}
        apps: dict[str, Any] = {"apps": {"hosts": {"bond": {}}}}
        self._inventory.write_text(json.dumps({"all": {"vars": variables, "children": apps}}), encoding="utf-8")

    def _make_stack(self, outputs: dict[str, str]) -> None:
        body = {
            "Resources": {"Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/unused"}}},
            "Outputs": {name: {"Value": outputs.get(name, "none")} for name in (*OUTPUTS, *BALANCING)},
        }
        api, name = self.world.client("cloudformation"), "offramp-staging-bond"
        api.create_stack(StackName=name, TemplateBody=json.dumps(body))
        api.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})

    def play(self, playbook: str, *options: str, code: int = 0) -> tuple[str, Counter[str]]:
        """(what a person sees, the writes but for those of the app's lock)."""
        before = len(list(read_log(self.world.log.path)))
        command = [str(BIN / "ansible-playbook"), f"playbooks/{playbook}.yml", "-i", str(self._inventory), *options]
        given = {**os.environ, "ANSIBLE_FORCE_COLOR": "0", "OFFRAMP_LEDGER": str(self.ledger)}
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=given, check=False)
        told = done.stdout + done.stderr
        assert done.returncode == code, told
        assert "Traceback" not in told
        made = list(read_log(self.world.log.path))[before:]
        ours = [entry for entry in made if entry.caller.startswith("offramp.ecs/") and entry.kind == "write"]
        return told, Counter(entry.operation for entry in ours if entry.operation not in LOCKING)

    def serving(self) -> str:
        """The revision at which the worker stands."""
        told = self.world.client("ecs").describe_services(cluster=CLUSTER, services=["bond-worker"])["services"][0]
        return str(told["taskDefinition"].rpartition("/")[2])

    def job(self) -> dict[str, Any]:
        """The schedule of the nightly job."""
        api = self.world.client("scheduler")
        return dict(api.get_schedule(Name="nightly", GroupName="offramp-staging-bond"))

    def lines(self) -> str:
        """Everything in the ledger."""
        return "".join(path.read_text(encoding="utf-8") for path in sorted(self.ledger.glob("*.jsonl")))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("place")
    with stack_world(directory, images=IMAGES) as world:
        yield Place(world, directory)


@pytest.fixture(scope="module")
def released(place: Place) -> Place:
    """v1 is released, after a dry run."""
    dry, writes = place.play("release", "--check", "--diff")
    assert writes == Counter()
    assert "+ start ECS task release of bond" in dry
    told, writes = place.play("release", "--diff")
    assert "+ start ECS task release of bond" in told
    assert (writes["RunTask"], writes["CreateService"], writes["CreateSchedule"]) == (1, 1, 1)
    return place


def test_a_release_runs_its_task_before_its_services_and_moves_its_jobs(released: Place) -> None:
    lock, task, service = (
        min(entry.at for entry in read_log(released.world.log.path) if entry.operation == operation)
        for operation in ("PutParameter", "RunTask", "CreateService")
    )
    assert lock < task < service
    assert released.job()["State"] == "DISABLED"
    ecs = released.world.client("ecs")
    assert ecs.describe_task_definition(taskDefinition="staging-bond-worker")["taskDefinition"]["cpu"] == "512"


def test_the_same_again_runs_no_task_and_writes_nothing(released: Place) -> None:
    told, writes = released.play("release")
    assert (writes, "changed=0" in told) == (Counter(), True)


def test_a_release_task_that_fails_leaves_all_as_it_was(released: Place) -> None:
    before, job = released.serving(), released.job()["Target"]["EcsParameters"]["TaskDefinitionArn"]
    told, writes = released.play("release", "-e", "release_image=v3", code=2)
    assert "ECS task release of bond failed: Essential container in task exited, exit code 4." in told
    assert "No service was touched." in told
    assert "no column named email" in told
    assert set(writes) == {"RegisterTaskDefinition", "RunTask"}
    assert released.serving() == before
    assert released.job()["Target"]["EcsParameters"]["TaskDefinitionArn"] == job
    assert '"exit_code": 4' in released.lines()
    assert "no column" not in released.lines()


def test_the_next_release_moves_services_and_jobs_and_so_does_going_back_which_runs_no_task(released: Place) -> None:
    first = released.job()["Target"]["EcsParameters"]["TaskDefinitionArn"]
    _, writes = released.play("release", "-e", "release_image=v2", "-e", "release_jobs_owner=aws")
    assert (writes["RunTask"], writes["UpdateService"], writes["UpdateSchedule"]) == (1, 1, 1)
    assert released.job()["State"] == "ENABLED"
    _, writes = released.play("release", "-e", "release_to=current", "-e", "release_jobs_owner=aws")
    assert writes == Counter(), "jobs and release task are of what runs, v2, and not of the inventory's v1"
    _, writes = released.play("release", "-e", "release_to=previous", "-e", "release_jobs_owner=aws")
    assert writes == Counter({"UpdateService": 1, "UpdateSchedule": 1})
    assert released.job()["Target"]["EcsParameters"]["TaskDefinitionArn"] == first


def test_a_one_off_command_shows_what_it_printed_and_fails_with_its_exit_code(released: Place) -> None:
    told, writes = released.play("run", "-e", f"run_command='{COUNT}'")
    assert ("there are 7" in told, writes) == (True, Counter({"RunTask": 1}))
    told, writes = released.play("run", "-e", f"run_command='{COUNT}'", "--check")
    assert writes == Counter()
    told, _ = released.play("run", "-e", "run_command='rm nothing'", code=2)
    assert "executable file not found" in told


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "It is not said what ECS task one-off task of bond is to run."),
        (["-e", "run_process=wurker", "-e", "run_command=ls"], "ECS service bond-wurker does not exist"),
    ],
    ids=["no command", "no such process"],
)
def test_a_mistake_is_one_sentence(released: Place, options: list[str], said: str) -> None:
    told, writes = released.play("run", *options, code=2)
    assert said in told
    assert writes == Counter()
