#!/usr/bin/python
"""The ECS service that runs one process type of an app."""

from __future__ import annotations

DOCUMENTATION = """
module: ecs_service
short_description: Run a task definition as an ECS service
description:
  - Creates the service of a process type on Fargate, and converges every setting of one that is there. The number of
    tasks is set at creation only; afterwards it belongs to autoscaling.
  - The task definition is compared by its full ARN with what the service is moving to, so a service that ECS rolled
    back is updated again. A service whose first release failed gets its number of tasks again.
  - Returns when ECS has taken the order; M(offramp.ecs.ecs_rollout) watches it.
options:
  cluster:
    description: Name or ARN of the cluster.
    type: str
    required: true
  name:
    description: Name of the service.
    type: str
    required: true
  task_definition:
    description: Full ARN of the task definition's revision.
    type: str
    required: true
  container:
    description: Name of the container that the load balancer sends to.
    type: str
    required: true
  subnets:
    description: Ids of the tasks' subnets.
    type: list
    elements: str
    required: true
  security_groups:
    description: Ids of the tasks' security groups.
    type: list
    elements: str
    required: true
  target_group_arn:
    description: Target group of the load balancer, for a process with a port.
    type: str
    default: ""
  returning:
    description:
      - What M(offramp.ecs.ecs_release_info) says of an earlier release that the service goes back to. It stands in
        place of the port and the grace period of C(process), and of C(target_group_arn).
    type: dict
    default: {}
    suboptions:
      port: {description: Port of the earlier release's container; 0 for none., type: int}
      health_grace: {description: Its grace period in seconds., type: int}
      target_group_arn: {description: Its target group., type: str}
  circuit_breaker:
    description: Whether ECS itself rolls a failing deployment back.
    type: bool
    default: true
  alarms:
    description:
      - Names of CloudWatch alarms that deployments of a process with a port watch. ECS rolls a deployment back when one
        of them goes off while it is under way, or for some minutes after; it watches none where one is off before.
    type: list
    elements: str
    default: []
  minimum_percent:
    description: Percent of the desired tasks that stay healthy during a rollout.
    type: int
    default: 100
  maximum_percent:
    description: Percent of the desired tasks that may run during a rollout.
    type: int
    default: 200
  zone_rebalancing:
    description: Whether ECS keeps tasks spread over the availability zones.
    type: bool
    default: true
  exec:
    description: Whether ECS Exec is on.
    type: bool
    default: false
  tags:
    description: Tags of the service and its tasks. Tags of others are left alone.
    type: dict
    default: {}
extends_documentation_fragment:
  - offramp.ecs.aws
  - offramp.ecs.lock
  - offramp.ecs.process
  - offramp.ecs.task_network
author: The Offramp authors
"""

EXAMPLES = """
- name: Run the web process
  offramp.ecs.ecs_service:
    region: eu-west-1
    cluster: offramp-staging
    name: bond-server-web
    task_definition: arn:aws:ecs:eu-west-1:123456789012:task-definition/staging-bond-server-web:7
    container: web
    process: {port: 8080, desired: 2}
    subnets: [subnet-1, subnet-2]
    security_groups: [sg-1]
    target_group_arn: arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/bond/1
"""

RETURN = """
service:
  description: The service.
  returned: success
  type: dict
  contains:
    name: {description: Its name., type: str}
    cluster: {description: Its cluster., type: str}
    task_definition: {description: ARN of the task definition that it is moving to., type: str}
    desired: {description: The number of tasks that it keeps., type: int}
    target_group_arn: {description: The target group that its tasks are in; empty without a load balancer., type: str}
    exists: {description: "Whether it exists, which a dry run may only foresee.", type: bool}
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import (
    ecs,
    locks,
    processes,
    releases,
    services,
    task_network,
)
from ansible_collections.offramp.ecs.plugins.module_utils.aws.tagged import tags_of
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Refused
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown

_TEXT = {"type": "str", "required": True}
_LIST = {"type": "list", "elements": "str", "required": True}

SPEC = spec.spec(
    spec.AWS,
    locks.LOCK,
    processes.PROCESS,
    releases.RETURNING,
    services.OPTIONS,
    task_network.OPTIONS,
    options={
        "cluster": _TEXT,
        "name": _TEXT,
        "task_definition": _TEXT,
        "container": _TEXT,
        "subnets": _LIST,
        "security_groups": _LIST,
        "tags": {"type": "dict", "default": {}},
    },
)


@dataclass(frozen=True)
class Want:
    """The service's settings in the API's form, and what is only for its creation."""

    cluster: str
    name: str
    settings: Mapping[str, Any]
    desired: int
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Have:
    """The service as it is; ``settings`` are None where there is none."""

    want: Want
    settings: Optional[dict[str, Any]] = None
    arn: str = ""
    desired: int = 0
    primary: str = ""
    """ARN of the task definition that the primary deployment moves to."""
    stuck: bool = False
    """The primary deployment has failed and nothing else is under way."""
    tags: Mapping[str, str] = field(default_factory=dict)


def want_of(params: Mapping[str, Any]) -> Want:
    """The wanted service.

    Raises:
        BadInput: a process with a port needs a target group.
    """
    params = releases.returned(params)
    processes.check(params["container"], params["process"])
    if params["process"]["port"] and not params["target_group_arn"]:
        raise BadInput(
            f"ECS service {params['name']} has a port but no target group.",
            target=f"ECS service {params['name']}",
            hint="Give target_group_arn, or leave the port out.",
        )
    tags = tags_of(params["tags"])
    return Want(params["cluster"], params["name"], services.write(params), params["process"]["desired"], tags)


def connect(params: Mapping[str, Any], door: Door) -> ecs.Ecs:
    """ECS in the wanted region."""
    return ecs.Ecs(params["region"], door)


def observe(api: ecs.Ecs, want: Want) -> Have:
    """One read, none where the cluster does not exist yet."""
    found = None if is_unknown(want.cluster) else api.service(want.cluster, want.name)
    if found is None:
        return Have(want)
    if found["status"] == "DRAINING":
        raise Refused(
            f"ECS service {want.name} is being deleted.",
            target=f"ECS service {want.name}",
            hint="Wait until it is gone, then run again.",
        )
    primary = ecs.primary(found)
    return Have(
        want,
        services.normalised(found),
        found["serviceArn"],
        found["desiredCount"],
        primary.get("taskDefinition", ""),
        primary.get("rolloutState") == "FAILED",
        services.tag_map(found.get("tags", [])),
    )


def plan(have: Have, want: Want) -> list[Change]:
    """Create it, or update what differs; tags are a change of their own."""
    if have.settings is None:
        after = {**services.readable(want.settings), "desiredCount": want.desired}
        return [Change("create", f"ECS service {want.name}", None, after, _creation(want))]
    return _updating(have, have.settings, want) + _tagging(have, want)


def _updating(have: Have, settings: Mapping[str, Any], want: Want) -> list[Change]:
    """One update for all that differs; a new deployment where ECS went back, or gave up."""
    differs = [key for key in services.SETTINGS if settings[key] != want.settings[key]]
    astray = have.stuck or have.primary != want.settings["taskDefinition"]
    if not differs and not astray:
        return []
    arguments = {key: want.settings[key] for key in differs}
    if astray and "taskDefinition" not in differs:
        arguments.update(taskDefinition=want.settings["taskDefinition"], forceNewDeployment=True)
    if have.stuck and have.desired == 0:
        arguments["desiredCount"] = want.desired
    before = {**{key: settings.get(key) for key in arguments}, "taskDefinition": have.primary}
    before.update({"desiredCount": have.desired} if "desiredCount" in arguments else {})
    after = {**arguments, "taskDefinition": want.settings["taskDefinition"]}
    call = ecs.Call("update_service", {**arguments, "cluster": want.cluster, "service": want.name})
    return [Change("update", f"ECS service {want.name}", services.readable(before), services.readable(after), call)]


def _creation(want: Want) -> ecs.Call:
    about = {"cluster": want.cluster, "serviceName": want.name, "desiredCount": want.desired}
    tags = services.tag_list(want.tags)
    return ecs.Call("create_service", {**services.for_creation(want.settings), **about, "tags": tags})


def _tagging(have: Have, want: Want) -> list[Change]:
    wanted = {key: value for key, value in want.tags.items() if have.tags.get(key) != value}
    if not wanted:
        return []
    before = {key: have.tags[key] for key in wanted if key in have.tags}
    call = ecs.Call("tag_resource", {"resourceArn": have.arn, "tags": services.tag_list(wanted)})
    return [Change("update", f"tags of ECS service {want.name}", before, wanted, call)]


def make(api: ecs.Ecs, change: Change) -> None:
    """One call."""
    api.make(change)


def foresee(have: Have, want: Want) -> Have:
    """The service as it will be."""
    return replace(
        have, desired=have.desired if have.settings else want.desired, primary=want.settings["taskDefinition"]
    )


def report(have: Have) -> dict[str, Any]:
    """What playbooks use."""
    return {
        "name": have.want.name,
        "cluster": have.want.cluster,
        "task_definition": have.primary,
        "desired": have.desired,
        "target_group_arn": next((each["targetGroupArn"] for each in have.want.settings["loadBalancers"]), ""),
        "exists": have.settings is not None,
    }


MODULE = Module(
    name="ecs_service",
    noun="service",
    spec=SPEC,
    connect=connect,
    want=want_of,
    observe=observe,
    report=report,
    plan=plan,
    apply={"create": make, "update": make},
    foresee=foresee,
    hold=locks.hold,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
