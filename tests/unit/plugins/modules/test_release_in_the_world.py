"""The modules of a release against the rehearsal's ECS, with tasks that really run, crash and are rolled back.

The process type is a worker, so that no load balancer is needed; molecule's scenarios have one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws.ecs import Call
from ansible_collections.offramp.ecs.plugins.module_utils.aws.rollouts import Rollouts, Subject
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.modules import (
    app_lock,
    ecr_image_info,
    ecs_release_info,
    ecs_rollout,
    ecs_scalable_target,
    ecs_service,
    secret_info,
)
from tests.unit.plugins.ecs_ground import EcsGround
from tests.unit.plugins.ecs_parts import process
from tests.unit.plugins.stack_world import REGION, StackWorld, stack_world

CLUSTER, SERVICE, SECRET = "offramp-test", "bond-worker", "test/bond/config"
PASSWORD = "hunter2-is-no-word"
IMAGES = {
    "bond": {"v1": {}, "v2": {}, "v3-crashes": {"starts": "crashes", "exit_code": 3}, "v4-dies": {"dies_after": 4}}
}


class Ground(EcsGround):
    """An account with all that a worker needs, and one release after the other on it."""

    def __init__(self, world: StackWorld) -> None:
        super().__init__(world, CLUSTER, "bond")
        world.client("secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps({"PASSWORD": PASSWORD}))

    def worker(self, tag: str, **given: Any) -> dict[str, Any]:
        """Register what a release of this image runs."""
        return self.definition("test-bond-worker", tag, secret=SECRET, container="worker", **given)

    def serve(self, task_definition: str, *, dry: bool = False, **given: Any) -> dict[str, Any]:
        """Run it as a service."""
        return self.world.run(
            ecs_service,
            dry=dry,
            cluster=CLUSTER,
            name=SERVICE,
            task_definition=task_definition,
            container="worker",
            process=process(desired=2),
            subnets=[self.subnet],
            security_groups=[self.group],
            tags={"offramp": "test"},
            **given,
        )

    def watch(self, task_definition: str, **given: Any) -> dict[str, Any]:
        """Judge the rollout."""
        return self.world.run(ecs_rollout, cluster=CLUSTER, service=SERVICE, task_definition=task_definition, **given)

    def release(self, tag: str, **given: Any) -> dict[str, Any]:
        """All of it; the rollout's result."""
        arn = self.worker(tag)["task_definition"]["arn"]
        served = self.serve(arn)
        assert not served["failed"], served
        return self.watch(arn, **given)

    def back(self, to: str = "previous") -> dict[str, Any]:
        """The release to go back to."""
        return self.world.run(ecs_release_info, cluster=CLUSTER, service=SERVICE, to=to)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with stack_world(tmp_path_factory.mktemp("aws"), images=IMAGES) as made:
        yield Ground(made)


@pytest.fixture(scope="module")
def served(ground: Ground) -> Ground:
    """A ground on which v1 runs, after a first release that failed."""
    failed = ground.release("v3-crashes")
    assert failed["failed"], "the first release crashes"
    ground.first_failure = failed  # type: ignore[attr-defined]
    assert not ground.release("v1")["failed"]
    return ground


@pytest.mark.parametrize("dry", [False, True])
def test_a_service_that_does_not_exist_has_nothing_to_go_back_to(ground: Ground, dry: bool) -> None:
    found = ground.world.run(ecs_release_info, dry=dry, cluster=CLUSTER, service="bond-clock")
    assert (
        found["msg"] == "ECS service bond-clock does not exist, so it has no release to go back to."
        " Release an image instead: -e release_image=TAG."
    )


def test_an_unknown_tag_names_the_nearest_and_the_newest(ground: Ground) -> None:
    found = ground.world.run(ecr_image_info, repository=ground.repository, image="v3-crash")
    assert found["msg"].startswith(
        "Repository bond has no image v3-crash. Did you mean v3-crashes? The newest tags are "
    )
    assert found["kind"] == "missing"


def test_a_digest_is_an_image_too(ground: Ground) -> None:
    digest = ground.world.run(ecr_image_info, repository="bond", image="v1")["image"]["digest"]
    assert (
        ground.world.run(ecr_image_info, repository="bond", image=digest)["image"]["uri"]
        == f"{ground.repository}@{digest}"
    )


def test_a_missing_repository_is_unknown_in_a_dry_run_and_refused_in_a_real_one(ground: Ground) -> None:
    dry = ground.world.run(ecr_image_info, dry=True, repository="nowhere", image="v1")
    assert "known after apply" in dry["image"]["digest"]
    real = ground.world.run(ecr_image_info, repository="nowhere", image="v1")
    assert "Run playbooks/provision.yml for it first." in real["msg"]
    assert ground.world.run(ecr_image_info, repository="nowhere", image="v1", required=False)["image"]["digest"] == ""


def test_a_secret_is_told_by_version_and_names_never_by_value(ground: Ground) -> None:
    found = ground.world.run(secret_info, name=SECRET)
    assert found["secret"]["keys"] == ["PASSWORD"]
    assert found["secret"]["version_id"]
    assert PASSWORD not in json.dumps(found)


def test_a_missing_secret_names_the_playbook_that_makes_it(ground: Ground) -> None:
    assert "playbooks/copy.yml" in ground.world.run(secret_info, name="no/such/config")["msg"]
    dry = ground.world.run(secret_info, dry=True, name="no/such/config")
    assert "known after apply" in dry["secret"]["version_id"]


def test_a_dry_run_takes_the_version_that_the_copy_before_it_foresaw(ground: Ground) -> None:
    unknown = "(known after apply: version of secret x; by playbooks/copy.yml)"
    foreseen = {"name": SECRET, "arn": "arn:x", "version_id": unknown, "keys": ["A"]}
    with ground.world.watched() as seen:
        found = ground.world.run(secret_info, dry=True, name=SECRET, foreseen=foreseen)
    assert found["secret"] == {**foreseen}
    assert seen == []


def test_a_first_release_that_crashes_is_scaled_to_zero_and_explained(served: Ground) -> None:
    failed = served.first_failure  # type: ignore[attr-defined]
    assert "Essential container in task exited, exit code 3" in failed["msg"]
    assert "It was the first release" in failed["msg"]
    assert failed["rollout"]["desired"] == 0
    assert any("dies on start" in line for line in failed["log"])


def test_after_it_the_next_release_has_its_tasks_again(served: Ground) -> None:
    service = served.world.client("ecs").describe_services(cluster=CLUSTER, services=[SERVICE])["services"][0]
    assert (service["desiredCount"], service["runningCount"]) == (2, 2)


def test_a_stop_that_comes_after_the_end_of_a_rollout_is_no_failure(served: Ground) -> None:
    service = served.world.client("ecs").describe_services(cluster=CLUSTER, services=[SERVICE])["services"][0]
    call = Call("stop_service_deployment", {"serviceDeploymentArn": service["currentServiceDeployment"]})
    api = Rollouts(REGION, Door(shut=False, ordered_by="offramp.ecs/test"))
    with served.world.watched() as seen:
        api.stop(Change("stop", "rollout", None, {"because": "late"}, call))
    assert seen == ["write StopServiceDeployment"]
    look = api.look(Subject(CLUSTER, SERVICE, service["taskDefinition"]))
    assert (look.state, look.desired) == ("completed", 2)


def test_the_same_release_again_writes_nothing_and_reads_little(served: Ground) -> None:
    with served.world.watched() as seen:
        rolled = served.release("v1")
    assert not rolled["changed"]
    assert rolled["rollout"]["verdict"] == "completed"
    assert seen == [
        "read DescribeImages",
        "read GetSecretValue",
        "read DescribeTaskDefinition",
        "read DescribeServices",
        "read DescribeServices",
    ]


def lock_for(purpose: str) -> dict[str, Any]:
    about = {"stage": "test", "app": "bond", "owner": "", "break_it": False, "lease": 120.0}
    return {"lock": {**about, "purpose": purpose}}


def test_a_release_has_its_lock_before_its_first_write_and_a_run_without_changes_has_none(served: Ground) -> None:
    assert not served.release("v1")["failed"]
    with served.world.watched() as seen:
        arn = served.worker("v1", **lock_for("release v1"))["task_definition"]["arn"]
        assert not served.serve(arn, **lock_for("release v1"))["changed"]
        assert not served.watch(arn, **lock_for("release v1"))["changed"]
    assert "read GetParameter" not in seen
    with served.world.watched() as seen:
        arn = served.worker("v1", environment={"NEW": "one"}, **lock_for("release v1"))["task_definition"]["arn"]
        served.serve(arn, **lock_for("release v1"))
        assert not served.watch(arn, **lock_for("release v1"))["failed"]
    assert [each for each in seen if each.startswith("write")] == [
        "write PutParameter",
        "write RegisterTaskDefinition",
        "write UpdateService",
    ]
    freed = served.world.run(app_lock, state="free", stage="test", app="bond", purpose="release v1")
    assert [each["verb"] for each in freed["changes"]] == ["delete"]


def test_what_another_run_has_is_not_released(served: Ground) -> None:
    about = {"owner": "bert@desk", "host": "desk", "process": "1 1", "purpose": "shift"}
    moments = {"since": "2027-01-15T08:00:00Z", "until": "2100-01-01T00:00:00Z"}
    ssm = served.world.client("ssm")
    ssm.put_parameter(Name="/offramp/test/bond/lock", Value=json.dumps(about | moments), Type="String")
    with served.world.watched() as seen:
        refused = served.worker("v1", environment={"NEW": "two"}, **lock_for("release v1"))
    assert refused["msg"].startswith("The lock of app test/bond is not free: bert@desk has it for shift, since 2027-")
    assert (refused["changed"], refused["changes"]) == (False, [])
    assert not [each for each in seen if each.startswith("write")]
    dry = served.worker("v1", dry=True, environment={"NEW": "two"}, **lock_for("release v1"))
    assert dry["changed"], "a dry run goes on to the end of the plan"
    ssm.delete_parameter(Name="/offramp/test/bond/lock")


def test_a_dry_run_of_a_new_release_writes_nothing_and_foresees_it(served: Ground) -> None:
    with served.world.watched() as seen:
        arn = served.worker("v2", dry=True)["task_definition"]["arn"]
        service = served.serve(arn, dry=True)
        rollout = served.world.run(ecs_rollout, dry=True, cluster=CLUSTER, service=SERVICE, task_definition=arn)
    assert [change["target"] for change in service["changes"]] == [f"ECS service {SERVICE}"]
    assert rollout["rollout"]["verdict"] == "going"
    assert not [each for each in seen if not each.startswith("read ")]


def test_a_release_that_crashes_is_rolled_back_and_the_old_one_serves_on(served: Ground) -> None:
    failed = served.release("v3-crashes")
    assert failed["kind"] == "verdict"
    assert "exit code 3" in failed["msg"]
    assert "serves again, with 2 of 2 tasks." in failed["msg"]
    assert failed["rollout"]["verdict"] == "rolled_back"
    assert "log lines" in failed["hint"]
    assert "log" not in failed["rollout"]
    assert not served.release("v1")["changed"], "the old version is what runs, so nothing is left to do"


def test_a_release_that_dies_when_it_is_complete_is_undone(served: Ground) -> None:
    assert not served.release("v1")["failed"]
    failed = served.release("v4-dies", steady=20.0)
    assert failed["rollout"]["verdict"] == "rolled_back"
    assert [change["verb"] for change in failed["changes"]] == ["update"]
    assert "tasks ended for the same reason when it was complete" in failed["changes"][0]["after"]["because"]
    assert "serves again, with 2 of 2 tasks." in failed["msg"]
    with served.world.watched() as seen:
        assert not served.release("v1")["failed"]
    assert "write UpdateService" not in seen


def test_without_a_circuit_breaker_the_same_reason_again_and_again_is_enough(served: Ground) -> None:
    assert not served.release("v1")["failed"]
    arn = served.worker("v3-crashes")["task_definition"]["arn"]
    assert not served.serve(arn, circuit_breaker=False)["failed"]
    failed = served.watch(arn)
    assert "serves again, with 2 of 2 tasks." in failed["msg"]
    why = failed["changes"][0]["after"]["because"]
    ended, said = why.split(maxsplit=1)
    assert int(ended) >= 3, "more may have ended from one look to the next"
    assert said.startswith("tasks ended for the same reason: Essential")
    assert not served.serve(served.worker("v1")["task_definition"]["arn"])["failed"]


def test_a_release_of_a_service_without_tasks_is_not_called_proven(served: Ground) -> None:
    ecs = served.world.client("ecs")
    ecs.update_service(cluster=CLUSTER, service=SERVICE, desiredCount=0)
    rolled = served.release("v2")
    assert (rolled["failed"], rolled["rollout"]["verdict"]) == (False, "idle")
    assert rolled["headline"][0].startswith(f"ECS service {SERVICE}: keeps no task, so test-bond-worker:")
    ecs.update_service(cluster=CLUSTER, service=SERVICE, desiredCount=2)
    assert served.release("v1")["rollout"]["verdict"] == "completed"


def test_log_lines_can_be_kept_out(served: Ground) -> None:
    failed = served.release("v3-crashes", show_logs=False)
    assert (failed["kind"], failed["log"]) == ("verdict", [])


def test_the_previous_release_is_the_last_completed_one(served: Ground) -> None:
    first = served.worker("v1")["task_definition"]
    second = served.worker("v2")["task_definition"]
    assert not served.release("v1")["failed"]
    assert not served.release("v2")["failed"]
    assert served.back()["task_definition"]["arn"] == first["arn"]
    assert served.back()["task_definition"]["image"] == first["image"]
    revision = second["arn"].rpartition(":")[2]
    assert served.back(revision)["task_definition"]["arn"] == second["arn"]
    assert "is not there, or is retired" in served.back("999")["msg"]
    assert served.back("yesterday")["kind"] == "bad_input"


def test_a_deadline_stops_the_rollout_with_a_rollback(served: Ground) -> None:
    assert not served.release("v1")["failed"]
    failed = served.release("v2", deadline=0.0)
    assert "it was not done within 0 s" in failed["msg"]
    assert failed["rollout"]["verdict"] == "rolled_back"


def test_bounds_and_schedules_are_converged_and_then_left_alone(served: Ground) -> None:
    def scaled(**given: Any) -> dict[str, Any]:
        return served.world.run(ecs_scalable_target, cluster=CLUSTER, service=SERVICE, process=process(**given))

    night = {"name": "night", "when": "cron(0 22 * * ? *)", "timezone": "Europe/Tallinn", "minimum": 1, "maximum": None}
    wanted = {"minimum": 2, "maximum": 6, "schedule": [night]}
    made = scaled(**wanted)
    assert [change["target"] for change in made["changes"]] == [
        f"scalable target of ECS service {SERVICE}",
        f"scheduled action offramp-night of {SERVICE}",
    ]
    with served.world.watched() as seen:
        assert not scaled(**wanted)["changed"]
    assert seen == ["read DescribeScalableTargets", "read DescribeScheduledActions", "read DescribeScalingPolicies"]
    changed = scaled(minimum=2, maximum=8)
    assert [change["verb"] for change in changed["changes"]] == ["update", "delete"]
    assert (changed["scalable_target"]["minimum"], changed["scalable_target"]["maximum"]) == (2, 8)
    assert [change["verb"] for change in scaled()["changes"]] == ["delete"]
    assert not scaled()["changed"]


def test_a_target_needs_its_service(served: Ground) -> None:
    nobodys = served.world.run(
        ecs_scalable_target, cluster=CLUSTER, service="nobodys", process=process(minimum=1, maximum=2)
    )
    assert nobodys["kind"] == "refused"
    assert "ECS service doesn't exist" in nobodys["msg"]
