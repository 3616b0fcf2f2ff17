"""The order in which a task's containers start (``dependsOn``), and when the next one may."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from graphlib import CycleError, TopologicalSorter

from rehearsal.aws.ecs.errors import StartFailureError, client_error
from rehearsal.aws.ecs.model import Container, Json

_MET: dict[str, Callable[[Container], bool]] = {
    "START": lambda container: container.last_status != "PENDING",
    "COMPLETE": lambda container: container.last_status == "STOPPED",
    "SUCCESS": lambda container: container.exit_code == 0,
    "HEALTHY": lambda container: container.health == "HEALTHY",
}


def starting_order(definitions: Sequence[Json]) -> list[str]:
    """The containers' names, each after those that it depends on; else as defined. Raises ClientException."""
    names = [each["name"] for each in definitions]
    needs = {each["name"]: [needed["containerName"] for needed in each.get("dependsOn", [])] for each in definitions}
    for name, needed in needs.items():
        if unknown := [each for each in needed if each not in names]:
            raise client_error(f"Container '{name}' depends on '{unknown[0]}', which is not in the task definition.")
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        raise client_error("The containers' dependencies form a cycle.") from error


def is_met(definition: Json, containers: Sequence[Container]) -> bool:
    """Whether a container's dependencies allow its start.

    Raises:
        StartFailureError: they never will, as a container that had to become healthy or succeed did not.
    """
    by_name = {each.name: each for each in containers}
    for needed in definition.get("dependsOn", []):
        container, condition = by_name[needed["containerName"]], needed["condition"]
        if _MET[condition](container):
            continue
        if container.last_status == "STOPPED" or (condition == "HEALTHY" and container.health == "UNHEALTHY"):
            raise StartFailureError(
                f"Task failed to start: dependency container '{container.name}' of '{definition['name']}' did not "
                f"reach the condition {condition}."
            )
        return False
    return True
