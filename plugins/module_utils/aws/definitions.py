"""Task definitions: written from what a release consists of, compared whole, and told without their secrets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import processes
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Refused
from ansible_collections.offramp.ecs.plugins.module_utils.engine.fingerprint import fingerprint
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import Options

Json = dict[str, Any]

PINNED_SECRET: Options = {
    "secret_arn": {"type": "str", "required": True},
    "secret_version": {"type": "str", "required": True},
    "secret_keys": {"type": "list", "elements": "str", "required": True, "no_log": False},
}
"""The configuration that a release pins (documentation fragment ``offramp.ecs.pinned_secret``)."""

LARGEST = 65_536
"""Bytes of a task definition (service quota of ECS)."""
_PARTS_OF_ARN = 7
_REST = 2_048
"""Bytes of ours without the references to secrets and with a few plain settings."""

_GIVEN_BY_AWS = frozenset(
    {
        "compatibilities",
        "deregisteredAt",
        "deleteRequestedAt",
        "registeredAt",
        "registeredBy",
        "requiresAttributes",
        "revision",
        "status",
        "tags",
        "taskDefinitionArn",
    }
)
_SORTED_BY = {"environment": "name", "secrets": "name", "portMappings": "containerPort", "ulimits": "name"}
_DEFAULTS_OF_CHECK = {"interval": 30, "timeout": 5, "retries": 3}


@dataclass(frozen=True)
class Secrets:
    """The configuration that a release pins: one version of one secret, and the keys that it has."""

    arn: str
    version: str
    keys: tuple[str, ...]

    def references(self) -> list[Json]:
        """As container secrets: each variable is a key of the pinned version."""
        return [{"name": key, "valueFrom": f"{self.arn}:{key}::{self.version}"} for key in self.keys]

    def told(self) -> Json:
        """In the form of M(offramp.ecs.secret_info)."""
        return {"arn": self.arn, "version_id": self.version, "keys": list(self.keys)}


@dataclass(frozen=True, order=True)
class Source:
    """Where the value of a variable comes from.

    Attributes:
        arn: of a secret, perhaps without its six characters; or what names a parameter of Systems Manager.
        key: of the secret's JSON map; "" for the whole secret.
        stage: staging label of the version; "" where none is named.
        version: id of the version; "" where none is named, and a task gets what is current when it starts.
    """

    arn: str
    key: str
    stage: str
    version: str


def source_of(value_from: str) -> Source:
    """What a ``valueFrom`` names. Its form is ``ARN[:key:stage:version]`` with any of the three left empty
    (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html)."""
    parts = value_from.split(":")
    key, stage, version = [*parts[_PARTS_OF_ARN:], "", "", ""][:3]
    return Source(":".join(parts[:_PARTS_OF_ARN]), key, stage, version)


def pinned(params: Mapping[str, Any]) -> Secrets:
    """The configuration that a module's :data:`PINNED_SECRET` options name."""
    return Secrets(params["secret_arn"], params["secret_version"], tuple(params["secret_keys"]))


def write(
    family: str,
    container: Json,
    process: Mapping[str, Any],
    roles: tuple[str, str],
) -> Json:
    """A task definition for Fargate with one container; ``roles`` are the execution role and the task's own."""
    size = processes.size_of(container["name"], process)
    return {
        "family": family,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": str(size.cpu),
        "memory": str(size.memory),
        "runtimePlatform": {"cpuArchitecture": process["architecture"], "operatingSystemFamily": "LINUX"},
        "executionRoleArn": roles[0],
        "taskRoleArn": roles[1],
        "containerDefinitions": [container],
    }


def container(
    name: str, image: str, process: Mapping[str, Any], environment: Mapping[str, str], secrets: Secrets, log: Json
) -> Json:
    """The container of one process type. PORT is the port that the load balancer sends to.

    Raises:
        BadInput: a name is both a plain setting and a key of the secret.
    """
    port = process["port"]
    plain = {**environment, **process["environment"], **({"PORT": port} if port else {})}
    check_set_once(name, plain, secrets)
    check = process["health_command"]
    return {
        "name": name,
        "image": image,
        "essential": True,
        "command": list(process["command"]),
        "environment": [{"name": key, "value": _text(plain[key])} for key in sorted(plain)],
        "secrets": secrets.references(),
        "portMappings": [{"containerPort": port, "protocol": "tcp"}] if port else [],
        "stopTimeout": process["stop_timeout"],
        "logConfiguration": {"logDriver": "awslogs", "options": log},
        **({"healthCheck": {"command": list(check)}} if check else {}),
    }


def check_set_once(container: str, names: Iterable[str], secrets: Secrets) -> None:
    """Refuse a variable that a container would get twice, by the secret and by other means (``names``).

    Raises:
        BadInput: see above.
    """
    twice = sorted(set(names) & set(secrets.keys))
    if twice:
        raise BadInput(
            f"{', '.join(twice)} of process {container} would be set twice, by the secret and as a plain setting.",
            target=f"process {container}",
            hint="Take it out of the plain settings, or exclude the key from the copied ones (PORT is always ours).",
        )


def check_size(definition: Json) -> None:
    """Refuse a definition that ECS has no room for.

    Raises:
        BadInput: with the figures.
    """
    size = _bytes_of(definition)
    if size > LARGEST:
        raise BadInput(
            f"Task definition {definition['family']} would have {size} bytes; ECS takes {LARGEST}.",
            target=f"task definition {definition['family']}",
            hint="Exclude keys from the secret (each takes about 200 bytes), or keep several settings in one key.",
        )


def check_references(secrets: Secrets, target: str) -> None:
    """Refuse keys whose references alone leave a task definition no room for the rest.

    Raises:
        Refused: with the figures.
    """
    size = _bytes_of(secrets.references())
    room = LARGEST - _REST
    if size > room:
        most = room * len(secrets.keys) // size
        raise Refused(
            f"{len(secrets.keys)} keys take {size} bytes of references in a task definition; ECS takes {LARGEST} in "
            f"all, {_REST} of which the rest of it needs.",
            target=target,
            hint=f"Exclude keys until about {most} are left, or keep several settings in one key.",
        )


def registrable(definition: Mapping[str, Any]) -> Json:
    """A definition that ECS describes, as it can be registered again."""
    return {key: value for key, value in definition.items() if key not in _GIVEN_BY_AWS}


def normalised(definition: Mapping[str, Any]) -> Json:
    """One form for what we would register and for what ECS describes: defaults filled in, sets sorted."""
    kept = registrable(definition)
    containers = [_normal_container(each) for each in kept.get("containerDefinitions", [])]
    normal: Json = _dense(
        {
            **kept,
            "requiresCompatibilities": sorted(kept.get("requiresCompatibilities", [])),
            "containerDefinitions": sorted(containers, key=lambda each: str(each["name"])),
        }
    )
    return normal


def readable(definition: Optional[Json], plain: frozenset[str]) -> Optional[Json]:
    """A normalised definition for a person. Values of settings that are not in ``plain`` are told by fingerprint."""
    if definition is None:
        return None
    told = {key: value for key, value in definition.items() if key not in ("containerDefinitions", "family")}
    for each in definition["containerDefinitions"]:
        rest = {key: value for key, value in each.items() if key not in ("name", "environment", "secrets")}
        environment = {
            item["name"]: item.get("value", "") if item["name"] in plain else fingerprint(item.get("value", ""))
            for item in each.get("environment", [])
        }
        rest["environment"] = environment
        rest.update(_told_secrets(each.get("secrets", [])))
        told[each["name"]] = rest
    return told


def told_apart(before: Optional[Json], after: Json) -> tuple[Optional[Json], Json]:
    """Both sides of a change, with the secrets' keys reduced to those that come or go."""
    if before is None:
        return before, after
    return _without_common_keys(before, after), _without_common_keys(after, before)


def _without_common_keys(side: Json, other: Json) -> Json:
    reduced = dict(side)
    for name, part in side.items():
        if isinstance(part, dict) and "secret keys" in part:
            there = set(dict(other.get(name) or {}).get("secret keys", ()))
            left = [key for key in part["secret keys"] if key not in there]
            rest = {key: value for key, value in part.items() if key != "secret keys"}
            reduced[name] = {**rest, **({"secret keys": left} if left else {})}
    return reduced


def _told_secrets(secrets: list[Json]) -> Json:
    """The secret, its version and its keys where all references are ours; each reference of others by itself."""
    sources = {split_reference(item["name"], item["valueFrom"]) for item in secrets}
    if len(sources) == 1 and None not in sources:
        arn, version = sources.pop() or ("", "")
        return {"secret": arn, "secret version": version, "secret keys": [item["name"] for item in secrets]}
    return {"secrets": {item["name"]: item["valueFrom"] for item in secrets}} if secrets else {}


def split_reference(name: str, value_from: str) -> Optional[tuple[str, str]]:
    """(ARN of the secret, version) where a variable is the key of that name in a pinned version; else None."""
    arn, found, version = value_from.partition(f":{name}::")  # ours, which a dry run may know in part only
    return (arn, version) if found else None


def _bytes_of(part: Any) -> int:
    return len(json.dumps(part, separators=(",", ":")).encode())


def _normal_container(given: Mapping[str, Any]) -> Json:
    container = {"essential": True, **given}
    for key, name in _SORTED_BY.items():
        container[key] = sorted(container.get(key) or [], key=lambda item: str(item.get(name, "")))
    container["portMappings"] = [
        {"protocol": "tcp", **item, "hostPort": item.get("hostPort") or item.get("containerPort")}
        for item in container["portMappings"]
    ]
    if container.get("healthCheck"):
        container["healthCheck"] = {**_DEFAULTS_OF_CHECK, **container["healthCheck"]}
    return container


def _dense(value: Any) -> Any:
    """Without what says nothing: None, empty lists and maps, switches that are off, a CPU share of 0."""
    if isinstance(value, Mapping):
        inner = {name: _dense(part) for name, part in value.items()}
        return {name: part for name, part in inner.items() if not _says_nothing(part, name)}
    if isinstance(value, (list, tuple)):
        return [_dense(part) for part in value]
    return value


def _says_nothing(value: Any, key: str) -> bool:
    if key == "essential":
        return False
    return value is None or value is False or value in ([], {}) or (key in ("cpu", "startPeriod") and value == 0)


def _text(value: Any) -> str:
    """A setting as text: YAML's true and false as environment variables have them."""
    return str(value).lower() if isinstance(value, bool) else str(value)
