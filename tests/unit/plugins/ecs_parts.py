"""A small ECS in memory, and modules run against it as a task would run them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws.processes import PROCESS
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change

ARN = "arn:aws:ecs:eu-west-1:123456789012"


def process(**given: Any) -> dict[str, Any]:
    """A process type's settings, with the defaults that Ansible would fill in."""
    options = PROCESS["process"]["options"]
    return {**{name: copy.copy(option.get("default")) for name, option in options.items()}, **given}


def run(module: Any, api: Any, params: Mapping[str, Any], *, dry: bool = False) -> dict[str, Any]:
    """A module's result against ``api``."""
    orders = runner.Orders(dry=dry, say=lambda _line: None, alive=lambda: True)
    return runner.run(replace(module, connect=lambda _params, _door: api), params, orders)


class FakeEcs:
    """Task definitions and services as ECS keeps them, as far as the modules ask. Deployments are done at once."""

    def __init__(self) -> None:
        self.definitions: dict[str, list[dict[str, Any]]] = {}
        self.services: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.made: list[str] = []

    def definition(self, name: str) -> dict[str, Any] | None:
        """By family or ARN."""
        self.asked.append(f"definition {name}")
        family, _, revision = name.rpartition("/")[2].partition(":")
        found = self.definitions.get(family, [])
        index = int(revision) - 1 if revision else len(found) - 1
        return copy.deepcopy(found[index]) if found and index < len(found) else None

    def active_revisions(self, family: str, most: int) -> list[str]:
        """Newest first."""
        self.asked.append(f"revisions {family}")
        return [each["taskDefinitionArn"] for each in reversed(self.definitions.get(family, []))][:most]

    def service(self, _cluster: str, name: str) -> dict[str, Any] | None:
        """By name."""
        self.asked.append(f"service {name}")
        return copy.deepcopy(self.services.get(name))

    def make(self, change: Change) -> None:
        """Do what a change orders."""
        self.made.append(change.payload.operation)
        getattr(self, f"_{change.payload.operation}")(**copy.deepcopy(dict(change.payload.arguments)))

    def _register_task_definition(self, **definition: Any) -> None:
        revisions = self.definitions.setdefault(definition["family"], [])
        name = f"{definition['family']}:{len(revisions) + 1}"
        revisions.append({**definition, "taskDefinitionArn": f"{ARN}:task-definition/{name}", "status": "ACTIVE"})

    def _create_service(self, **given: Any) -> None:
        name = given.pop("serviceName")
        found = {**given, "serviceArn": f"{ARN}:service/c/{name}", "serviceName": name, "status": "ACTIVE"}
        self.services[name] = {**found, "deployments": []}
        self.deploy(name)

    def _update_service(self, service: str, **given: Any) -> None:
        again = given.pop("forceNewDeployment", False)
        found = self.services[service]
        before = found["taskDefinition"]
        found.update(given)
        if again or before != found["taskDefinition"]:
            self.deploy(service)

    def _tag_resource(self, resourceArn: str, tags: list[dict[str, str]]) -> None:  # noqa: N803 - AWS's name
        found = self.services[resourceArn.rpartition("/")[2]]
        merged = {**{tag["key"]: tag["value"] for tag in found["tags"]}, **{tag["key"]: tag["value"] for tag in tags}}
        found["tags"] = [{"key": key, "value": value} for key, value in merged.items()]

    def deploy(self, name: str, rollout: str = "COMPLETED", definition: str = "") -> None:
        """Put a deployment in force, by default of what the service wants."""
        wanted = definition or self.services[name]["taskDefinition"]
        self.services[name]["deployments"] = [
            {"id": "ecs-svc/1", "status": "PRIMARY", "taskDefinition": wanted, "rolloutState": rollout}
        ]
