"""What a task is run with: as a module's options say, or for a task on demand what serves now."""

from __future__ import annotations

import shlex
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import ecs, task_network
from ansible_collections.offramp.ecs.plugins.module_utils.aws.runs import Subject, release_id
from ansible_collections.offramp.ecs.plugins.module_utils.aws.tagged import tags_of
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Missing
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown, is_unknown

_LONGEST = 8000
"""Characters of a command; RunTask takes 8192 for all overrides."""


def subject_of(params: Mapping[str, Any], target: str) -> Subject:
    """The task that a module's options name; of a one-off task, what it is run with is yet to be :func:`served`.

    Raises:
        BadInput: it is not said what to run.
    """
    command = words(params["command"], target)
    if bool(params["service"]) == bool(params["task_definition"]) or (params["service"] and not command):
        raise BadInput(
            f"It is not said what {target} is to run.",
            target=target,
            hint="Give a command (playbooks/run.yml -e \"run_command='node task.js'\"), or a task_definition.",
        )
    if len(params["services"]) != len(params["releases"]):
        raise BadInput("Each of the services needs its release.", target=target, hint="Give releases in their order.")
    before = dict(zip(params["services"], params["releases"]))
    return Subject(
        params["cluster"],
        params["task_definition"],
        params["container"],
        task_network.written(params),
        release_id(params["task_definition"], before) if before else new_id(),
        command,
        before,
        tags_of(params["tags"]),
    )


def new_id() -> str:
    """A ``startedBy`` that nothing else has: each call is a run of its own."""
    return f"offramp-run-{uuid.uuid4().hex[:24]}"


def words(given: Any, target: str) -> tuple[str, ...]:
    """A command as a list of words; a line is split as a shell would. None and "" are no command.

    Raises:
        BadInput: it cannot be read, or is too long.
    """
    if given is not None and not isinstance(given, (str, list)):
        raise BadInput(f"{given!r} is no command.", target=target, hint="Give a line, or a list of words.")
    try:
        split = shlex.split(given) if isinstance(given, str) else [str(word) for word in given or []]
    except ValueError as error:
        raise BadInput(
            f"The command {given} cannot be read: {str(error).lower()}.",
            target=target,
            hint="Close its quotes, or give it as a list of words.",
        ) from None
    if len(str(split)) > _LONGEST:
        raise BadInput(
            f"The command of {target} has {len(str(split))} characters; ECS takes about {_LONGEST}.",
            target=target,
            hint="Put it into the image, and run it by its name.",
        )
    return tuple(split)


def served(api: ecs.Ecs, subject: Subject, service: str, target: str) -> Subject:
    """The task with what a service serves with now, in the network of the service's tasks; by two reads.

    Raises:
        Missing: there is no such service.
    """
    if is_unknown(subject.cluster):
        return replace(subject, task_definition=Unknown(f"release of {service}", "playbooks/release.yml"))
    found = api.service(subject.cluster, service) or {}
    primary = ecs.primary(found)
    definition = api.definition(primary["taskDefinition"]) if primary else None
    if definition is None:
        raise Missing(
            f"ECS service {service} does not exist, so there is no release to run {target} with.",
            target=f"ECS service {service}",
            hint="Name a process type that was released (run_process), or run playbooks/release.yml first.",
        )
    return replace(
        subject,
        task_definition=definition["taskDefinitionArn"],
        container=subject.container or definition["containerDefinitions"][0]["name"],
        network=found["networkConfiguration"],
    )
