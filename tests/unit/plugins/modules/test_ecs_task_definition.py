"""ecs_task_definition: one revision for one real change."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws import revisions
from ansible_collections.offramp.ecs.plugins.module_utils.aws.definitions import normalised
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown, is_unknown
from ansible_collections.offramp.ecs.plugins.modules import ecs_task_definition as module
from tests.unit.plugins.ecs_parts import FakeEcs, process, run

PARAMS: dict[str, Any] = {
    "region": "eu-west-1",
    "family": "production-bond-web",
    "container": "web",
    "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/bond@sha256:aa",
    "image_tag": "v1",
    "process": process(port=8080),
    "environment": {"APP_VERSION": "v42"},
    "execution_role_arn": "arn:aws:iam::123456789012:role/execution",
    "task_role_arn": "arn:aws:iam::123456789012:role/task",
    "secret_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:production/bond/config-AbCdEf",
    "secret_version": "version-1",
    "secret_keys": ["MONGODB_URI"],
    "log_group": "/offramp/production/bond",
}


def registered(ecs: FakeEcs, **params: Any) -> dict[str, Any]:
    return run(module.MODULE, ecs, {**PARAMS, **params})


def test_the_first_release_registers_a_revision() -> None:
    ecs = FakeEcs()
    result = registered(ecs)
    assert result["changes"][0]["verb"] == "create"
    assert result["changes"][0]["target"] == "task definition production-bond-web"
    assert result["task_definition"]["arn"].endswith("/production-bond-web:1")
    assert result["headline"] == [
        "Release production-bond-web: image sha256:aa, secret version version-1, task definition production-bond-web:1"
    ]


def test_the_same_release_again_registers_nothing_and_costs_one_read() -> None:
    ecs = FakeEcs()
    registered(ecs)
    ecs.asked.clear()
    assert not registered(ecs)["changed"]
    assert ecs.asked == ["definition production-bond-web"]


@pytest.mark.parametrize(
    "change",
    [
        {"image": "other@sha256:bb"},
        {"secret_version": "version-2"},
        {"secret_keys": ["MONGODB_URI", "NEW"]},
        {"process": process(port=8080, cpu=512, memory=1024)},
        {"environment": {"APP_VERSION": "v43"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_real_change_is_a_revision(change: dict[str, Any]) -> None:
    ecs = FakeEcs()
    registered(ecs)
    result = registered(ecs, **change)
    assert [each["verb"] for each in result["changes"]] == ["update"]
    assert result["task_definition"]["arn"].endswith(":2")


def test_going_back_finds_the_revision_that_is_there() -> None:
    ecs = FakeEcs()
    registered(ecs)
    registered(ecs, secret_version="version-2")
    result = registered(ecs)
    assert not result["changed"]
    assert result["task_definition"]["arn"].endswith(":1")


def test_reads_do_not_grow_with_the_revisions() -> None:
    ecs = FakeEcs()
    for number in range(30):
        registered(ecs, secret_version=f"version-{number}")
    ecs.asked.clear()
    registered(ecs, secret_version="version-new")
    assert len(ecs.asked) <= 8


def test_a_dry_run_foresees_a_revision_with_everything_unknown() -> None:
    unknown = Unknown("version of secret x", "playbooks/copy.yml")
    params = {**PARAMS, "secret_arn": unknown, "secret_version": unknown, "secret_keys": [unknown], "image": unknown}
    ecs = FakeEcs()
    result = run(module.MODULE, ecs, params, dry=True)
    assert result["changed"]
    assert is_unknown(result["task_definition"]["arn"])
    assert f"web.secret version: {unknown}" in result["diff"]["prepared"]
    assert ecs.made == []


def test_a_real_run_refuses_what_is_unknown() -> None:
    result = run(module.MODULE, FakeEcs(), {**PARAMS, "secret_version": Unknown("version of secret x", "copy.yml")})
    assert result["msg"].startswith(
        "ecs_task_definition needs the version of secret x, which does not exist. Run copy.yml"
    )


def test_the_plan_is_empty_for_what_ecs_describes() -> None:
    want = module.want_of(PARAMS)
    told = copy.deepcopy(dict(want.definition))
    told["containerDefinitions"][0]["mountPoints"] = []
    assert module.plan(revisions.Have(want, "arn", normalised(told)), want) == []


def test_a_size_that_fargate_does_not_have_is_refused_before_anything_is_asked() -> None:
    ecs = FakeEcs()
    result = registered(ecs, process=process(cpu=512, memory=512))
    assert (result["kind"], ecs.asked) == ("bad_input", [])


def test_orders_are_data() -> None:
    assert set(module.MODULE.apply) == {"create", "update"}
    assert isinstance(module.MODULE, runner.Module)
