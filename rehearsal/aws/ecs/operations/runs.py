"""Tasks, in services or alone."""

from __future__ import annotations

import copy
import json
import re
import time
from collections.abc import Iterator

from rehearsal.aws.ecs.ecs import Ecs
from rehearsal.aws.ecs.errors import EcsError, invalid
from rehearsal.aws.ecs.model import Cluster, Json, RunToken, Task, TaskDefinition
from rehearsal.aws.ecs.naming import last_part
from rehearsal.aws.ecs.operations.paging import page
from rehearsal.aws.ecs.placement import check_launch, check_network
from rehearsal.aws.ecs.store import to_tags
from rehearsal.aws.ecs.tasks import Order
from rehearsal.aws.ecs.views import task_view

_TOKEN = re.compile(r"[!-~]{1,64}")
_TOKEN_LIVES = 24 * 3600.0
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html"""
_STARTED_BY = re.compile(r"[A-Za-z0-9_/ -]{1,128}")
"""Without spaces by the words of AWS, and yet ecs-deploy has started its one-off tasks by "ECS Deploy" for years."""
_BESIDE_STARTED_BY = ("family", "serviceName", "containerInstance", "launchType")
_LONGEST_OVERRIDES = 8192
_SHOWN = ("launchType", "capacityProviderStrategy", "platformVersion", "networkConfiguration", "overrides")


def run_task(ecs: Ecs, request: Json) -> Json:
    """RunTask; the same client token gives the same tasks again."""
    cluster = ecs.store.cluster(request.get("cluster"))
    token = request.get("clientToken", "")
    if token and not _TOKEN.fullmatch(token):
        raise invalid("clientToken must be 1 to 64 ASCII characters in the range of 33-126.")
    if used := _used(ecs, cluster, token):
        if used.request != request:
            raise EcsError("ConflictException", "The clientToken is already in use with a different RunTask request.")
        known = [ecs.store.tasks[each] for each in used.tasks if each in ecs.store.tasks]
        return {"tasks": [task_view(ecs.store, task) for task in known], "failures": []}
    definition = ecs.store.usable_task_definition(request["taskDefinition"])
    settings = _settings(request, cluster)
    check_launch(settings, definition)
    check_network(settings, ecs.surroundings)
    _check_overrides(settings["overrides"], definition)
    count = request.get("count", 1)
    if not 1 <= count <= 10:
        raise invalid("count must be between 1 and 10.")
    group = request.get("group", f"family:{definition.family}")
    if group.startswith("service:"):
        raise invalid("Invalid namespace for group. The 'service' namespace is reserved.")
    if not _STARTED_BY.fullmatch(request.get("startedBy", "-")):
        raise invalid("startedBy must be up to 128 letters, numbers, hyphens, slashes and underscores.")
    tags = _tags(ecs, request, definition)
    order = Order(cluster.name, definition, settings, group, request.get("startedBy"), tags=tags)
    tasks = [ecs.tasks.start(order) for _ in range(count)]
    if token:
        ecs.store.run_tokens[cluster.name, token] = RunToken(copy.deepcopy(request), [task.id for task in tasks])
    return {"tasks": [task_view(ecs.store, task, with_tags=True) for task in tasks], "failures": []}


def describe_tasks(ecs: Ecs, request: Json) -> Json:
    """DescribeTasks, of at most a hundred."""
    cluster = ecs.store.cluster(request.get("cluster"))
    if not 1 <= len(request["tasks"]) <= 100:
        raise invalid("Tasks cannot be empty." if not request["tasks"] else "You can specify up to 100 tasks.")
    found, failures = [], []
    for reference in request["tasks"]:
        task = ecs.store.task(cluster, reference)
        if task is None:
            arn = ecs.naming.arn("task", cluster.name, last_part(reference))
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(task_view(ecs.store, task, "TAGS" in request.get("include", [])))
    return {"tasks": found, "failures": failures}


def list_tasks(ecs: Ecs, request: Json) -> Json:
    """ListTasks: those meant to run, or with desiredStatus STOPPED those meant to stop."""
    cluster = ecs.store.cluster(request.get("cluster"))
    if request.get("startedBy") and any(request.get(name) for name in _BESIDE_STARTED_BY):
        raise invalid("cannot specify startedBy with other arguments")
    if name := request.get("serviceName"):
        ecs.store.service(cluster, name)
    return page("taskArns", [task.arn for task in _matching(ecs, cluster, request)], request)


def stop_task(ecs: Ecs, request: Json) -> Json:
    """StopTask: SIGTERM after draining, as for any end; in a service the scheduler replaces it."""
    cluster = ecs.store.cluster(request.get("cluster"))
    task = ecs.store.task(cluster, request["task"])
    if task is None:
        raise invalid("The referenced task was not found.")
    ecs.tasks.stop(task, "UserInitiated", request.get("reason") or "Task stopped by user")
    return {"task": task_view(ecs.store, task)}


def _used(ecs: Ecs, cluster: Cluster, token: str) -> RunToken | None:
    """What the token stands for; None for a new one, or one that has lived its time."""
    found = ecs.store.run_tokens.get((cluster.name, token))
    return found if found and time.time() - found.used_at < _TOKEN_LIVES else None


def _matching(ecs: Ecs, cluster: Cluster, request: Json) -> Iterator[Task]:
    status = request.get("desiredStatus") or "RUNNING"
    if status == "PENDING":
        raise invalid("desiredStatus PENDING lists nothing: Amazon ECS never sets a desired status of PENDING.")
    service = last_part(request["serviceName"]) if request.get("serviceName") else None
    for task in ecs.store.tasks.values():
        if (
            task.cluster == cluster.name
            and task.desired_status == status
            and service in (None, task.service)
            and request.get("family") in (None, task.task_definition.family)
            and request.get("startedBy") in (None, task.started_by)
            and request.get("launchType") in (None, task.settings.get("launchType", "FARGATE"))
        ):
            yield task


def _settings(request: Json, cluster: Cluster) -> Json:
    settings = {name: copy.deepcopy(request[name]) for name in _SHOWN if name in request}
    if not settings.get("launchType") and not settings.get("capacityProviderStrategy") and cluster.default_strategy:
        settings["capacityProviderStrategy"] = copy.deepcopy(cluster.default_strategy)
    settings.setdefault("platformVersion", "LATEST")
    settings["overrides"] = {"containerOverrides": [], **settings.get("overrides", {})}
    settings["enableExecuteCommand"] = request.get("enableExecuteCommand", False)
    return settings


def _check_overrides(overrides: Json, definition: TaskDefinition) -> None:
    if len(json.dumps(overrides, separators=(",", ":"))) > _LONGEST_OVERRIDES:
        raise invalid(f"Overrides length must be at most {_LONGEST_OVERRIDES}.")
    for name in (override.get("name", "") for override in overrides["containerOverrides"]):
        if definition.container(name) is None:
            raise invalid(f"Override for container named {name} is not a container in the TaskDefinition.")


def _tags(ecs: Ecs, request: Json, definition: TaskDefinition) -> dict[str, str]:
    inherited = ecs.store.tags.get(definition.arn, {}) if request.get("propagateTags") == "TASK_DEFINITION" else {}
    return {**inherited, **to_tags(request.get("tags"))}
