"""ecs_repin: the release that runs, with another version of its configuration and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown, is_unknown
from ansible_collections.offramp.ecs.plugins.modules import ecs_repin as module
from ansible_collections.offramp.ecs.plugins.modules import ecs_service, ecs_task_definition
from tests.unit.plugins.ecs_parts import FakeEcs, process, run

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:production/bond/config-AbCdEf"
RELEASE: dict[str, Any] = {
    "region": "eu-west-1",
    "family": "production-bond-web",
    "container": "web",
    "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/bond@sha256:aa",
    "image_tag": "v1",
    "process": process(port=8080, health_command=["CMD", "true"]),
    "environment": {"APP_VERSION": "v42"},
    "execution_role_arn": "arn:aws:iam::123456789012:role/execution",
    "task_role_arn": "arn:aws:iam::123456789012:role/task",
    "secret_arn": SECRET,
    "secret_version": "version-1",
    "secret_keys": ["MONGODB_URI"],
    "log_group": "/offramp/production/bond",
}
SERVICE = {option: it.get("default") for option, it in ecs_service.SPEC["argument_spec"].items()} | {
    "cluster": "c",
    "name": "bond-web",
    "container": "web",
    "process": process(),
    "subnets": ["subnet-1"],
    "security_groups": ["sg-1"],
}


@pytest.fixture
def ecs() -> FakeEcs:
    """An ECS whose service runs revision 1, which pins version-1."""
    made = FakeEcs()
    arn = run(ecs_task_definition.MODULE, made, RELEASE)["task_definition"]["arn"]
    assert not run(ecs_service.MODULE, made, {**SERVICE, "task_definition": arn})["failed"]
    made.asked.clear()
    made.made.clear()
    return made


def repinned(ecs: FakeEcs, version: str = "version-2", *keys: str, dry: bool = False, **given: Any) -> dict[str, Any]:
    params = {
        "region": "eu-west-1",
        "cluster": "c",
        "service": "bond-web",
        "container": "web",
        "secret_arn": SECRET,
        "secret_version": version,
        "secret_keys": list(keys or ("MONGODB_URI",)),
    }
    return run(module.MODULE, ecs, {**params, **given}, dry=dry)


def test_only_the_references_change(ecs: FakeEcs) -> None:
    result = repinned(ecs, "version-2", "MONGODB_URI", "NEW")
    assert result["task_definition"] == {
        "family": "production-bond-web",
        "arn": "arn:aws:ecs:eu-west-1:123456789012:task-definition/production-bond-web:2",
        "image": RELEASE["image"],
        "image_tag": "v1",
        "secret": {"arn": SECRET, "version_id": "version-2", "keys": ["MONGODB_URI", "NEW"]},
    }
    before, after = ecs.definitions["production-bond-web"]
    secrets = [{"name": key, "valueFrom": f"{SECRET}:{key}::version-2"} for key in ("MONGODB_URI", "NEW")]
    container = {**before["containerDefinitions"][0], "secrets": secrets}
    assert after == {**before, "taskDefinitionArn": after["taskDefinitionArn"], "containerDefinitions": [container]}
    assert result["diff"]["prepared"] == (
        "~ update task definition production-bond-web\n"
        "    web.secret version: version-1 -> version-2\n"
        "    web.secret keys: NEW\n"
    )


def test_what_is_pinned_already_is_no_change_and_two_reads(ecs: FakeEcs) -> None:
    assert not repinned(ecs, "version-1")["changed"]
    assert [each.rpartition("/")[2] for each in ecs.asked] == ["service bond-web", "production-bond-web:1"]


def test_a_revision_that_an_earlier_run_registered_is_used(ecs: FakeEcs) -> None:
    made = repinned(ecs)
    assert ecs.made == ["register_task_definition"]
    again = repinned(ecs)
    assert not again["changed"]
    assert again["task_definition"] == made["task_definition"]


def test_the_release_that_runs_counts_not_the_newest_revision(ecs: FakeEcs) -> None:
    run(ecs_task_definition.MODULE, ecs, {**RELEASE, "image": "other@sha256:bb"})
    assert repinned(ecs)["task_definition"]["image"] == RELEASE["image"]


def test_a_service_that_does_not_exist_says_what_to_do(ecs: FakeEcs) -> None:
    result = repinned(ecs, service="bond-clock")
    assert result["kind"] == "missing"
    assert result["msg"].startswith("ECS service bond-clock does not exist")
    assert "playbooks/release.yml" in result["hint"]


def test_a_key_that_is_a_plain_setting_is_refused_and_nothing_is_registered(ecs: FakeEcs) -> None:
    result = repinned(ecs, "version-2", "APP_VERSION")
    assert "APP_VERSION of process web would be set twice" in result["msg"]
    assert ecs.made == []


def test_a_dry_run_foresees_the_revision(ecs: FakeEcs) -> None:
    result = repinned(ecs, Unknown("version of secret x", "playbooks/copy.yml"), dry=True)
    assert result["changed"]
    assert is_unknown(result["task_definition"]["arn"])
    assert ecs.made == []
