"""The source tree as the house tests look at it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
COLLECTION = "ansible_collections.offramp.ecs.plugins"
MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py"))
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())

Task = dict[str, Any]


def module(name: str) -> ModuleType:
    """An imported module of the collection."""
    return import_module(f"{COLLECTION}.modules.{name}")


def imports_of(path: Path) -> list[str]:
    """Every module that a file imports, with full names."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


@cache
def content(path: Path) -> Any:
    """A YAML file's content."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader with Ansible's tags


def task_files() -> list[Path]:
    """Every YAML file that holds tasks or plays."""
    kinds = ["roles/*/tasks/*.yml", "roles/*/handlers/*.yml", "playbooks/*.yml", "molecule/*/*.yml", "*.yml"]
    return sorted(path for kind in kinds for path in ROOT.glob(kind) if isinstance(content(path), list))


def tasks_in(items: list[Task]) -> Iterator[Task]:
    """Every task and block below a list of tasks or plays."""
    for item in items:
        yield item
        for key in ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always"):
            yield from tasks_in(item.get(key, []))


def tasks() -> list[tuple[str, Task]]:
    """Every task, block and play of the project as ("file: name", task)."""
    return [
        (f"{path.relative_to(ROOT)}: {task.get('name', '?')}", task)
        for path in task_files()
        for task in tasks_in(content(path))
    ]


class _Loader(yaml.SafeLoader):
    """Reads Ansible's own tags as plain values."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: loader.construct_scalar(node))
