"""ecs_schedule against the rehearsal's EventBridge Scheduler, whose schedules run tasks in its ECS."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws.job_schedules import JobSchedules
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Denied
from ansible_collections.offramp.ecs.plugins.modules import ecs_schedule
from rehearsal.faults import Faults, Rule
from tests.unit.plugins.ecs_ground import TRUST, EcsGround
from tests.unit.plugins.stack_world import REGION, StackWorld, stack_world

CLUSTER, GROUP = "offramp-test", "offramp-test-bond"
NIGHTLY = {
    "name": "nightly",
    "when": "cron(30 3 * * ? *)",
    "timezone": "Europe/Tallinn",
    "process": {"command": ["node", "nightly.js"]},
}
HOURLY = {**NIGHTLY, "name": "hourly", "when": "rate(1 hour)"}
IMAGES = {"bond": {"v1": {"commands": {"node nightly.js": {"says": "done"}}}}}


def soon() -> dict[str, Any]:
    """A job that is due once, in a second or two."""
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=2)
    return {**NIGHTLY, "name": "once", "when": f"at({moment:%Y-%m-%dT%H:%M:%S})", "timezone": "UTC"}


class Ground(EcsGround):
    """An account with a role for EventBridge Scheduler, and revisions to run."""

    def __init__(self, world: StackWorld) -> None:
        super().__init__(world, CLUSTER, "bond")
        trust = json.dumps(TRUST).replace("ecs-tasks", "scheduler")
        made = world.client("iam").create_role(RoleName="clock", AssumeRolePolicyDocument=trust)
        self.clock = made["Role"]["Arn"]

    def revision(self) -> str:
        """A new revision of the job's task definition."""
        made = self.world.client("ecs").register_task_definition(
            family="test-bond-job-nightly",
            containerDefinitions=[
                {"name": "nightly", "image": f"{self.repository}:v1", "command": ["node", "nightly.js"]}
            ],
            executionRoleArn=self.role,
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
        )
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def keep(self, *jobs: dict[str, Any], revision: str = "", dry: bool = False, **given: Any) -> dict[str, Any]:
        """The jobs, all of one revision."""
        options = {
            "group": GROUP,
            "jobs": list(jobs),
            "task_definitions": [revision] * len(jobs),
            "cluster": CLUSTER,
            "role_arn": self.clock,
            "subnets": [self.subnet],
            "security_groups": [self.group],
            "tags": {"offramp": "test"},
        }
        return self.world.run(ecs_schedule, dry=dry, **{**options, **given})

    def schedules(self) -> dict[str, Any]:
        """What stands in the group."""
        return JobSchedules(REGION, _no_door()).look(GROUP) or {}

    def tasks(self) -> list[Any]:
        """All tasks that ECS knows."""
        ecs = self.world.client("ecs")
        arns = [
            arn
            for status in ("RUNNING", "STOPPED")
            for arn in ecs.list_tasks(cluster=CLUSTER, desiredStatus=status)["taskArns"]
        ]
        return list(ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"]) if arns else []


def _no_door() -> Any:
    from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door

    return Door(shut=True, ordered_by="a test")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with stack_world(tmp_path_factory.mktemp("aws"), images=IMAGES) as world:
        yield Ground(world)


@pytest.fixture
def ground(made: Ground) -> Iterator[Ground]:
    yield made
    api = made.world.client("scheduler")
    if GROUP in [each["Name"] for each in api.list_schedule_groups()["ScheduleGroups"]]:
        api.delete_schedule_group(Name=GROUP)


def eventually(holds: Callable[[], bool], within: float = 15.0) -> None:
    until = time.monotonic() + within
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.1)


def test_jobs_are_made_disabled_and_then_left_alone(ground: Ground) -> None:
    revision = ground.revision()
    made = ground.keep(NIGHTLY, HOURLY, revision=revision)
    assert not made["failed"], made
    assert [change["target"] for change in made["changes"]] == [
        f"schedule group {GROUP}",
        f"schedule nightly of group {GROUP}",
        f"schedule hourly of group {GROUP}",
    ]
    found = ground.schedules()["nightly"]
    assert (found["State"], found["ScheduleExpressionTimezone"]) == ("DISABLED", "Europe/Tallinn")
    assert found["Target"]["EcsParameters"]["TaskDefinitionArn"] == revision
    assert found["Target"]["Arn"].endswith(f":cluster/{CLUSTER}")
    assert made["headline"] == [
        f"Schedule group {GROUP}: jobs nightly, hourly are disabled, since Heroku's Scheduler owns them"
    ]
    with ground.world.watched() as seen:
        assert not ground.keep(NIGHTLY, HOURLY, revision=revision)["changed"]
    assert seen == ["read ListSchedules", "read GetSchedule", "read GetSchedule"]


def test_a_release_moves_them_and_the_owner_switches_them(ground: Ground) -> None:
    ground.keep(NIGHTLY, revision=ground.revision())
    newer = ground.revision()
    moved = ground.keep(NIGHTLY, revision=newer)
    assert [change["verb"] for change in moved["changes"]] == ["update"]
    assert ground.schedules()["nightly"]["Target"]["EcsParameters"]["TaskDefinitionArn"] == newer
    assert ground.keep(NIGHTLY, revision=newer, owner="aws")["changed"]
    assert ground.schedules()["nightly"]["State"] == "ENABLED"
    assert ground.keep(NIGHTLY, revision=newer)["changed"]
    assert ground.schedules()["nightly"]["State"] == "DISABLED"


def test_what_is_no_longer_wanted_goes_and_nothing_of_others(ground: Ground) -> None:
    revision = ground.revision()
    ground.keep(NIGHTLY, HOURLY, revision=revision)
    api, known = ground.world.client("scheduler"), ground.schedules()["nightly"]
    told = {key: known[key] for key in ("ScheduleExpression", "FlexibleTimeWindow", "Target")}
    api.create_schedule(Name="somebodys", **told)
    gone = ground.keep()
    assert [(change["verb"], change["target"]) for change in gone["changes"]] == [
        ("delete", f"schedule hourly of group {GROUP}"),
        ("delete", f"schedule nightly of group {GROUP}"),
    ]
    assert [each["Name"] for each in api.list_schedules()["Schedules"]] == ["somebodys"]
    api.delete_schedule(Name="somebodys")


def test_without_jobs_one_read_is_all(ground: Ground) -> None:
    with ground.world.watched() as seen:
        nothing = ground.keep(role_arn="")
    assert (nothing["changed"], nothing["headline"], seen) == (False, [], ["read ListSchedules"])


def test_who_wants_no_jobs_need_not_be_allowed_to_look(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: Any) -> None:
        raise Denied("no")

    monkeypatch.setattr(JobSchedules, "look", denied)
    told = ground.keep()
    assert (told["failed"], told["schedules"]["checked"]) == (False, False)
    assert "not checked" in told["headline"][0]
    assert ground.keep(NIGHTLY, revision=ground.revision())["kind"] == "denied"


def test_a_dry_run_lists_the_same_and_makes_nothing(ground: Ground) -> None:
    unknown = "(known after apply: ARN of task definition x; by playbooks/release.yml)"
    with ground.world.watched() as seen:
        dry = ground.keep(NIGHTLY, revision=unknown, dry=True)
    assert seen == ["read ListSchedules"]
    assert dry["schedules"]["jobs"]["nightly"]["task definition"] == unknown
    real = ground.keep(NIGHTLY, revision=ground.revision())
    targets = [[change["target"] for change in each["changes"]] for each in (dry, real)]
    assert targets[0] == targets[1]


def test_an_enabled_job_runs_once_and_a_disabled_one_never(ground: Ground) -> None:
    revision, job = ground.revision(), soon()
    disabled = {**job, "name": "disabled"}
    assert not ground.keep(disabled, revision=revision)["failed"]
    before = len(ground.tasks())
    api, told = ground.world.client("scheduler"), ground.schedules()["disabled"]
    enabled = {key: told[key] for key in ("ScheduleExpression", "FlexibleTimeWindow", "Target")}
    api.create_schedule(Name="once", GroupName=GROUP, State="ENABLED", **enabled)
    eventually(lambda: len(ground.tasks()) > before)
    eventually(lambda: all(task["lastStatus"] == "STOPPED" for task in ground.tasks()))
    time.sleep(1.0)
    ran = ground.tasks()[before:] if before else ground.tasks()
    assert [task["startedBy"] for task in ran] == ["chronos-schedule/once"]
    assert ran[0]["containers"][0]["exitCode"] == 0
    assert ran[0]["taskDefinitionArn"] == revision


@pytest.mark.parametrize("operation", ["ListSchedules", "CreateScheduleGroup", "CreateSchedule"])
def test_nonsense_in_place_of_an_answer_is_one_sentence(ground: Ground, operation: str) -> None:
    revision = ground.revision()
    ground.world.log.faults = Faults([Rule(operation=operation, answer="garbage")])
    failed = ground.keep(NIGHTLY, revision=revision)
    ground.world.log.faults = Faults()
    assert (failed["kind"], "does not answer as AWS does" in failed["msg"]) == ("unreachable", True)
    assert not ground.keep(NIGHTLY, revision=revision)["failed"]


def test_a_lost_answer_makes_nothing_twice(ground: Ground) -> None:
    api = ground.world.client("scheduler")
    first = api.create_schedule_group(Name=GROUP, ClientToken="one")
    assert api.create_schedule_group(Name=GROUP, ClientToken="one")["ScheduleGroupArn"] == first["ScheduleGroupArn"]
    with pytest.raises(api.exceptions.ConflictException):
        api.create_schedule_group(Name=GROUP, ClientToken="two")


@pytest.mark.parametrize(
    ("given", "kind", "said"),
    [
        ({"job": {**NIGHTLY, "when": "0 3 * * *"}}, "bad_input", "Job nightly cannot run at '0 3 * * *'. Use cron("),
        ({"job": {**NIGHTLY, "name": "night run"}}, "bad_input", "'night run' cannot be the name of a job."),
        ({"job": {**NIGHTLY, "process": {}}}, "bad_input", "Job nightly has no command: it must end by itself."),
        ({"job": {**NIGHTLY, "process": {"comand": ["x"]}}}, "bad_input", "comand"),
        ({"job": {**NIGHTLY, "process": {"command": ["x"], "size": "huge"}}}, "bad_input", "no dyno size huge"),
        ({"role_arn": ""}, "bad_input", "Jobs need a role for EventBridge Scheduler. Run playbooks/provision.yml."),
        ({"job": {**NIGHTLY, "timezone": "Europe/Talinn"}}, "refused", "Invalid Schedule Expression Timezone"),
        ({"job": {**NIGHTLY, "when": "cron(99 3 * * ? *)"}}, "refused", "Invalid Schedule Expression cron(99 3"),
        ({"role_arn": "arn:aws:iam::123456789012:role/tasks"}, "refused", "must allow AWS EventBridge Scheduler"),
        ({"role_arn": "arn:aws:iam::123456789012:role/nobody"}, "refused", "must allow AWS EventBridge Scheduler"),
    ],
    ids=str,
)
def test_what_cannot_be_is_one_sentence(ground: Ground, given: dict[str, Any], kind: str, said: str) -> None:
    refused = ground.keep(given.pop("job", NIGHTLY), revision=ground.revision(), **given)
    assert refused["kind"] == kind
    assert said in refused["msg"]


def test_the_stand_in_refuses_what_aws_refuses(ground: Ground) -> None:
    api = ground.world.client("scheduler")
    ground.keep(NIGHTLY, revision=ground.revision())
    known = ground.schedules()["nightly"]
    told = {key: known[key] for key in ("ScheduleExpression", "FlexibleTimeWindow", "Target")}
    missing = api.exceptions.ResourceNotFoundException
    with pytest.raises(missing, match="Schedule group nobodys does not exist"):
        api.create_schedule(Name="x", GroupName="nobodys", **told)
    with pytest.raises(missing):
        api.list_schedules(GroupName="nobodys")
    with pytest.raises(missing):
        api.get_schedule(Name="nobodys", GroupName=GROUP)
    with pytest.raises(api.exceptions.ConflictException):
        api.create_schedule(Name="nightly", GroupName=GROUP, **told)
    with pytest.raises(api.exceptions.ValidationException, match="regular expression"):
        api.create_schedule_group(Name="a~b")
