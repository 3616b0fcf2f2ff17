"""What AWS refuses of a task definition, for Fargate, in its own words where they are known.

Sources: the RegisterTaskDefinition reference, "Amazon ECS task definition parameters for Fargate", and the answers of
the real service.
"""

from __future__ import annotations

import json
import re

from rehearsal.aws.ecs.dependencies import starting_order
from rehearsal.aws.ecs.errors import client_error
from rehearsal.aws.ecs.model import Json

_LONGEST = 65536
_GIB = 1024
_MEMORY: dict[int, range | tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: range(1 * _GIB, 4 * _GIB + 1, _GIB),
    1024: range(2 * _GIB, 8 * _GIB + 1, _GIB),
    2048: range(4 * _GIB, 16 * _GIB + 1, _GIB),
    4096: range(8 * _GIB, 30 * _GIB + 1, _GIB),
    8192: range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB),
    16384: range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB),
}
"""CPU units -> MiB that go with them."""
_FAMILY = re.compile(r"[a-zA-Z0-9_-]{1,255}")
_ROLE = re.compile(r"(arn:aws:iam::\d{12}:role/.+|[\w+=,.@-]+)")
_STOP_TIMEOUT = 120
_HEALTH_CHECK = {"interval": (5, 300), "timeout": (2, 60), "retries": (1, 10), "startPeriod": (0, 300)}
_UNITS = re.compile(r"(\d+(?:\.\d+)?)\s*(vcpu|gb)", re.IGNORECASE)


def check_task_definition(request: Json) -> None:
    """Refuse what AWS refuses. Raises ClientException."""
    size = len(json.dumps(request, separators=(",", ":")).encode())
    if size > _LONGEST:
        raise client_error(f"Actual length: '{size}'. Max allowed length is '{_LONGEST}' bytes.")
    if not _FAMILY.fullmatch(request["family"]):
        raise client_error("Family contains invalid characters or is too long.")
    if not request["containerDefinitions"]:
        raise client_error("Container definitions list cannot be empty.")
    for role in filter(None, (request.get("executionRoleArn"), request.get("taskRoleArn"))):
        if not _ROLE.fullmatch(role):
            raise client_error("Role is not valid")
    _check_containers(request)
    if "FARGATE" in request.get("requiresCompatibilities", []):
        _check_fargate(request)


def normal_size(value: str | None) -> str | None:
    """CPU or memory as ECS stores it: "1 vCPU" is "1024", "0.5 GB" is "512"."""
    if value is None or not (found := _UNITS.fullmatch(value.strip())):
        return value
    return str(int(float(found.group(1)) * 1024))


def _check_containers(request: Json) -> None:
    containers = request["containerDefinitions"]
    names = [each.get("name") for each in containers]
    for each in containers:
        if not each.get("name"):
            raise client_error("Container.name should not be null or empty.")
        if not each.get("image"):
            raise client_error("Container.image should not be null or empty.")
        if names.count(each["name"]) > 1:
            raise client_error(f"Container.name '{each['name']}' is used more than once in the task definition.")
        _check_variables(each, request)
        _check_logging(each, request)
        _check_health_check(each)
    starting_order(containers)
    if not any(each.get("essential", True) for each in containers):
        raise client_error("Invalid setting for container. At least one container should be essential.")


def _check_variables(container: Json, request: Json) -> None:
    secrets = [each["name"] for each in container.get("secrets", [])]
    plain = [each.get("name") for each in container.get("environment", [])]
    if secrets and not request.get("executionRoleArn"):
        raise client_error(
            "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."
        )
    for name in secrets:
        if secrets.count(name) > 1 or name in plain:
            raise client_error(
                "The secret name must be unique and not shared with any new or existing environment variables set on "
                f"the container, such as '{name}'."
            )


def _check_logging(container: Json, request: Json) -> None:
    configuration = container.get("logConfiguration")
    if not configuration or configuration["logDriver"] != "awslogs":
        return
    options = configuration.get("options", {})
    for option in ("awslogs-group", "awslogs-region"):
        if not options.get(option):
            raise client_error(f"Log driver awslogs requires options: {option}")
    if "FARGATE" in request.get("requiresCompatibilities", []):
        if not options.get("awslogs-stream-prefix"):
            raise client_error("Log driver awslogs requires options: awslogs-stream-prefix")
        if not request.get("executionRoleArn"):
            raise client_error(
                "Fargate requires task definition to have execution role ARN to support log driver awslogs."
            )


def _check_health_check(container: Json) -> None:
    check = container.get("healthCheck")
    if not check:
        return
    if not check["command"] or check["command"][0] not in ("CMD", "CMD-SHELL", "NONE"):
        raise client_error("Health check command must begin with CMD, CMD-SHELL or NONE.")
    for name, (least, most) in _HEALTH_CHECK.items():
        if name in check and not least <= check[name] <= most:
            raise client_error(f"Health check {name} must be between {least} and {most}: '{container['name']}'.")


def _check_fargate(request: Json) -> None:
    if request.get("networkMode") != "awsvpc":
        raise client_error("Fargate only supports network mode 'awsvpc'.")
    if not request.get("cpu") or not request.get("memory"):
        missing = "memory" if request.get("cpu") else "cpu"
        raise client_error(f"Fargate requires that '{missing}' be defined at the task level.")
    cpu, memory = normal_size(request["cpu"]) or "", normal_size(request["memory"]) or ""
    if not (cpu.isdigit() and memory.isdigit() and int(memory) in _MEMORY.get(int(cpu), ())):
        raise client_error(
            f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. See the Amazon ECS "
            "documentation for the valid values."
        )
    for container in request["containerDefinitions"]:
        _check_on_fargate(container, request, int(cpu), int(memory))


def _check_on_fargate(container: Json, request: Json, cpu: int, memory: int) -> None:
    name = container["name"]
    if ".dkr.ecr." in container["image"] and not request.get("executionRoleArn"):
        raise client_error("Fargate requires task definition to have execution role ARN to support ECR images.")
    if container.get("privileged"):
        raise client_error(f"Fargate does not support privileged containers: '{name}'.")
    if container.get("links"):
        raise client_error(f"Links are not supported when networkMode=awsvpc: '{name}'.")
    for mapping in container.get("portMappings", []):
        if mapping.get("hostPort", mapping.get("containerPort")) not in (mapping.get("containerPort"), 0):
            raise client_error(
                "When networkMode=awsvpc, the host ports and container ports in port mappings must match."
            )
    if container.get("stopTimeout", 0) > _STOP_TIMEOUT:
        raise client_error(
            f"Invalid 'stopTimeout' for container '{name}': Fargate allows at most {_STOP_TIMEOUT} seconds."
        )
    if container.get("cpu", 0) > cpu or container.get("memory", 0) > memory:
        raise client_error(f"Invalid setting for container '{name}'. It asks for more than the task's cpu or memory.")
