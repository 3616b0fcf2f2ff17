"""Task definitions: the same from both sides, and readable without their secrets."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws import definitions
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change, render
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:production/bond-server/config-AbCdEf"
PROCESS = {
    "size": "",
    "command": ["node", "server.js"],
    "cpu": 256,
    "memory": 512,
    "architecture": "X86_64",
    "port": 8080,
    "environment": {},
    "stop_timeout": 30,
    "health_command": [],
}


def written(
    keys: tuple[str, ...] = ("MONGODB_URI", "JWT_SECRET"), version: str = "v1", **process: Any
) -> dict[str, Any]:
    container = definitions.container(
        "web",
        "repo@sha256:1",
        {**PROCESS, **process},
        {"APP_VERSION": "v42"},
        definitions.Secrets(SECRET, version, keys),
        {"awslogs-group": "/app"},
    )
    return definitions.write("bond-web", container, {**PROCESS, **process}, ("execution", "task"))


def described(definition: dict[str, Any]) -> dict[str, Any]:
    """As ECS describes it: with its own members, defaults filled in, sets in another order."""
    told = copy.deepcopy(definition)
    container = told["containerDefinitions"][0]
    container["environment"].reverse()
    container["secrets"].reverse()
    container.update(cpu=0, mountPoints=[], volumesFrom=[], systemControls=[])
    for mapping in container["portMappings"]:
        mapping["hostPort"] = mapping["containerPort"]
    return {
        **told,
        "taskDefinitionArn": "arn:aws:ecs:eu-west-1:123456789012:task-definition/bond-web:7",
        "revision": 7,
        "status": "ACTIVE",
        "requiresAttributes": [{"name": "ecs.capability.secrets.asm"}],
        "compatibilities": ["EC2", "FARGATE"],
        "registeredBy": "arn:aws:iam::123456789012:root",
        "placementConstraints": [],
        "volumes": [],
        "enableFaultInjection": False,
    }


def test_what_we_write_equals_what_ecs_describes_of_it() -> None:
    definition = written(health_command=["CMD-SHELL", "exit 0"])
    told = described(definition)
    told["containerDefinitions"][0]["healthCheck"].update(interval=30, timeout=5, retries=3, startPeriod=0)
    assert definitions.normalised(told) == definitions.normalised(definition)


@pytest.mark.parametrize(
    "other",
    [
        {"cpu": 512},
        {"memory": 1024},
        {"port": 9090},
        {"stop_timeout": 31},
        {"command": ["node", "other.js"]},
        {"architecture": "ARM64"},
        {"environment": {"MODE": "a"}},
        {"health_command": ["CMD-SHELL", "exit 0"]},
        {"keys": ("MONGODB_URI",)},
        {"version": "v2"},
    ],
    ids=str,
)
def test_any_difference_counts(other: dict[str, Any]) -> None:
    assert definitions.normalised(written(**other)) != definitions.normalised(written())


def test_a_part_that_somebody_added_counts() -> None:
    told = described(written())
    told["containerDefinitions"].append({"name": "sidecar", "image": "x", "essential": False})
    assert definitions.normalised(told) != definitions.normalised(written())


def test_the_port_is_told_to_the_app() -> None:
    container = written()["containerDefinitions"][0]
    assert {"name": "PORT", "value": "8080"} in container["environment"]
    assert container["portMappings"] == [{"containerPort": 8080, "protocol": "tcp"}]


def test_a_process_without_port_has_none() -> None:
    container = written(port=0)["containerDefinitions"][0]
    assert container["portMappings"] == []
    assert [item["name"] for item in container["environment"]] == ["APP_VERSION"]


def test_each_variable_is_a_key_of_the_pinned_version() -> None:
    container = written()["containerDefinitions"][0]
    assert container["secrets"][0] == {"name": "MONGODB_URI", "valueFrom": f"{SECRET}:MONGODB_URI::v1"}
    assert definitions.split_reference("MONGODB_URI", f"{SECRET}:MONGODB_URI::v1") == (SECRET, "v1")


def test_a_name_that_is_set_twice_is_refused() -> None:
    with pytest.raises(BadInput) as refused:
        written(keys=("PORT", "APP_VERSION", "OTHER"))
    assert "APP_VERSION, PORT of process web" in refused.value.msg


def test_too_large_a_definition_is_refused_with_the_figures() -> None:
    with pytest.raises(BadInput) as refused:
        definitions.check_size(written(keys=tuple(f"KEY_{number:04}" for number in range(600))))
    assert "ECS takes 65536" in refused.value.msg


def test_yaml_switches_are_text_as_programs_expect_it() -> None:
    container = written(environment={"ON": True, "COUNT": 3})["containerDefinitions"][0]
    values = {item["name"]: item["value"] for item in container["environment"]}
    assert (values["ON"], values["COUNT"]) == ("true", "3")


def diff(before: dict[str, Any] | None, after: dict[str, Any], plain: frozenset[str]) -> str:
    sides = definitions.told_apart(
        definitions.readable(before and definitions.normalised(before), plain),
        definitions.readable(definitions.normalised(after), plain) or {},
    )
    return render([Change("update", "task definition bond-web", *sides)])


def test_a_new_secret_version_is_one_line() -> None:
    lines = diff(written(version="v1"), written(version="v2"), frozenset({"APP_VERSION", "PORT"})).splitlines()
    assert lines[1:] == ["    web.secret version: v1 -> v2"]


def test_keys_that_come_and_go_are_named_and_no_others() -> None:
    before, after = written(keys=("OLD", "SAME")), written(keys=("NEW", "SAME"))
    told = diff(before, after, frozenset({"APP_VERSION", "PORT"}))
    assert "web.secret keys: OLD -> NEW" in told
    assert "SAME" not in told


def test_plain_values_that_are_not_the_inventorys_are_told_by_fingerprint() -> None:
    before = written()
    before["containerDefinitions"][0]["environment"].append({"name": "API_KEY", "value": "hunter2-is-secret"})
    told = diff(before, written(), frozenset({"APP_VERSION", "PORT"}))
    assert "web.environment.API_KEY" in told
    assert "hunter2" not in told
