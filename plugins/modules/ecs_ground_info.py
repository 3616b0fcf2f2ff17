#!/usr/bin/python
"""Whether running services stand on what a release would give them now."""

from __future__ import annotations

DOCUMENTATION = """
module: ecs_ground_info
short_description: Compare running ECS services with what the next release gives them
description:
  - An update of a stack can give an app other roles, security groups, subnets, another target group or log group, of
    which running services learn by a release only. This module names the services that run with something else.
  - A cluster or service that does not exist differs from nothing.
options:
  cluster:
    description: Name or ARN of the cluster.
    type: str
    required: true
  services:
    description: Names of the services to look at.
    type: list
    elements: str
    required: true
  execution_role_arn:
    description: ARN of the role with which ECS starts tasks.
    type: str
    required: true
  task_role_arn:
    description: ARN of the role of the app's code.
    type: str
    required: true
  log_group:
    description: Name of the log group.
    type: str
    required: true
  security_groups:
    description: Ids of the tasks' security groups.
    type: list
    elements: str
    required: true
  subnets:
    description: Ids of the tasks' subnets.
    type: list
    elements: str
    required: true
  target_group_arn:
    description: ARN of the target group of services that are behind a load balancer.
    type: str
    required: true
  releases:
    description: Whether the services are released next, so that the summary says so.
    type: bool
    default: false
extends_documentation_fragment:
  - offramp.ecs.aws
author: The Offramp authors
"""

EXAMPLES = """
- name: Compare the running services with the stack
  offramp.ecs.ecs_ground_info:
    region: eu-west-1
    cluster: offramp-staging
    services: [bond-server-web]
    execution_role_arn: arn:aws:iam::123456789012:role/execution
    task_role_arn: arn:aws:iam::123456789012:role/task
    log_group: /offramp/staging/bond-server
    security_groups: [sg-0a1b2c3d4e5f60718]
    subnets: [subnet-0a1b2c3d4e5f60713, subnet-0a1b2c3d4e5f60714]
    target_group_arn: arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/bond/0a1b2c3d4e5f6071
"""

RETURN = """
ground:
  description: What was compared.
  returned: success
  type: dict
  contains:
    services:
      description: "Each service that exists: service, task_definition, and differs (what, what it has and is to have)."
      type: list
      elements: dict
    differs: {description: Whether any differs., type: bool}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import ecs, services
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown

_TEXT = {"type": "str", "required": True}
_LIST = {"type": "list", "elements": "str", "required": True}

SPEC = spec.spec(
    spec.AWS,
    options={
        "cluster": _TEXT,
        "services": _LIST,
        "execution_role_arn": _TEXT,
        "task_role_arn": _TEXT,
        "log_group": _TEXT,
        "security_groups": _LIST,
        "subnets": _LIST,
        "target_group_arn": _TEXT,
        "releases": {"type": "bool", "default": False},
    },
)


@dataclass(frozen=True)
class Want:
    """Which services, and what they are to stand on, by what it is called in sentences."""

    cluster: str
    services: tuple[str, ...]
    ground: Mapping[str, str]
    releases: bool


@dataclass(frozen=True)
class Standing:
    """One service and what it stands on; ``differs``: what -> (what it has, what it is to have)."""

    service: str
    task_definition: str
    differs: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Have:
    """All services that exist."""

    services: tuple[Standing, ...]
    releases: bool


def want_of(params: Mapping[str, Any]) -> Want:
    """What the services are to stand on."""
    ground = {
        "execution role": params["execution_role_arn"],
        "task role": params["task_role_arn"],
        "log group": params["log_group"],
        "security groups": ", ".join(sorted(params["security_groups"])),
        "subnets": ", ".join(sorted(params["subnets"])),
        "target group": params["target_group_arn"],
    }
    return Want(params["cluster"], tuple(params["services"]), ground, params["releases"])


def connect(params: Mapping[str, Any], door: Door) -> ecs.Ecs:
    """ECS in the wanted region."""
    return ecs.Ecs(params["region"], door)


def observe(api: ecs.Ecs, want: Want) -> Have:
    """One read for ten services, and one for each task definition."""
    found = [] if is_unknown(want.cluster) else api.services(want.cluster, want.services)
    return Have(tuple(_standing(api, service, want.ground) for service in found), want.releases)


def _standing(api: ecs.Ecs, service: Mapping[str, Any], ground: Mapping[str, str]) -> Standing:
    """A service that is behind no load balancer needs no target group."""
    arn = ecs.primary(service).get("taskDefinition", service["taskDefinition"])
    has = ground_of(service, api.definition(arn) or {})
    differs = {what: (has[what], wanted) for what, wanted in ground.items() if what in has and has[what] != wanted}
    return Standing(service["serviceName"], arn, differs)


def ground_of(service: Mapping[str, Any], definition: Mapping[str, Any]) -> dict[str, str]:
    """What a service stands on by its own settings and its task definition."""
    settings = services.normalised(service)
    network = settings["networkConfiguration"]["awsvpcConfiguration"]
    container: Mapping[str, Any] = next(iter(definition.get("containerDefinitions", [])), {})
    options = (container.get("logConfiguration") or {}).get("options", {})
    balanced = {"target group": settings["loadBalancers"][0]["targetGroupArn"]} if settings["loadBalancers"] else {}
    return {
        "execution role": definition.get("executionRoleArn", ""),
        "task role": definition.get("taskRoleArn", ""),
        "log group": options.get("awslogs-group", ""),
        "security groups": ", ".join(network["securityGroups"]),
        "subnets": ", ".join(network["subnets"]),
        **balanced,
    }


def report(have: Have) -> dict[str, Any]:
    """What playbooks use."""
    told = [
        {
            "service": one.service,
            "task_definition": one.task_definition,
            "differs": [{"what": what, "has": has, "wanted": want} for what, (has, want) in one.differs.items()],
        }
        for one in have.services
    ]
    return {"services": told, "differs": any(one.differs for one in have.services)}


def headline(have: Have) -> list[str]:
    """Which service differs from its wanted release, by what, and what to do; nothing where none does."""
    todo = "the release of this run brings it in line" if have.releases else "run playbooks/release.yml"
    return [
        f"Ground of ECS service {one.service}: it runs with another {', another '.join(told)}; {todo}"
        for one in have.services
        if (told := [_told(each) for each in one.differs.items()])
    ]


def _told(difference: tuple[str, tuple[str, str]]) -> str:
    what, (has, wanted) = difference
    coming = "what the stack's update makes" if is_unknown(wanted) else ecs.name_of(wanted)
    return f"{what} ({ecs.name_of(has) or 'none'}, not {coming})"


MODULE = Module(
    name="ecs_ground_info",
    noun="ground",
    spec=SPEC,
    connect=connect,
    want=want_of,
    observe=observe,
    report=report,
    headline=headline,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
