"""Deployments obey their alarms as on AWS: rolled back by one that goes off, not watched where one is off before."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.rehearsal.aws.ecs.region import BALANCED, Region, eventually

ALARMS: dict[str, Any] = {
    "deploymentConfiguration": {"alarms": {"alarmNames": ["errors", "slow"], "enable": True, "rollback": True}}
}


def record(region: Region) -> Any:
    brief = region("ListServiceDeployments", cluster="bond", service="web")["serviceDeployments"][0]
    arns = [brief["serviceDeploymentArn"]]
    return region("DescribeServiceDeployments", serviceDeploymentArns=arns)["serviceDeployments"][0]


def test_an_alarm_that_goes_off_rolls_the_deployment_back(region: Region) -> None:
    before = region.serve(region.define(), **BALANCED, **ALARMS)["deployments"][0]["id"]
    eventually(region.settled)
    failed = region.update(taskDefinition=region.define("v2"))["deployments"][0]["id"]
    eventually(lambda: len(region.tasks()) == 2)
    region.around.alarms.add("slow")
    eventually(region.settled)
    assert region.service["deployments"][0]["id"] == before
    assert f"(service web) (deployment {failed}) deployment failed: alarm detected." in region.events
    told = record(region)
    assert told["status"] == "ROLLBACK_SUCCESSFUL"
    assert told["alarms"] == {"status": "TRIGGERED", "alarmNames": ["errors", "slow"], "triggeredAlarmNames": ["slow"]}


@pytest.fixture
def patient() -> Iterator[Region]:
    """A region that watches alarms for ever, as far as a test goes."""
    made = Region(bake=600.0)
    yield made
    made.ecs.stop()


def test_an_alarm_counts_while_the_new_tasks_are_watched(patient: Region) -> None:
    region = patient
    region.serve(region.define(), **BALANCED)
    eventually(region.settled)
    region.update(**ALARMS)
    after = region.update(taskDefinition=region.define("v2"))["deployments"][0]["id"]
    eventually(lambda: [task["startedBy"] for task in region.tasks()] == [after])
    eventually(lambda: record(region)["targetServiceRevision"]["runningTaskCount"] == 1)
    assert region.deployment(after)["rolloutState"] == "IN_PROGRESS"
    region.around.alarms.add("errors")
    eventually(region.settled)
    assert region.service["deployments"][0]["id"] != after


def test_where_one_is_off_already_none_is_watched(region: Region) -> None:
    region.serve(region.define(), **BALANCED, **ALARMS)
    eventually(region.settled)
    region.around.alarms.add("errors")
    after = region.update(taskDefinition=region.define("v2"))["deployments"][0]["id"]
    eventually(region.settled)
    assert region.service["deployments"][0]["id"] == after
    assert record(region)["alarms"]["status"] == "DISABLED"


def test_a_first_deployment_has_nothing_to_go_back_to(region: Region) -> None:
    first = region.serve(region.define(), **BALANCED, **ALARMS)["deployments"][0]["id"]
    eventually(region.tasks)
    region.around.alarms.add("errors")
    eventually(lambda: record(region)["status"] == "STOPPED")
    assert region.deployment(first)["rolloutState"] == "FAILED"
