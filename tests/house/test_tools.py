"""The collection works from a git clone, by its path and by its name, with Ansible's own tools."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.house.source import MODULES, ROOT


def run(*command: str) -> str:
    """What a command prints; it must succeed."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("playbook", ["migrate.yml", "offramp.ecs.migrate"])
@pytest.mark.parametrize("inventory", ["prod", "rehearsal"])
def test_the_migration_is_found_by_path_and_by_name(playbook: str, inventory: str) -> None:
    assert "playbook: " in run("ansible-playbook", playbook, "-i", f"inventories/{inventory}", "--syntax-check")


@pytest.mark.parametrize("playbook", sorted(path.name for path in (ROOT / "playbooks").glob("*.yml")))
def test_each_playbook_is_well_formed(playbook: str) -> None:
    run("ansible-playbook", f"playbooks/{playbook}", "-i", "inventories/prod", "--syntax-check")


def test_every_module_is_documented_where_ansible_looks() -> None:
    names = [f"offramp.ecs.{name}" for name in MODULES]
    told = json.loads(run("ansible-doc", "--json", *names))
    assert {name: bool(about["doc"]["short_description"]) for name, about in told.items()} == dict.fromkeys(names, True)
