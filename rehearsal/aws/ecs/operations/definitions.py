"""Task definitions."""

from __future__ import annotations

import copy
import time

from rehearsal.aws.ecs.ecs import Ecs
from rehearsal.aws.ecs.errors import client_error, invalid
from rehearsal.aws.ecs.model import Json, TaskDefinition
from rehearsal.aws.ecs.operations.paging import page
from rehearsal.aws.ecs.refusals import check_task_definition, normal_size
from rehearsal.aws.ecs.store import listed_tags, to_tags
from rehearsal.aws.ecs.views import task_definition_view


def register_task_definition(ecs: Ecs, request: Json) -> Json:
    """RegisterTaskDefinition: always a new revision; numbers are never given twice."""
    check_task_definition(request)
    family = request["family"]
    revisions = ecs.store.families.setdefault(family, [])
    number = revisions[-1].revision + 1 if revisions else 1
    definition = TaskDefinition(
        family, number, ecs.naming.arn("task-definition", f"{family}:{number}"), _content(ecs, request)
    )
    revisions.append(definition)
    ecs.store.tags[definition.arn] = to_tags(request.get("tags"))
    return {
        "taskDefinition": task_definition_view(definition),
        "tags": listed_tags(ecs.store.tags[definition.arn]),
    }


def describe_task_definition(ecs: Ecs, request: Json) -> Json:
    """DescribeTaskDefinition; tags only where asked for."""
    definition = _known(ecs, request["taskDefinition"])
    tags = listed_tags(ecs.store.tags.get(definition.arn)) if "TAGS" in request.get("include", []) else None
    return {"taskDefinition": task_definition_view(definition), "tags": tags}


def list_task_definitions(ecs: Ecs, request: Json) -> Json:
    """ListTaskDefinitions by family and revision; ``familyPrefix`` is a whole name in spite of its own."""
    status, family = request.get("status") or "ACTIVE", request.get("familyPrefix")
    arns = [
        each.arn
        for name in sorted(ecs.store.families)
        if not family or name == family
        for each in ecs.store.families[name]
        if each.status == status
    ]
    return page("taskDefinitionArns", arns[::-1] if request.get("sort") == "DESC" else arns, request)


def list_task_definition_families(ecs: Ecs, request: Json) -> Json:
    """ListTaskDefinitionFamilies."""
    status, prefix = request.get("status") or "ACTIVE", request.get("familyPrefix") or ""
    families = [
        name
        for name, revisions in sorted(ecs.store.families.items())
        if name.startswith(prefix)
        and (status == "ALL" or any(each.status == "ACTIVE" for each in revisions) == (status == "ACTIVE"))
    ]
    return page("families", families, request)


def deregister_task_definition(ecs: Ecs, request: Json) -> Json:
    """DeregisterTaskDefinition: INACTIVE; services and tasks that use it go on."""
    if ":" not in request["taskDefinition"]:
        raise client_error("Task definition must have a revision.")
    definition = _known(ecs, request["taskDefinition"])
    if definition.status == "ACTIVE":
        definition.status, definition.deregistered_at = "INACTIVE", time.time()
    return {"taskDefinition": task_definition_view(definition)}


def delete_task_definitions(ecs: Ecs, request: Json) -> Json:
    """DeleteTaskDefinitions, of INACTIVE revisions; one that is used stays DELETE_IN_PROGRESS, others are gone."""
    if not 1 <= len(request["taskDefinitions"]) <= 10:
        raise invalid("You can specify up to 10 task definitions.")
    deleted, failures = [], []
    for reference in request["taskDefinitions"]:
        definition = ecs.store.task_definition(reference)
        if definition is None or definition.status == "ACTIVE":
            reason = "MISSING" if definition is None else "The specified task definition is still in ACTIVE status."
            failures.append({"arn": definition.arn if definition else reference, "reason": reason})
            continue
        definition.status, definition.delete_requested_at = "DELETE_IN_PROGRESS", time.time()
        deleted.append(task_definition_view(definition))
    return {"taskDefinitions": deleted, "failures": failures}


def _known(ecs: Ecs, reference: str) -> TaskDefinition:
    found = ecs.store.task_definition(reference)
    if found is None:
        raise client_error("Unable to describe task definition.")
    return found


def _content(ecs: Ecs, request: Json) -> Json:
    """What is remembered of a request, with the defaults that the API shows."""
    content = {name: each for name, each in copy.deepcopy(request).items() if name not in ("family", "tags")}
    for size in ("cpu", "memory"):
        if size in content:
            content[size] = normal_size(content[size])
    for container in content["containerDefinitions"]:
        for name in ("environment", "mountPoints", "volumesFrom", "portMappings", "systemControls"):
            container.setdefault(name, [])
        container.setdefault("cpu", 0)
        container.setdefault("essential", True)
        for mapping in container["portMappings"]:
            mapping.setdefault("protocol", "tcp")
            mapping.setdefault("hostPort", mapping["containerPort"] if content.get("networkMode") == "awsvpc" else 0)
    content.setdefault("volumes", [])
    content.setdefault("placementConstraints", [])
    fargate = content.get("networkMode") == "awsvpc" and "cpu" in content
    content["compatibilities"] = ["EC2", "FARGATE"] if fargate else ["EC2"]
    content["registeredBy"] = ecs.naming.caller
    return content
