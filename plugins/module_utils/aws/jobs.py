"""An app's scheduled jobs: as the inventory names them, as schedules of EventBridge Scheduler, and compared whole.

All schedules of an app stand in one group of ours, so that what is no longer wanted is known as ours, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.offramp.ecs.plugins.module_utils.aws import processes
from ansible_collections.offramp.ecs.plugins.module_utils.aws.ecs import name_of
from ansible_collections.offramp.ecs.plugins.module_utils.aws.schedules import WHEN, WHEN_HINT
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import Options

Json = dict[str, Any]

JOBS: Options = {
    "jobs": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "when": {"type": "str", "required": True},
            "timezone": {"type": "str", "default": "UTC"},
            "process": {"type": "dict", "required": True},
        },
    }
}
"""The option ``jobs`` (documentation fragment ``offramp.ecs.jobs``)."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_RETRIES = {"MaximumEventAgeInSeconds": 900, "MaximumRetryAttempts": 3}
"""How long a run that ECS does not take is tried again: a job that comes much too late is not the job any more."""
_COMPARED = ("ScheduleExpression", "ScheduleExpressionTimezone", "State", "FlexibleTimeWindow", "Target")


@dataclass(frozen=True)
class Job:
    """A job as the inventory has it; ``process`` has the defaults of the option of that name."""

    name: str
    when: str
    timezone: str
    process: Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """Where tasks run, and by whose leave.

    Attributes:
        cluster: ARN.
        role: ARN of the role that EventBridge Scheduler assumes.
        network: in the form of ECS's API.
        enabled: whether schedules act.
    """

    cluster: str
    role: str
    network: Mapping[str, Any]
    enabled: bool


def described(given: Sequence[Mapping[str, Any]]) -> list[Job]:
    """The jobs of an inventory.

    Raises:
        BadInput: AWS would refuse one, or it would never end.
    """
    judged = ArgumentSpecValidator(JOBS).validate({"jobs": list(given)})
    if judged.error_messages:
        said = "; ".join(judged.error_messages)
        raise BadInput(f"The scheduled jobs cannot be read: {said}.", target="jobs", hint="Correct release_jobs.")
    found: dict[str, Job] = {}
    for each in judged.validated_parameters["jobs"]:
        name, target = each["name"], f"job {each['name']}"
        if name in found or not _NAME.fullmatch(name):
            hint = "Name each job once, by up to 40 letters, digits, hyphens and underscores."
            raise BadInput(f"'{name}' cannot be the name of a job.", target=target, hint=hint)
        if not WHEN.fullmatch(each["when"]):
            raise BadInput(f"Job {name} cannot run at '{each['when']}'.", target=target, hint=WHEN_HINT)
        process = processes.described(name, each["process"])
        processes.check(name, process)
        if process["port"] or not process["command"]:
            wrong = "has a port" if process["port"] else "has no command"
            hint = "Give its process a command such as [node, nightly.js], and no port."
            raise BadInput(f"Job {name} {wrong}: it must end by itself.", target=target, hint=hint)
        found[name] = Job(name, each["when"], each["timezone"], process)
    return list(found.values())


def schedule(job: Job, task_definition: str, place: Place) -> Json:
    """The schedule of a job as CreateSchedule and UpdateSchedule take it, without its name and group."""
    network = place.network["awsvpcConfiguration"]
    parameters = {
        "TaskDefinitionArn": task_definition,
        "TaskCount": 1,
        "LaunchType": "FARGATE",
        "NetworkConfiguration": {
            "awsvpcConfiguration": {
                "AssignPublicIp": network["assignPublicIp"],
                "SecurityGroups": sorted(network["securityGroups"]),
                "Subnets": sorted(network["subnets"]),
            }
        },
    }
    return {
        "ScheduleExpression": job.when,
        "ScheduleExpressionTimezone": job.timezone,
        "State": "ENABLED" if place.enabled else "DISABLED",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": place.cluster, "RoleArn": place.role, "EcsParameters": parameters, "RetryPolicy": _RETRIES},
    }


def normalised(told: Mapping[str, Any]) -> Json:
    """One form for what we want and for what EventBridge Scheduler tells: what we say of it, with sets sorted."""
    kept = {key: told.get(key) for key in _COMPARED}
    parameters = dict(told["Target"].get("EcsParameters", {}))
    network = dict(parameters.get("NetworkConfiguration", {}).get("awsvpcConfiguration", {}))
    for name in ("SecurityGroups", "Subnets"):
        network[name] = sorted(network.get(name, []))
    parameters["NetworkConfiguration"] = {"awsvpcConfiguration": network}
    kept["Target"] = {**told["Target"], "EcsParameters": parameters}
    return kept


def readable(told: Mapping[str, Any]) -> Json:
    """A schedule for a person."""
    parameters = told["Target"]["EcsParameters"]
    definition = parameters.get("TaskDefinitionArn", "")
    return {
        "when": told["ScheduleExpression"],
        "timezone": told["ScheduleExpressionTimezone"],
        "state": told["State"].lower(),
        "task definition": name_of(definition) if definition.startswith("arn:") else definition,
        "role": name_of(told["Target"]["RoleArn"]),
        "cluster": name_of(told["Target"]["Arn"]),
        "network": parameters.get("NetworkConfiguration", {}).get("awsvpcConfiguration", {}),
    }


def cluster_arn(cluster: str, role: str, region: str) -> str:
    """ARN of a cluster that is named, in the account of a role."""
    if cluster.startswith("arn:") or not role.startswith("arn:"):
        return cluster
    _, partition, _, _, account, _ = role.split(":", 5)
    return f"arn:{partition}:ecs:{region}:{account}:cluster/{cluster}"
