"""The rules of the house for YAML: it orders steps and decides nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from tests.house.source import MODULES, ROLES, ROOT, Task, content, module, task_files, tasks

TASKS = tasks()
NAMES = [name for name, _ in TASKS]
YAML_FILES = [
    *task_files(),
    *sorted((ROOT / "inventories").rglob("*.yml")),
    *sorted((ROOT / "roles").glob("*/defaults/*.yml")),
]
JINJA = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


@pytest.mark.parametrize("word", ["default(omit)", "ignore_errors", "set_fact", "with_items", "lookup('pipe'"])
def test_words_that_hide_decisions_are_nowhere(word: str) -> None:
    assert not [
        str(path) for path in YAML_FILES if word in path.read_text(encoding="utf-8").replace("default( omit )", word)
    ]


@pytest.mark.parametrize("path", YAML_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_jinja_is_no_longer_than_one_filter(path: Any) -> None:
    expressions = JINJA.findall(path.read_text(encoding="utf-8"))
    assert not [expression for expression in expressions if expression.count("|") > 1 or " if " in expression]


@pytest.mark.parametrize(("name", "task"), TASKS, ids=NAMES)
def test_tasks_have_names_and_simple_conditions(name: str, task: Task) -> None:
    assert task.get("name"), name
    condition = str(task.get("when", ""))
    assert not re.search(r"\b(and|or)\b", condition), "a condition is one boolean; decide in a module"
    assert not isinstance(task.get("when"), list)


OURS = [(name, task, word) for name, task in TASKS for word in task if word.startswith("offramp.ecs.")]


@pytest.mark.parametrize(("name", "task", "word"), OURS, ids=[f"{name} ({word})" for name, _, word in OURS])
def test_tasks_give_modules_what_they_take(name: str, task: Task, word: str) -> None:
    short = word.rpartition(".")[2]
    assert short in MODULES, f"{name} uses {word}, which is not there"
    spec = module(short).SPEC
    options = spec["argument_spec"]
    given: dict[str, Any] = task[word] or {}
    assert set(given) <= set(options), f"{name}: no such option: {set(given) - set(options)}"
    needed = {key for key, option in options.items() if option.get("required")} - {"region"}
    assert needed <= set(given), f"{name}: missing {needed - set(given)}"
    plain = {key: value for key, value in given.items() if "{{" not in str(value)}
    typed = {key: {**options[key], "required": False} for key in plain}
    assert ArgumentSpecValidator(argument_spec=typed).validate(plain).error_messages == []


@pytest.mark.parametrize("role", ROLES)
def test_roles_say_what_they_take(role: str) -> None:
    specs = content(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]
    options = {name: option for entry in specs.values() for name, option in entry.get("options", {}).items()}
    defaults = content(ROOT / "roles" / role / "defaults" / "main.yml") or {}
    assert set(defaults) <= set(options), "a default that no argument spec describes"
    assert all(name.startswith(f"{role}_") for name in options)
    assert all(option.get("description") and option.get("type") for option in options.values())
    assert not [name for name, option in options.items() if name not in defaults and not option.get("required")]


@pytest.mark.parametrize("role", ROLES)
def test_shared_variables_are_named_only_in_defaults(role: str) -> None:
    for path in sorted((ROOT / "roles" / role / "tasks").glob("*.yml")):
        assert not re.search(r"\bofframp_[a-z]", path.read_text(encoding="utf-8").replace("offramp_ecs", "")), path


@pytest.mark.parametrize("role", ROLES)
def test_registered_results_are_private_to_their_role(role: str) -> None:
    for path in sorted((ROOT / "roles" / role / "tasks").glob("*.yml")):
        registered = re.findall(r"^\s*register:\s*(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert all(name.startswith(f"__{role}_") for name in registered), path
