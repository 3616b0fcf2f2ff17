"""One body, two ways in: a module run in the worker and run the ordinary way gives the same result, on every Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.offramp.ecs.plugins.modules import aws_stack
from tests.unit.plugins.stack_world import REGION, StackWorld, stack_world

ROOT = Path(__file__).resolve().parents[4]
VENVS = ROOT / ".cache" / "pythons"
FLOOR = "3.9"
REMOTE_PYTHONS = ["3.9", "3.10", "3.11", "3.12"]
TEMPLATE = """
Parameters:
  Days: {Type: Number, Default: 7}
Resources:
  Logs:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: !Sub "/t/${AWS::StackName}", RetentionInDays: !Ref Days}
Outputs:
  Name: {Value: !Ref Logs}
"""


def python_of(version: str) -> Path | None:
    """An interpreter of this version, from pyenv or from PATH."""
    found = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    on_path = shutil.which(f"python{version}")
    candidates = [*found, *([Path(on_path)] if on_path else [])]
    return next((path for path in candidates if works(path)), None)


def works(python: Path) -> bool:
    return subprocess.run([python, "-c", ""], capture_output=True).returncode == 0


def python_with_boto3(version: str) -> Path | str:
    """An interpreter as on a bastion that has boto3, kept for the next time; or why there is none."""
    made = VENVS / version / "bin" / "python"
    if made.exists() and subprocess.run([made, "-c", "import boto3, yaml"]).returncode == 0:
        return made
    base = python_of(version)
    if base is None:
        return f"there is no Python {version} on this machine"
    commands = [[base, "-m", "venv", made.parents[1]], [made, "-m", "pip", "install", "-q", "boto3", "pyyaml"]]
    for command in commands:
        if subprocess.run(command, capture_output=True, timeout=120).returncode != 0:
            return f"boto3 cannot be had for Python {version} here"
    return made


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackWorld]:
    with stack_world(tmp_path_factory.mktemp("aws")) as made:
        made.run(aws_stack, name="bond", template=made.template("bond", TEMPLATE))
        yield made


Results = dict[str, dict[str, dict[str, Any]]]


def results(tasks: dict[str, dict[str, Any]], hosts: dict[str, dict[str, Any]], where: Path) -> Results:
    """Task -> host -> what the task gave there."""
    keep = {
        "name": "Keep the results",
        "ansible.builtin.copy": {"content": "{{ results | to_json }}", "dest": f"{where}/{{{{ inventory_hostname }}}}"},
        "vars": {"results": {name: f"{{{{ result_{number} }}}}" for number, name in enumerate(tasks)}},
        "delegate_to": "localhost",
        "check_mode": False,
    }
    play = {
        "name": "Run modules in several ways",
        "hosts": "all",
        "gather_facts": False,
        "module_defaults": {"group/offramp.ecs.aws": {"region": REGION}},
        "tasks": [
            {"name": name, **task, "register": f"result_{number}", "failed_when": False}
            for number, (name, task) in enumerate(tasks.items())
        ]
        + [keep],
    }
    playbook, inventory = where / "play.yml", where / "inventory.yml"
    playbook.write_text(json.dumps([play]), encoding="utf-8")
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    environment = {
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_CONNECTION_PLUGINS": str(Path(__file__).parent / "connection"),
        "ANSIBLE_LOCAL_TEMP": str(where),
        "ANSIBLE_REMOTE_TEMP": str(where),
        "ANSIBLE_PIPELINING": "true",
    }
    command = [Path(sys.executable).parent / "ansible-playbook", playbook, "-i", inventory]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env={**os.environ, **environment})
    kept = {host: json.loads((where / host).read_text(encoding="utf-8")) for host in hosts}
    return {name: {host: of_the_module(kept[host][name]) for host in hosts} for name in tasks}


def of_the_module(result: dict[str, Any]) -> dict[str, Any]:
    """A result without what Ansible adds by itself, differently on each way."""
    added = {"failed", "failed_when_result", "invocation", "stdout", "stdout_lines", "stderr", "stderr_lines", "rc"}
    return {key: value for key, value in result.items() if key not in added and not key.startswith("_ansible")}


HERE = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}


@pytest.fixture(scope="module")
def remote_hosts() -> dict[str, dict[str, Any]]:
    hosts, missing = {}, []
    for version in REMOTE_PYTHONS:
        python = python_with_boto3(version)
        if isinstance(python, Path):
            hosts[f"python-{version}"] = {"ansible_connection": "elsewhere", "ansible_python_interpreter": str(python)}
        else:
            missing.append(python)
    if not hosts:
        pytest.skip("; ".join(missing))
    return hosts


CASES = ["reads", "finds nothing", "has nothing to do", "would update", "would create", "refuses"]


def tasks(world: StackWorld) -> dict[str, dict[str, Any]]:
    template = world.template("bond", TEMPLATE)
    stack = "offramp.ecs.aws_stack"
    found: dict[str, dict[str, Any]] = {
        "reads": {"offramp.ecs.aws_stack_info": {"name": "bond", "outputs": ["Name"]}},
        "finds nothing": {"offramp.ecs.aws_stack_info": {"name": "none", "outputs": ["Name"]}},
        "has nothing to do": {stack: {"name": "bond", "template": template}},
        "would update": {stack: {"name": "bond", "template": template, "parameters": {"Days": 3}}, "check_mode": True},
        "would create": {stack: {"name": "new", "template": template}, "check_mode": True},
        "refuses": {stack: {"name": "bond", "template": template, "parameters": {"Weeks": 1}}},
    }
    assert list(found) == CASES
    return found


@pytest.fixture(scope="module")
def given(
    world: StackWorld, remote_hosts: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Results:
    world.forget()
    return results(tasks(world), {"here": HERE, **remote_hosts}, tmp_path_factory.mktemp("runs"))


@pytest.mark.parametrize("case", CASES)
def test_both_ways_give_the_same(given: Results, case: str) -> None:
    assert given[case]["here"].get("stack") or given[case]["here"]["msg"]
    for host, result in given[case].items():
        assert result == given[case]["here"], host


def test_both_ways_ask_the_same(world: StackWorld, given: Results) -> None:
    asked = Counter(entry.operation for entry in world.requests())
    ways = len(given["reads"])
    assert asked["DescribeStacks"] == 5 * ways
    assert asked["CreateChangeSet"] == asked["DeleteChangeSet"] == ways


def test_the_ordinary_way_was_really_taken(world: StackWorld, tmp_path: Path) -> None:
    """Another host's interpreter runs the module there: a broken one breaks it, but not the worker."""
    broken = "/nonexistent/python"
    hosts = {
        "here": {"ansible_connection": "local", "ansible_python_interpreter": broken},
        "there": {"ansible_connection": "elsewhere", "ansible_python_interpreter": broken},
    }
    found = results({"reads": tasks(world)["reads"]}, hosts, tmp_path)["reads"]
    assert found["here"]["stack"]["outputs"] == {"Name": "/t/bond"}
    assert "stack" not in found["there"]


def test_what_can_run_elsewhere_compiles_on_the_oldest_python() -> None:
    python = python_of(FLOOR)
    if python is None:
        pytest.skip(f"there is no Python {FLOOR} on this machine")
    files = [path for room in ("modules", "module_utils") for path in sorted((ROOT / "plugins" / room).rglob("*.py"))]
    code = "import sys\nfor path in sys.argv[1:]: compile(open(path, encoding='utf-8').read(), path, 'exec')"
    done = subprocess.run([python, "-W", "error", "-c", code, *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_oldest_python_can_import_it_all(remote_hosts: dict[str, dict[str, Any]]) -> None:
    """Syntax is not all: dataclass options, standard library and annotations must be there too."""
    python = remote_hosts.get(f"python-{FLOOR}", {}).get("ansible_python_interpreter")
    if python is None:
        pytest.skip(f"boto3 cannot be had for Python {FLOOR} here")
    names = [path.stem for path in sorted((ROOT / "plugins" / "modules").glob("aws_*.py"))]
    code = "from importlib import import_module\nimport sys\nfor name in sys.argv[1:]: import_module(name)"
    prefix = "ansible_collections.offramp.ecs.plugins.modules"
    done = subprocess.run(
        [python, "-c", code, *(f"{prefix}.{name}" for name in names)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_documented_requirements_name_what_is_imported() -> None:
    assert "PyYAML" in yaml.safe_load(aws_stack.DOCUMENTATION)["requirements"]
