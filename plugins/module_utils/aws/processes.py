"""One process type of an app as the inventory describes it, and what Fargate allows of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.offramp.ecs.plugins.module_utils.aws.dyno_sizes import FARGATE, Size, on_fargate
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import Options

PROCESS: Options = {
    "process": {
        "type": "dict",
        "required": True,
        "options": {
            "command": {"type": "list", "elements": "str", "default": []},
            "size": {"type": "str", "default": ""},
            "cpu": {"type": "int"},
            "memory": {"type": "int"},
            "architecture": {"type": "str", "choices": ["X86_64", "ARM64"], "default": "X86_64"},
            "port": {"type": "int", "default": 0},
            "environment": {"type": "dict", "default": {}},
            "stop_timeout": {"type": "int", "default": 30},
            "health_command": {"type": "list", "elements": "str", "default": []},
            "health_grace": {"type": "int", "default": 60},
            "desired": {"type": "int", "default": 1},
            "minimum": {"type": "int", "default": 1},
            "maximum": {"type": "int", "default": 0},
            "target_cpu": {"type": "int", "default": 60},
            "target_memory": {"type": "int", "default": 75},
            "target_requests": {"type": "int", "default": 1000},
            "scale_in": {"type": "bool", "default": True},
            "scale_in_cooldown": {"type": "int", "default": 300},
            "scale_out_cooldown": {"type": "int", "default": 60},
            "schedule": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},
                    "when": {"type": "str", "required": True},
                    "timezone": {"type": "str", "default": "UTC"},
                    "minimum": {"type": "int"},
                    "maximum": {"type": "int"},
                },
            },
        },
    }
}
"""The option ``process`` (documentation fragment ``offramp.ecs.process``)."""

RELEASE = "release"
"""The process type that is no service: it runs once before any service gets a new release, as at Heroku."""

_DEFAULT = Size(256, 512)
_LONGEST_STOP = 120


def described(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """A process type as an inventory gives it, with the defaults of the option ``process`` filled in.

    Raises:
        BadInput: it holds what that option does not take.
    """
    judged = ArgumentSpecValidator(PROCESS).validate({"process": given})
    if judged.error_messages:
        said = "; ".join(judged.error_messages)
        raise BadInput(f"Process {name}: {said}.", target=f"process {name}", hint="Correct release_processes.")
    return dict(judged.validated_parameters["process"])


def services_of(processes: Mapping[str, Any]) -> dict[str, Any]:
    """Those of an app's process types that run as services."""
    return {name: process for name, process in processes.items() if name != RELEASE}


def described_of(processes: Mapping[str, Any]) -> dict[str, Any]:
    """All of an app's process types with their defaults filled in.

    Raises:
        BadInput: one holds what the option ``process`` does not take.
    """
    return {name: described(name, given or {}) for name, given in processes.items()}


def gates_of(processes: Mapping[str, Any]) -> dict[str, Any]:
    """The process type that runs once before the services, if there is one."""
    return {name: process for name, process in processes.items() if name == RELEASE}


def size_of(name: str, process: Mapping[str, Any]) -> Size:
    """CPU units and MiB of memory of a process type's tasks, from its dyno size or as it states them.

    Raises:
        BadInput: it gives both, or a size that Heroku does not have or Fargate cannot take.
    """
    cpu, memory = process["cpu"], process["memory"]
    if not process["size"]:
        return Size(_DEFAULT.cpu if cpu is None else cpu, _DEFAULT.memory if memory is None else memory)
    if (cpu, memory) != (None, None):
        raise BadInput(
            f"Process {name} has both a dyno size ({process['size']}) and {'memory' if cpu is None else 'cpu'}.",
            target=f"process {name}",
            hint="Give size, or cpu and memory, in release_processes.",
        )
    try:
        return on_fargate(process["size"])
    except BadInput as error:
        raise BadInput(f"Process {name}: {error.msg}", target=f"process {name}", hint=error.hint) from None


def check(name: str, process: Mapping[str, Any]) -> None:
    """Refuse what AWS would refuse later, before anything is written.

    Raises:
        BadInput: with the figures that would do.
    """
    target = f"process {name}"
    cpu, memory = size_of(name, process)
    if cpu not in FARGATE:
        raise BadInput(f"Fargate has no task with {cpu} CPU units.", target=target, hint=f"Use {_listed(FARGATE)}.")
    if memory not in FARGATE[cpu]:
        raise BadInput(
            f"Process {name}: Fargate has no task with {cpu} CPU units and {memory} MiB of memory.",
            target=target,
            hint=f"With {cpu} CPU units use {_listed(FARGATE[cpu])} MiB.",
        )
    if not 0 <= process["stop_timeout"] <= _LONGEST_STOP:
        raise BadInput(
            f"Process {name}: a stop timeout of {process['stop_timeout']} s is not possible.",
            target=target,
            hint=f"Fargate waits at most {_LONGEST_STOP} s.",
        )
    if not 0 <= process["port"] < 65536:
        raise BadInput(f"Process {name}: {process['port']} is no port.", target=target, hint="Use 1 to 65535.")
    if process["maximum"] and not 0 <= process["minimum"] <= process["maximum"]:
        raise BadInput(
            f"Process {name}: at least {process['minimum']} and at most {process['maximum']} tasks cannot be.",
            target=target,
            hint="Set minimum to no more than maximum.",
        )
    if name == RELEASE and (process["port"] or not process["command"]):
        wrong = "has a port" if process["port"] else "has no command"
        raise BadInput(
            f"Process {name} {wrong}: it is no service, but runs once before each release and must end by itself.",
            target=target,
            hint=f"Give {name} a command such as [node, migrate.js], and no port.",
        )


def _listed(sizes: Any) -> str:
    """Sizes in a person's words: all of a few, else the first two and the last."""
    found = list(sizes)
    if len(found) <= 7:
        return ", ".join(map(str, found[:-1])) + f" or {found[-1]}"
    return f"{found[0]}, {found[1]}, ... up to {found[-1]}"
