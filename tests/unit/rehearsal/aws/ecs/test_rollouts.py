"""Deployments with real processes: they complete, replace one another, fail and go back."""

from typing import Any

import pytest

from rehearsal.aws.ecs import snapshot
from rehearsal.aws.ecs.rollout import threshold
from rehearsal.aws.ecs.surroundings import TargetHealth
from rehearsal.seed import Behaviour
from tests.unit.rehearsal.aws.ecs.region import BALANCED, BREAKER, Region, eventually
from tests.unit.rehearsal.aws.ecs.steered import GROUP


def test_first_deployment_completes_with_its_events(region: Region) -> None:
    service = region.serve(region.define(), desired=2, **BALANCED)
    first = service["deployments"][0]
    assert (first["rolloutState"], service["runningCount"]) == ("IN_PROGRESS", 0)
    assert first["rolloutStateReason"] == f"ECS deployment {first['id']} in progress."
    eventually(region.settled)
    assert region.service["runningCount"] == 2
    assert region.deployment(first["id"])["rolloutStateReason"] == f"ECS deployment {first['id']} completed."
    assert region.events[-2:] == [
        f"(service web) (deployment {first['id']}) deployment completed.",
        "(service web) has reached a steady state.",
    ]
    assert f"(service web) registered 1 targets in (target-group {GROUP})" in region.events


def test_tasks_tell_where_they_are_and_what_they_run(region: Region) -> None:
    region.serve(region.define(), **BALANCED)
    eventually(region.settled)
    task = region.tasks()[0]
    details = {each["name"]: each["value"] for each in task["attachments"][0]["details"]}
    assert task["lastStatus"] == task["containers"][0]["lastStatus"] == "RUNNING"
    assert details["privateIPv4Address"].startswith("10.0.1.")
    assert task["startedBy"] == region.service["deployments"][0]["id"]
    assert task["group"] == "service:web"
    eventually(lambda: region.addresses.lookup(details["privateIPv4Address"], 8080))


def test_new_version_replaces_the_old_one_only_when_it_is_healthy(region: Region) -> None:
    region.serve(region.define(), desired=2, **BALANCED)
    eventually(region.settled)
    old = {task["taskArn"] for task in region.tasks()}
    region.around.newcomers = TargetHealth("initial")
    region.update(taskDefinition=region.define("v2"))
    eventually(lambda: len(region.tasks()) == 4)
    eventually(lambda: all(task["lastStatus"] == "RUNNING" for task in region.tasks()))
    region.around.turn("healthy")
    eventually(region.settled)
    assert old.isdisjoint(task["taskArn"] for task in region.tasks())
    stopped = region.tasks("STOPPED")
    assert {task["taskArn"] for task in stopped} == old
    primary = region.service["deployments"][0]["id"]
    assert stopped[0]["stoppedReason"] == f"Scaling activity initiated by (deployment {primary})"
    assert stopped[0]["containers"][0]["exitCode"] == 0


def test_crashing_version_trips_the_breaker_and_the_old_one_serves_on(region: Region) -> None:
    region.around.behaviours["bad"] = Behaviour(starts="crashes", exit_code=7)
    before = region.serve(region.define(), **BALANCED, deploymentConfiguration=BREAKER)["deployments"][0]["id"]
    eventually(region.settled)
    serving = {task["taskArn"] for task in region.tasks()}
    failed = region.update(taskDefinition=region.define("bad"))["deployments"][0]["id"]
    eventually(lambda: any("rolling back" in event for event in region.events))
    eventually(region.settled)
    primary = region.service["deployments"][0]
    assert primary["id"] == before
    assert {task["taskArn"] for task in region.tasks()} == serving
    assert f"(service web) (deployment {failed}) deployment failed: tasks failed to start." in region.events
    assert f"(service web) rolling back to deployment {before}." in region.events
    dead = [task for task in region.tasks("STOPPED") if task["startedBy"] == failed]
    assert len(dead) >= 3
    assert {task["stopCode"] for task in dead} <= {"EssentialContainerExited", "ServiceSchedulerInitiated"}
    assert 7 in {task["containers"][0].get("exitCode") for task in dead}
    record = region("ListServiceDeployments", cluster="bond", service="web")["serviceDeployments"][0]
    assert record["status"] == "ROLLBACK_SUCCESSFUL"


def test_without_a_version_to_go_back_to_the_failed_deployment_stays(region: Region) -> None:
    region.around.behaviours["bad"] = Behaviour(starts="crashes")
    region.serve(region.define("bad"), deploymentConfiguration=BREAKER)
    eventually(lambda: region.service["deployments"][0]["rolloutState"] == "FAILED")
    failed = region.service["deployments"][0]
    assert failed["rolloutStateReason"] == "ECS deployment circuit breaker: tasks failed to start."
    assert failed["failedTasks"] == 3
    eventually(lambda: not region.tasks())
    region.update(taskDefinition=region.define("good"))
    eventually(region.settled)
    assert region.deployment(failed["id"]) is None


def test_a_service_that_was_given_up_can_be_put_back(region: Region) -> None:
    region.around.behaviours["bad"] = Behaviour(starts="crashes")
    region.serve(region.define("bad"), deploymentConfiguration=BREAKER)
    eventually(lambda: region.service["deployments"][0]["rolloutState"] == "FAILED")
    region.update(desiredCount=0)
    eventually(lambda: not region.tasks())
    kept, before = snapshot.take(region.ecs.store), region.service
    region.ecs.empty()
    region.ecs.restore(kept, within=5.0)
    assert region.service["deployments"][0]["rolloutState"] == "FAILED"
    assert region.service["deployments"][0]["id"] == before["deployments"][0]["id"]


def test_settings_and_scale_alone_start_no_deployment(region: Region) -> None:
    region.serve(region.define(), **BALANCED)
    eventually(region.settled)
    before = region.service["deployments"][0]["id"]
    region.update(healthCheckGracePeriodSeconds=60, desiredCount=2, deploymentConfiguration=BREAKER)
    region.update(taskDefinition="web:1")
    eventually(lambda: region.service["runningCount"] == 2)
    assert [each["id"] for each in region.service["deployments"]] == [before]
    forced = region.update(forceNewDeployment=True)["deployments"]
    assert [each["id"] for each in forced][1:] == [before]
    eventually(region.settled)


def test_newer_deployment_supersedes(region: Region) -> None:
    region.around.newcomers = TargetHealth("initial")
    first = region.serve(region.define(), **BALANCED)["deployments"][0]["id"]
    second = region.update(taskDefinition=region.define("v2"))["deployments"][0]["id"]
    eventually(lambda: region.deployment(first)["status"] == "ACTIVE")
    region.around.turn("healthy")
    eventually(region.settled)
    assert region.service["deployments"][0]["id"] == second
    records = region("ListServiceDeployments", cluster="bond", service="web")["serviceDeployments"]
    assert [each["status"] for each in records] == ["SUCCESSFUL", "STOPPED"]


@pytest.mark.parametrize(
    ("settings", "desired", "failures"),
    [
        ({}, 1, 3),
        ({}, 7, 4),
        ({}, 1000, 200),
        ({"thresholdConfiguration": {"type": "COUNT", "value": 5}}, 1, 5),
        ({"thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 100}}, 2, 3),
        ({"thresholdConfiguration": {"type": "UNBOUNDED_PERCENT", "value": 50}}, 2, 1),
    ],
)
def test_threshold_of_the_circuit_breaker(settings: dict[str, Any], desired: int, failures: int) -> None:
    assert threshold(settings, desired) == failures


def test_tasks_of_a_deployment_run_one_digest(region: Region) -> None:
    region.serve(region.define(), **BALANCED)
    eventually(region.settled)
    region.update(desiredCount=2)
    eventually(lambda: region.service["runningCount"] == 2)
    assert region.around.pulled[0].endswith(":v1")
    assert region.around.pulled[1].endswith(f":v1@{region.tasks()[0]['containers'][0]['imageDigest']}")


def test_network_that_changes_starts_a_deployment(region: Region) -> None:
    region.serve(region.define(), **BALANCED)
    eventually(region.settled)
    before = region.service["deployments"][0]["id"]
    same = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}
    assert region.update(networkConfiguration=same)["deployments"][0]["id"] == before
    public = {"awsvpcConfiguration": {**same["awsvpcConfiguration"], "assignPublicIp": "ENABLED"}}
    assert region.update(networkConfiguration=public)["deployments"][0]["id"] != before
