"""One container of a task as a process of the demo app: its environment, its output, its health, its end."""

from __future__ import annotations

import json
import shlex
import threading
from collections.abc import Callable, Mapping

from rehearsal.aws.ecs.errors import StartFailureError
from rehearsal.aws.ecs.healthcheck import HealthCheck, watch
from rehearsal.aws.ecs.logs import LogDriver, Stream
from rehearsal.aws.ecs.model import Health, Json
from rehearsal.aws.ecs.naming import Naming
from rehearsal.aws.ecs.surroundings import Image, Surroundings
from rehearsal.processes import AppProcess

DEFAULT_STOP_TIMEOUT = 30.0


class RunningContainer:
    """A started container. ``on_exit`` and ``on_health`` are called from threads of its own.

    ``lives`` is set with its first line of output, or its end: on a busy machine a Python takes a while to start, and
    that must not look like a container that runs.
    """

    def __init__(
        self,
        definition: Json,
        environment: Mapping[str, str],
        image: Image,
        line_to: Callable[[str], None],
        on_exit: Callable[[int], None],
        on_health: Callable[[Health], None],
    ) -> None:
        ports = [mapping["containerPort"] for mapping in definition.get("portMappings", [])]
        self.name: str = definition["name"]
        self._grace = float(definition.get("stopTimeout", DEFAULT_STOP_TIMEOUT))
        self._check = HealthCheck.of(definition)
        self.lives = threading.Event()

        def line(text: str) -> None:
            self.lives.set()
            line_to(text)

        def ended(code: int) -> None:
            on_exit(code)
            self.lives.set()

        self.process = AppProcess(environment, image.behaviour, ports, not ports, line, ended)
        if self._check is not None:
            threading.Thread(target=self._watch, args=(self._check, on_health), name="health", daemon=True).start()

    def stop(self) -> None:
        """SIGTERM, then SIGKILL after the container's stopTimeout; returns when the process is gone."""
        self.process.stop(self._grace)

    def _watch(self, check: HealthCheck, on_health: Callable[[Health], None]) -> None:
        watch(check, lambda: self.process.real_ports, self.process.ended, on_health)


def environment_of(definition: Json, overrides: Json, secrets: Mapping[str, str], naming: Naming, task_id: str) -> Json:
    """What the container finds in its environment, as on Fargate: secrets win over plain values of the same name."""
    plain = {each["name"]: each.get("value", "") for each in definition.get("environment", [])}
    override = override_of(overrides, definition["name"])
    changed = {each["name"]: each.get("value", "") for each in override.get("environment", [])}
    return {
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
        "AWS_REGION": naming.region,
        "AWS_DEFAULT_REGION": naming.region,
        **plain,
        **changed,
        **secrets,
        "REHEARSAL_SIDE": "aws",
        "REHEARSAL_PROCESS": task_id,
    }


def override_of(overrides: Json, container: str) -> Json:
    """A task's override for one container."""
    found: list[Json] = [each for each in overrides.get("containerOverrides", []) if each.get("name") == container]
    return found[0] if found else {}


def errand_of(definition: Json, overrides: Json, image: Image) -> dict[str, str]:
    """What tells the container's process which command it is, where that is one that ends by itself.

    Raises:
        StartFailureError: somebody orders a command that the image does not have.
    """
    ordered = override_of(overrides, definition["name"]).get("command")
    command = ordered or definition.get("command", [])
    errand = image.behaviour.commands.get(shlex.join(command))
    if errand is not None:
        return {"REHEARSAL_ERRAND": errand.model_dump_json()}
    if ordered and ordered != definition.get("command", []):
        raise StartFailureError(
            "CannotStartContainerError: Error response from daemon: failed to create task for container: failed to "
            "create shim task: OCI runtime create failed: runc create failed: unable to start container process: "
            f"exec: {json.dumps(ordered[0])}: executable file not found in $PATH: unknown"
        )
    return {}


def resolve_secrets(definition: Json, surroundings: Surroundings) -> dict[str, str]:
    """The container's secrets by name of variable. Raises StartFailureError."""
    return {each["name"]: surroundings.secret(each["valueFrom"]) for each in definition.get("secrets", [])}


def lines_to(driver: LogDriver, stream: Stream | None) -> Callable[[str], None]:
    """Where a container's output goes."""
    if stream is None:
        return lambda _: None
    return lambda line: driver.write(stream, line)
