"""The inventories that ship with the project say nothing that the collection does not take."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.offramp.ecs.plugins.module_utils.policy.inventory import (
    NEEDED,
    Terms,
    mistakes,
    stage_mistakes,
)
from ansible_collections.offramp.ecs.plugins.plugin_utils import vocabulary
from tests.house.source import ROLES, ROOT, content

BIN = Path(sys.executable).parent
NAMES = sorted(path.name for path in (ROOT / "inventories").iterdir() if path.is_dir())
TERMS = Terms(vocabulary.known(), vocabulary.prefixes())


@cache
def inventory(name: str) -> dict[str, Any]:
    """An inventory as Ansible reads it."""
    command = [BIN / "ansible-inventory", "-i", ROOT / "inventories" / name, "--list"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def hosts(name: str, group: str) -> list[str]:
    told = inventory(name).get(group, {})
    return sorted(
        {*told.get("hosts", []), *(host for child in told.get("children", []) for host in hosts(name, child))}
    )


def variables(name: str, host: str) -> dict[str, Any]:
    found: dict[str, Any] = inventory(name)["_meta"]["hostvars"][host]
    return found


CASES = [(name, group, host) for name in NAMES for group in NEEDED for host in hosts(name, group)]


def test_an_inventory_has_apps_and_stages() -> None:
    assert {(name, group) for name, group, _ in CASES} == {(name, group) for name in NAMES for group in NEEDED}
    assert "prod" in NAMES


@pytest.mark.parametrize(("name", "group", "host"), CASES)
def test_hosts_have_what_they_need_and_nothing_that_nobody_takes(name: str, group: str, host: str) -> None:
    given = variables(name, host)
    needed = (*NEEDED[group], *vocabulary.needed(group))
    assert mistakes(host, list(given), {key: given.get(key) for key in needed}, TERMS) == []
    stages = [variables(name, stage)["offramp_stage"] for stage in hosts(name, "stages")]
    assert stage_mistakes(host, given["offramp_stage"], stages) == []


def described() -> dict[str, dict[str, Any]]:
    """Every public variable of every role with its argument spec."""
    entries = [content(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"] for role in ROLES]
    return {
        name: {key: value for key, value in option.items() if key != "description"}
        for entry in entries
        for part in entry.values()
        for name, option in part.get("options", {}).items()
    }


@pytest.mark.parametrize(("name", "group", "host"), CASES)
def test_values_are_of_the_types_that_roles_take(name: str, group: str, host: str) -> None:
    known = described()
    plain = {key: value for key, value in variables(name, host).items() if key in known and "{{" not in str(value)}
    spec = {key: {**known[key], "required": False} for key in plain}
    assert ArgumentSpecValidator(argument_spec=spec).validate(plain).error_messages == []


@pytest.mark.parametrize("path", sorted((ROOT / "inventories").rglob("*.yml")), ids=lambda path: str(path.name))
def test_no_credential_is_in_an_inventory(path: Path) -> None:
    text = "\n".join(line for line in path.read_text("utf-8").splitlines() if not line.lstrip().startswith("#"))
    assert not [word for word in ("API_KEY", "API_TOKEN", "SECRET_ACCESS", "password") if word in text]


def test_the_vocabulary_is_that_of_the_roles() -> None:
    known = vocabulary.known()
    assert known >= set(described())
    assert known >= {name for names in NEEDED.values() for name in names}
    assert "migrate_retire" in known
    assert not [name for name in known if name.partition("_")[0] not in vocabulary.prefixes()]
    assert "release_processes" in vocabulary.needed("apps")
    assert "release_processes" not in vocabulary.needed("stages")
