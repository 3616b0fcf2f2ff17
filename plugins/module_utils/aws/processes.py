"""One process type of an app as the inventory describes it, and what Fargate allows of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import Options

PROCESS: Options = {
    "process": {
        "type": "dict",
        "required": True,
        "options": {
            "command": {"type": "list", "elements": "str", "default": []},
            "cpu": {"type": "int", "default": 256},
            "memory": {"type": "int", "default": 512},
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

_LONGEST_STOP = 120


def _sizes(start: int, end: int, step: int) -> tuple[int, ...]:
    return tuple(range(start, end + 1, step))


FARGATE: Mapping[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: _sizes(1024, 4096, 1024),
    1024: _sizes(2048, 8192, 1024),
    2048: _sizes(4096, 16384, 1024),
    4096: _sizes(8192, 30720, 1024),
    8192: _sizes(16384, 61440, 4096),
    16384: _sizes(32768, 122880, 8192),
}
"""CPU units -> MiB of memory (Amazon ECS developer guide, "Task size")."""


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


def check(name: str, process: Mapping[str, Any]) -> None:
    """Refuse what AWS would refuse later, before anything is written.

    Raises:
        BadInput: with the figures that would do.
    """
    target = f"process {name}"
    cpu, memory = process["cpu"], process["memory"]
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


def _listed(sizes: Any) -> str:
    """Sizes in a person's words: all of a few, else the first two and the last."""
    found = list(sizes)
    if len(found) <= 7:
        return ", ".join(map(str, found[:-1])) + f" or {found[-1]}"
    return f"{found[0]}, {found[1]}, ... up to {found[-1]}"
