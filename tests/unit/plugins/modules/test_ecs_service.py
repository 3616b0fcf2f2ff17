"""ecs_service: every setting converged, the number of tasks only at creation."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown
from ansible_collections.offramp.ecs.plugins.modules import ecs_service as module
from tests.unit.plugins.ecs_parts import ARN, FakeEcs, process, run

PARAMS: dict[str, Any] = {
    "region": "eu-west-1",
    "cluster": "offramp-production",
    "name": "bond-web",
    "task_definition": f"{ARN}:task-definition/bond-web:7",
    "container": "web",
    "process": process(port=8080, desired=2),
    "subnets": ["subnet-b", "subnet-a"],
    "security_groups": ["sg-1"],
    "public_ip": False,
    "target_group_arn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/bond/1",
    "returning": {},
    "circuit_breaker": True,
    "alarms": [],
    "minimum_percent": 100,
    "maximum_percent": 200,
    "zone_rebalancing": True,
    "exec": False,
    "tags": {"offramp": "production"},
}


def served(ecs: FakeEcs, **params: Any) -> dict[str, Any]:
    return run(module.MODULE, ecs, {**PARAMS, **params})


@pytest.fixture
def ecs() -> FakeEcs:
    made = FakeEcs()
    assert served(made)["changes"][0]["verb"] == "create"
    made.asked.clear()
    made.made.clear()
    return made


def test_it_is_created_with_its_tasks_a_breaker_and_room_for_a_rollout(ecs: FakeEcs) -> None:
    found = ecs.services["bond-web"]
    assert found["desiredCount"] == 2
    assert found["launchType"] == "FARGATE"
    assert found["healthCheckGracePeriodSeconds"] == 60
    deployment = found["deploymentConfiguration"]
    assert deployment["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert (deployment["minimumHealthyPercent"], deployment["maximumPercent"]) == (100, 200)


def test_deployments_behind_the_load_balancer_are_rolled_back_by_alarms() -> None:
    ecs = FakeEcs()
    served(ecs, alarms=["slow", "errors"])
    watched = {"alarmNames": ["errors", "slow"], "enable": True, "rollback": True}
    assert ecs.services["bond-web"]["deploymentConfiguration"]["alarms"] == watched
    assert not served(ecs, alarms=["errors", "slow"])["changed"]
    (change,) = served(ecs)["changes"]
    off = {"alarmNames": [], "enable": False, "rollback": False}
    assert change["after"]["deploymentConfiguration"]["alarms"] == off


def test_a_worker_watches_no_alarms_of_the_load_balancer() -> None:
    ecs = FakeEcs()
    served(ecs, process=process(), alarms=["errors"])
    assert not ecs.services["bond-web"]["deploymentConfiguration"]["alarms"]["enable"]


def test_a_worker_has_no_load_balancer_and_no_grace_period() -> None:
    ecs = FakeEcs()
    served(ecs, process=process())
    assert ecs.services["bond-web"]["loadBalancers"] == []
    assert "healthCheckGracePeriodSeconds" not in ecs.services["bond-web"]


def test_nothing_differs_the_second_time(ecs: FakeEcs) -> None:
    assert not served(ecs, subnets=["subnet-a", "subnet-b"])["changed"]
    assert (ecs.asked, ecs.made) == (["service bond-web"], [])


@pytest.mark.parametrize(
    ("params", "key"),
    [
        ({"task_definition": f"{ARN}:task-definition/bond-web:8"}, "taskDefinition"),
        ({"subnets": ["subnet-a", "subnet-c"]}, "networkConfiguration"),
        ({"security_groups": ["sg-1", "sg-2"]}, "networkConfiguration"),
        ({"public_ip": True}, "networkConfiguration"),
        ({"circuit_breaker": False}, "deploymentConfiguration"),
        ({"alarms": ["errors"]}, "deploymentConfiguration"),
        ({"minimum_percent": 50}, "deploymentConfiguration"),
        ({"zone_rebalancing": False}, "availabilityZoneRebalancing"),
        ({"exec": True}, "enableExecuteCommand"),
        ({"process": process(port=8080, health_grace=90)}, "healthCheckGracePeriodSeconds"),
        ({"process": process(port=9090)}, "loadBalancers"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_each_setting_is_converged_by_one_update_that_names_it_alone(
    ecs: FakeEcs, params: dict[str, Any], key: str
) -> None:
    (change,) = module.plan(module.observe(ecs, module.want_of(PARAMS)), module.want_of({**PARAMS, **params}))  # type: ignore[arg-type]
    assert set(change.payload.arguments) == {"cluster", "service", key}
    assert served(ecs, **params)["changed"]
    assert not served(ecs, **params)["changed"]


def test_the_number_of_tasks_belongs_to_autoscaling_after_creation(ecs: FakeEcs) -> None:
    ecs.services["bond-web"]["desiredCount"] = 5
    assert not served(ecs, process=process(port=8080, desired=3))["changed"]


def test_a_service_that_ecs_rolled_back_is_updated_again(ecs: FakeEcs) -> None:
    ecs.deploy("bond-web", definition=f"{ARN}:task-definition/bond-web:6")
    result = served(ecs)
    assert [change["verb"] for change in result["changes"]] == ["update"]
    assert result["changes"][0]["before"]["taskDefinition"] == "bond-web:6"
    assert result["service"]["task_definition"].endswith(":7")


def test_a_first_release_that_failed_gets_its_tasks_again(ecs: FakeEcs) -> None:
    ecs.services["bond-web"]["desiredCount"] = 0
    ecs.deploy("bond-web", "FAILED")
    result = served(ecs)
    assert result["service"]["desired"] == 2
    assert ecs.made == ["update_service"]


def test_a_service_that_somebody_stopped_stays_stopped(ecs: FakeEcs) -> None:
    ecs.services["bond-web"]["desiredCount"] = 0
    assert not served(ecs)["changed"]


def test_our_tags_are_converged_and_those_of_others_left_alone(ecs: FakeEcs) -> None:
    ecs.services["bond-web"]["tags"] = [{"key": "team", "value": "bond"}]
    result = served(ecs)
    assert [change["target"] for change in result["changes"]] == ["tags of ECS service bond-web"]
    assert {"key": "team", "value": "bond"} in ecs.services["bond-web"]["tags"]


def test_a_service_that_is_going_is_refused(ecs: FakeEcs) -> None:
    ecs.services["bond-web"]["status"] = "DRAINING"
    assert served(ecs)["msg"].startswith("ECS service bond-web is being deleted. Wait until it is gone")


def test_a_port_needs_a_target_group() -> None:
    assert served(FakeEcs(), target_group_arn="")["kind"] == "bad_input"


def test_a_dry_run_before_the_cluster_exists_asks_nothing_and_foresees_the_service() -> None:
    unknown = Unknown("ClusterName of stack x", "playbooks/provision.yml")
    ecs = FakeEcs()
    result = run(module.MODULE, ecs, {**PARAMS, "cluster": unknown, "task_definition": unknown}, dry=True)
    assert [change["target"] for change in result["changes"]] == ["ECS service bond-web"]
    assert (ecs.asked, ecs.made) == ([], [])
    assert result["service"]["name"] == "bond-web"
    assert result["service"]["desired"] == 2


def test_an_earlier_release_brings_its_port_its_grace_period_and_its_target_group(ecs: FakeEcs) -> None:
    group = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/old/2"
    back = {"port": 9090, "health_grace": 5, "target_group_arn": group}
    definition = f"{ARN}:task-definition/bond-web:6"
    assert served(ecs, task_definition=definition, returning=back)["service"]["target_group_arn"] == group
    assert ecs.made == ["update_service"]
    found = ecs.services["bond-web"]
    assert found["healthCheckGracePeriodSeconds"] == 5
    assert found["loadBalancers"] == [{"containerName": "web", "containerPort": 9090, "targetGroupArn": group}]


def test_what_is_not_known_of_an_earlier_release_is_as_the_inventory_has_it(ecs: FakeEcs) -> None:
    served(ecs, returning={"port": 8080, "health_grace": None, "target_group_arn": None})
    assert ecs.made == []


def test_an_earlier_release_without_a_port_leaves_the_load_balancer(ecs: FakeEcs) -> None:
    served(ecs, returning={"port": 0})
    assert ecs.services["bond-web"]["loadBalancers"] == []
