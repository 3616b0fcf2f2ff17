"""Which versions of a secret task definitions name, so that nobody takes one away that a task still needs to start."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import definitions, ecs
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Missing
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown

_SUFFIX = 7
"""Characters that Secrets Manager adds to a secret's name in its ARN: "-" and six of its own."""


@dataclass(frozen=True)
class Reference:
    """What one ``valueFrom`` names of a secret.

    Attributes:
        key: the key of the JSON map; "" for the whole secret.
        version: id of the version; "" where it is not pinned, and a task gets what is current when it starts.
    """

    key: str
    version: str


@dataclass(frozen=True)
class Use:
    """A service whose primary deployment names the secret, by one version of it.

    Attributes:
        service: its name.
        task_definition: ARN of the revision.
        version: id of the version; "" where it names the secret unpinned.
        keys: the keys that it names of that version.
    """

    service: str
    task_definition: str
    version: str
    keys: tuple[str, ...]


class Pins:
    """Reads from ECS who names a secret. A cluster, service or family that does not exist uses nothing.

    Args:
        region: AWS region.
        door: asked before each call.
    """

    def __init__(self, region: str, door: Door) -> None:
        self._ecs = ecs.Ecs(region, door)
        self._read: dict[str, Optional[ecs.Json]] = {}

    def uses(self, cluster: str, services: Sequence[str], secret_arn: str) -> tuple[Use, ...]:
        """The services whose primary deployments' task definitions name the secret, in the order given.

        One read for ten services, and one for each task definition.
        """
        found = self._services(cluster, services)
        return tuple(
            use
            for service in found
            if (primary := ecs.primary(service))
            for use in uses_of(service["serviceName"], self._definition(primary["taskDefinition"]), secret_arn)
        )

    def kept(
        self, cluster: str, services: Sequence[str], families: Sequence[str], secret_arn: str, newest: int
    ) -> frozenset[str]:
        """Ids of the versions that a task may still be started with.

        They are those that are named by any deployment of the services, by the last completed release before the
        present one (where ``release_to=previous`` goes), and by the ``newest`` active revisions of each family.
        """
        arns: list[str] = []
        for service in self._services(cluster, services):
            present = str(ecs.primary(service).get("taskDefinition", service["taskDefinition"]))
            before = self._ecs.previous_definition(cluster, service["serviceName"], present)
            deployed = [each["taskDefinition"] for each in service["deployments"]]
            arns += [present, *deployed, *([before] if before else [])]
        for family in families:
            arns += self._ecs.active_revisions(family, newest) if newest else []
        named = (references(self._definition(arn), secret_arn) for arn in dict.fromkeys(arns))
        return frozenset(each.version for found in named for each in found if each.version)

    def _services(self, cluster: str, services: Sequence[str]) -> list[ecs.Json]:
        return [] if not cluster or is_unknown(cluster) else self._ecs.services(cluster, services)

    def _definition(self, arn: str) -> ecs.Json:
        """A revision, which never changes, read once; empty where it was deleted."""
        if arn not in self._read:
            self._read[arn] = self._ecs.definition(arn)
        return self._read[arn] or {}


def uses_of(service: str, definition: Mapping[str, Any], secret_arn: str) -> Iterator[Use]:
    """How a service with this task definition uses the secret: once for each version that is named."""
    keys_of: dict[str, set[str]] = defaultdict(set)
    for reference in references(definition, secret_arn):
        keys_of[reference.version] |= {reference.key} - {""}
    for version in sorted(keys_of):
        yield Use(service, definition["taskDefinitionArn"], version, tuple(sorted(keys_of[version])))


def references(definition: Mapping[str, Any], secret_arn: str) -> list[Reference]:
    """All that a task definition names of the secret, in variables and in options of log drivers."""
    named = [
        each["valueFrom"]
        for container in definition.get("containerDefinitions", [])
        for each in [
            *container.get("secrets", []),
            *(container.get("logConfiguration") or {}).get("secretOptions", []),
        ]
    ]
    return [found for value in named if (found := parse(value, secret_arn)) is not None]


def parse(value_from: str, secret_arn: str) -> Optional[Reference]:
    """What a ``valueFrom`` names of the secret; None where it names another. The ARN may lack its six characters."""
    source = definitions.source_of(value_from)
    return Reference(source.key, source.version) if source.arn in (secret_arn, secret_arn[:-_SUFFIX]) else None


def repinned(definition: Mapping[str, Any], container: str, secrets: definitions.Secrets) -> ecs.Json:
    """The definition as it can be registered with this version of the secret, and the same in all else.

    Each key becomes a variable of its name in the container. A variable of another name for one of the keys, or for the
    whole secret, stays where its key is still there. References of other containers and to other secrets stay.

    Raises:
        Missing: there is no such container.
        BadInput: a key has the name of a variable that is set otherwise.
    """
    containers = [dict(each) for each in definition["containerDefinitions"]]
    ours = next((each for each in containers if each["name"] == container), None)
    if ours is None:
        raise Missing(
            f"Task definition {definition['family']} has no container {container}.",
            target=f"task definition {definition['family']}",
            hint="Release an image instead: -e release_image=TAG.",
        )
    kept = [kept for each in ours.get("secrets", []) if (kept := _kept(each, secrets)) is not None]
    taken = [each["name"] for each in (*kept, *ours.get("environment", []))]
    definitions.check_set_once(container, taken, secrets)
    ours["secrets"] = [*kept, *secrets.references()]
    return {**definitions.registrable(definition), "containerDefinitions": containers}


def _kept(variable: Mapping[str, str], secrets: definitions.Secrets) -> Optional[Mapping[str, str]]:
    """A variable beside those of the secret's keys; None where it is one of them, or its key is gone."""
    reference = parse(variable["valueFrom"], secrets.arn)
    if reference is None:
        return variable
    if reference.key == variable["name"] or reference.key not in ("", *secrets.keys):
        return None
    return {"name": variable["name"], "valueFrom": f"{secrets.arn}:{reference.key}::{secrets.version}"}
