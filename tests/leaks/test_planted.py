"""The same machinery finds a leak of each kind, planted on purpose; and nothing where none is planted."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.leaks.canaries import SHAPES
from tests.leaks.keeper import Hit, Keeper
from tests.leaks.place import BIN

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are watched by /proc")

VALUE = SHAPES["token"]
CREDENTIAL = SHAPES["short token"]
SLEEP = "import time; time.sleep(0.3)"
Task = dict[str, Any]


def run(keeper: Keeper, one: Task, environment: Mapping[str, str] | None = None, runner: bool = False) -> None:
    """Run a play of one task; it finds the value in the file $PLANTED, which is not scanned."""
    folder = keeper.scanned.parent
    (folder / "planted").write_text(VALUE, encoding="utf-8")
    play = {"name": "Plant a leak", "hosts": "localhost", "connection": "local", "gather_facts": False}
    project = folder / "project"
    project.mkdir()
    book = {**play, "tasks": [one], "vars": {"ansible_python_interpreter": sys.executable}}
    (project / "play.yml").write_text(json.dumps([book]), encoding="utf-8")
    (project / "hosts").write_text("localhost ansible_connection=local\n", encoding="utf-8")
    command: list[str | Path] = [BIN / "ansible-playbook", "-i", project / "hosts", "-vvvv", project / "play.yml"]
    if runner:
        where = ["--project-dir", str(project), "--inventory", str(project / "hosts")]
        command = [BIN / "ansible-runner", "run", keeper.folder("runner"), "-p", "play.yml", *where]
    ours = {"PLANTED": str(folder / "planted"), "ANSIBLE_CALLBACKS_ENABLED": "tree"}
    ran = keeper.run(command, folder, {**os.environ, **keeper.environment(), **ours, **(environment or {})})
    assert ran.code == 0, ran.told[-2000:]


def task(module: str, **arguments: Any) -> Task:
    """A task with the value as ``value``."""
    value = "{{ lookup('ansible.builtin.file', lookup('ansible.builtin.env', 'PLANTED')) }}"
    return {"name": "Leak", f"ansible.builtin.{module}": arguments, "vars": {"value": value}}


def quiet(module: str, **arguments: Any) -> Task:
    """The same, and Ansible prints nothing of it."""
    return {**task(module, **arguments), "no_log": True}


def printed(keeper: Keeper) -> None:
    run(keeper, task("debug", msg="it is {{ value }}"))


def printed_as_json(keeper: Keeper) -> None:
    run(keeper, task("set_fact", planted="{{ value }}"), {"ANSIBLE_STDOUT_CALLBACK": "everything", **NOTHING_KEPT})


def printed_in_base64(keeper: Keeper) -> None:
    run(keeper, task("debug", msg="{{ ('Basic user:' + value) | b64encode }}"))


def in_a_temporary_file(keeper: Keeper) -> None:
    run(keeper, quiet("copy", content="a {{ value }}", dest=str(keeper.folder("tmp") / "left-over")))


def in_the_fact_cache(keeper: Keeper) -> None:
    run(keeper, quiet("set_fact", planted="{{ value }}", cacheable=True))


def in_an_ansiballz_payload(keeper: Keeper) -> None:
    run(keeper, quiet("command", argv=["wc", "-c"], stdin="{{ value }}"))


def in_the_arguments_of_a_child(keeper: Keeper) -> None:
    run(keeper, quiet("command", argv=[sys.executable, "-c", SLEEP, "{{ value }}"]), NOTHING_KEPT)


def in_the_environment_of_a_child(keeper: Keeper) -> None:
    child = f"subprocess.run([{sys.executable!r}, '-c', {SLEEP!r}], env={{'KEY': open(os.environ['PLANTED']).read()}})"
    run(keeper, quiet("command", argv=[sys.executable, "-c", f"import os, subprocess; {child}"]), NOTHING_KEPT)


def by_ansible_runner(keeper: Keeper) -> None:
    run(keeper, task("debug", msg="it is {{ value }}"), runner=True)


NOTHING_KEPT = {"ANSIBLE_KEEP_REMOTE_FILES": "0", "ANSIBLE_PIPELINING": "1", "ANSIBLE_LOG_PATH": os.devnull}
LEAKS: dict[str, tuple[Callable[[Keeper], None], str]] = {
    "printed": (printed, "outputs/"),
    "in Ansible's log": (printed, "ansible.log"),
    "printed as JSON": (printed_as_json, "outputs/"),
    "printed in base64": (printed_in_base64, "outputs/"),
    "a file in TMPDIR": (in_a_temporary_file, "tmp/left-over"),
    "the fact cache": (in_the_fact_cache, "facts/"),
    "the zip of a kept module": (in_an_ansiballz_payload, "remote/"),
    "arguments of a child": (in_the_arguments_of_a_child, "cmdline of python"),
    "environment of a child": (in_the_environment_of_a_child, "environ of python"),
    "an event of ansible-runner": (by_ansible_runner, "runner/artifacts/"),
}


@pytest.fixture
def keeper(home: Path) -> Keeper:
    made = Keeper(home)
    made.look_for(config={"PLANTED": VALUE}, credentials={"HEROKU_API_KEY": CREDENTIAL})
    return made


def hits(keeper: Keeper) -> set[Hit]:
    found = keeper.scan().hits
    assert VALUE not in repr(found)
    return found


@pytest.mark.parametrize(("leak", "where"), LEAKS.values(), ids=LEAKS)
def test_a_planted_leak_is_found(keeper: Keeper, leak: Callable[[Keeper], None], where: str) -> None:
    with keeper.watching():
        leak(keeper)
    assert any(hit.where.startswith(where) for hit in hits(keeper))


def test_a_run_without_a_leak_has_no_hit(keeper: Keeper) -> None:
    with keeper.watching():
        run(keeper, task("debug", msg="nothing"), {"HEROKU_API_KEY": CREDENTIAL})
    scan = keeper.scan()
    assert scan.hits == set()
    assert scan.files > 2
    assert scan.processes > 1


@pytest.mark.parametrize(
    ("arguments", "where"),
    [(["rehearsal.demoapp"], set()), (["another"], {"environ"}), (["rehearsal.demoapp", VALUE], {"cmdline"})],
)
def test_values_may_be_in_the_environment_of_the_app_alone(
    keeper: Keeper, arguments: list[str], where: set[str]
) -> None:
    with keeper.watching():
        keeper.run([sys.executable, "-c", SLEEP, *arguments], keeper.scanned, {"KEY": VALUE})
    assert {hit.where.split()[0] for hit in hits(keeper)} == where


def test_a_credential_may_be_in_the_environment_of_the_run_and_nowhere_else(keeper: Keeper) -> None:
    with keeper.watching():
        run(
            keeper, quiet("shell", cmd=f"{sys.executable} -c '{SLEEP}' $HEROKU_API_KEY"), {"HEROKU_API_KEY": CREDENTIAL}
        )
    found = {hit.where for hit in hits(keeper)}
    assert found
    assert all(where.startswith("cmdline of python") for where in found)


def test_ansible_runner_itself_keeps_credentials_in_one_file_but_never_a_value(keeper: Keeper) -> None:
    with keeper.watching():
        run(keeper, task("debug", msg="nothing"), {"HEROKU_API_KEY": CREDENTIAL}, runner=True)
    assert hits(keeper) == set()
    (command,) = keeper.scanned.glob("runner/artifacts/*/command")
    assert CREDENTIAL in command.read_text(encoding="utf-8")


def test_a_value_in_that_file_is_found(keeper: Keeper) -> None:
    run(keeper, task("debug", msg="nothing"), {"EXPORTED_BY_MISTAKE": VALUE}, runner=True)
    assert any(hit.where.endswith("/command") for hit in hits(keeper))
