"""Which versions of a secret task definitions name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws import ecs as dialect
from ansible_collections.offramp.ecs.plugins.module_utils.aws import pins
from ansible_collections.offramp.ecs.plugins.module_utils.aws.definitions import Secrets
from ansible_collections.offramp.ecs.plugins.module_utils.aws.pins import Pins, Reference, Use
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Missing
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/bond/config-AbCdEf"
OTHER = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/bond/config-extra-AbCdEf"
DEFINITION = "arn:aws:ecs:eu-west-1:123456789012:task-definition/"


def defined(*values: str, options: Sequence[str] = (), arn: str = f"{DEFINITION}web:1") -> dict[str, Any]:
    named = [{"name": f"V{number}", "valueFrom": value} for number, value in enumerate(values)]
    log = {"logDriver": "splunk", "secretOptions": [{"name": "token", "valueFrom": value} for value in options]}
    return {"taskDefinitionArn": arn, "containerDefinitions": [{"secrets": named, "logConfiguration": log}, {}]}


class Ecs:
    """Services and task definitions in memory, with a list of what was asked."""

    def __init__(self, definitions: Mapping[str, Sequence[str]], services: Mapping[str, Sequence[str]]) -> None:
        self.definitions, self.deployments = definitions, services
        self.before: dict[str, str] = {}
        self.asked: list[str] = []

    def services(self, _cluster: str, names: Sequence[str]) -> list[dict[str, Any]]:
        self.asked.append(f"services {' '.join(names)}")
        return [self._service(name) for name in names if name in self.deployments]

    def _service(self, name: str) -> dict[str, Any]:
        status = ["PRIMARY", "ACTIVE", "ACTIVE"]
        deployed = [
            {"taskDefinition": f"{DEFINITION}{each}", "status": state}
            for each, state in zip(self.deployments[name], status, strict=False)
        ]
        return {"serviceName": name, "taskDefinition": deployed[0]["taskDefinition"], "deployments": deployed}

    def previous_definition(self, _cluster: str, service: str, present: str) -> str | None:
        assert present.startswith(DEFINITION)
        return f"{DEFINITION}{self.before[service]}" if service in self.before else None

    def active_revisions(self, family: str, most: int) -> list[str]:
        self.asked.append(f"revisions {family}")
        found = [f"{DEFINITION}{name}" for name in self.definitions if name.partition(":")[0] == family]
        return list(reversed(found))[:most]

    def definition(self, arn: str) -> dict[str, Any] | None:
        name = arn.removeprefix(DEFINITION)
        self.asked.append(f"definition {name}")
        return defined(*self.definitions[name], arn=arn) if name in self.definitions else None


def pinned(version: str, *keys: str) -> list[str]:
    return [f"{SECRET}:{key}::{version}" for key in keys]


@pytest.fixture
def ecs(monkeypatch: pytest.MonkeyPatch) -> Ecs:
    made = Ecs(
        {f"web:{number}": pinned(f"version-{number}", "B", "A") for number in range(1, 6)}
        | {"worker:1": pinned("version-2", "A"), "worker:2": [f"{OTHER}:A::version-9"]},
        {"bond-web": ["web:5", "web:4"], "bond-worker": ["worker:2"], "bond-clock": ["gone:1"]},
    )
    monkeypatch.setattr(dialect, "Ecs", lambda _region, _door: made)
    return made


@pytest.fixture
def api(ecs: Ecs) -> Pins:
    return Pins("eu-west-1", Door(shut=True, ordered_by="test"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (f"{SECRET}:A::version-1", Reference("A", "version-1")),
        (f"{SECRET}:A:AWSPREVIOUS:", Reference("A", "")),
        (f"{SECRET}:A::", Reference("A", "")),
        (f"{SECRET}:A", Reference("A", "")),
        (f"{SECRET}:::version-1", Reference("", "version-1")),
        (SECRET, Reference("", "")),
        (f"{SECRET.removesuffix('-AbCdEf')}:A::version-1", Reference("A", "version-1")),
        (f"{OTHER}:A::version-1", None),
        (f"{SECRET}-AbCdEf:A::version-1", None),
        ("arn:aws:ssm:eu-west-1:123456789012:parameter/config", None),
        ("parameter", None),
    ],
)
def test_a_value_names_the_secret_or_not(value: str, expected: Reference | None) -> None:
    assert pins.parse(value, SECRET) == expected


def test_options_of_log_drivers_are_references_too() -> None:
    found = pins.references(defined(*pinned("version-1", "A"), options=[f"{SECRET}:TOKEN::version-2"]), SECRET)
    assert found == [Reference("A", "version-1"), Reference("TOKEN", "version-2")]


def test_a_service_uses_the_secret_once_for_each_version() -> None:
    definition = defined(*pinned("version-2", "B", "A"), f"{SECRET}:C::", SECRET, *pinned("version-1", "D"))
    assert list(pins.uses_of("bond-web", definition, SECRET)) == [
        Use("bond-web", f"{DEFINITION}web:1", "", ("C",)),
        Use("bond-web", f"{DEFINITION}web:1", "version-1", ("D",)),
        Use("bond-web", f"{DEFINITION}web:1", "version-2", ("A", "B")),
    ]


def test_the_primary_deployments_count_and_what_is_not_there_uses_nothing(ecs: Ecs, api: Pins) -> None:
    services = ["bond-nowhere", "bond-web", "bond-worker", "bond-clock"]
    assert api.uses("c", services, SECRET) == (Use("bond-web", f"{DEFINITION}web:5", "version-5", ("A", "B")),)
    assert ecs.asked == [
        "services bond-nowhere bond-web bond-worker bond-clock",
        "definition web:5",
        "definition worker:2",
        "definition gone:1",
    ]


def test_what_may_still_be_started_keeps_its_version(ecs: Ecs, api: Pins) -> None:
    ecs.before["bond-web"] = "web:2"
    assert api.kept("c", ["bond-web"], [], SECRET, 3) == {"version-5", "version-4", "version-2"}
    assert api.kept("c", [], ["web", "no-such"], SECRET, 2) == {"version-5", "version-4"}
    assert api.kept("c", ["bond-web"], ["worker", "web"], SECRET, 1) == {"version-5", "version-4", "version-2"}
    assert api.kept("c", [], ["web"], SECRET, 0) == frozenset()


def test_each_task_definition_is_read_once(ecs: Ecs, api: Pins) -> None:
    ecs.before["bond-web"] = "web:4"
    api.kept("c", ["bond-web"], ["web"], SECRET, 2)
    api.uses("c", ["bond-web"], SECRET)
    assert [each for each in ecs.asked if each.startswith("definition")] == ["definition web:5", "definition web:4"]


def test_a_cluster_that_is_not_known_yet_is_not_asked(ecs: Ecs, api: Pins) -> None:
    cluster = Unknown("cluster", "playbooks/provision.yml")
    assert api.uses(cluster, ["bond-web"], SECRET) == ()
    assert api.kept(cluster, ["bond-web"], ["web"], SECRET, 1) == {"version-5"}


def variables(*pairs: tuple[str, str], environment: Sequence[str] = ()) -> dict[str, Any]:
    """A definition whose container "web" has these secrets and plain settings, beside one that is not ours."""
    web = {
        "name": "web",
        "image": "bond@sha256:aa",
        "secrets": [{"name": name, "valueFrom": value} for name, value in pairs],
        "environment": [{"name": name, "value": "plain"} for name in environment],
    }
    sidecar = {"name": "sidecar", "secrets": [{"name": "A", "valueFrom": f"{SECRET}:A::version-1"}]}
    given = {"taskDefinitionArn": f"{DEFINITION}web:1", "revision": 1, "status": "ACTIVE", "registeredBy": "somebody"}
    return {**given, "family": "web", "cpu": "256", "containerDefinitions": [web, sidecar]}


NEW = Secrets(SECRET, "version-2", ("A", "C"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("A", f"{SECRET}:A::version-1"), None),
        (("B", f"{SECRET}:B::version-1"), None),
        (("A", f"{SECRET}:A::"), None),
        (("ALIAS", f"{SECRET}:A::version-1"), ("ALIAS", f"{SECRET}:A::version-2")),
        (("ALIAS", f"{SECRET}:B::version-1"), None),
        (("ALL", SECRET), ("ALL", f"{SECRET}:::version-2")),
        (("TOKEN", f"{OTHER}:TOKEN::version-1"), ("TOKEN", f"{OTHER}:TOKEN::version-1")),
        (("PARAMETER", "arn:aws:ssm:eu-west-1:1:parameter/p"), ("PARAMETER", "arn:aws:ssm:eu-west-1:1:parameter/p")),
    ],
    ids=[
        "pinned",
        "gone",
        "not pinned",
        "by another name",
        "by another name, gone",
        "the whole",
        "another",
        "no secret",
    ],
)
def test_pinning_another_version_changes_only_what_names_the_secret(
    before: tuple[str, str], after: tuple[str, str] | None
) -> None:
    made = pins.repinned(variables(before, environment=["PORT"]), "web", NEW)
    expected = variables(*([after] if after else []), environment=["PORT"])
    expected["containerDefinitions"][0]["secrets"] += NEW.references()
    assert made == {key: expected[key] for key in ("family", "cpu", "containerDefinitions")}


def test_a_key_that_is_a_plain_setting_or_another_secrets_variable_is_refused() -> None:
    for taken in (variables(environment=["C"]), variables(("C", f"{OTHER}:C::version-1"))):
        with pytest.raises(BadInput, match="C of process web would be set twice"):
            pins.repinned(taken, "web", NEW)


def test_a_container_that_is_not_there_is_missing() -> None:
    with pytest.raises(Missing, match="Task definition web has no container worker"):
        pins.repinned(variables(), "worker", NEW)
