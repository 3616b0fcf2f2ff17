"""The rules of the house for Python: which way imports point, who may do what, and that documents tell the truth."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.house.source import COLLECTION, MODULES, PLUGINS, ROOT, content, imports_of, module

FILES = sorted(PLUGINS.rglob("*.py"))
UTILS = f"{COLLECTION}.module_utils"
VENDORS = ("aws", "heroku", "cloudflare")

ALLOWED = {
    "module_utils/engine": [f"{UTILS}.engine"],
    "module_utils/policy": [f"{UTILS}.engine", f"{UTILS}.policy"],
    **{f"module_utils/{vendor}": [f"{UTILS}.engine", f"{UTILS}.{vendor}"] for vendor in VENDORS},
    "module_utils/traffic": [UTILS],
    "modules": [UTILS],
    "plugin_utils": [UTILS, f"{COLLECTION}.modules"],
    "action": [UTILS, f"{COLLECTION}.plugin_utils"],
    "callback": [f"{COLLECTION}.plugin_utils"],
    "filter": [UTILS, f"{COLLECTION}.plugin_utils"],
    "inventory": [UTILS],
    "doc_fragments": [],
}


def named(path: Path) -> str:
    return str(path.relative_to(PLUGINS))


@pytest.mark.parametrize("path", FILES, ids=named)
def test_imports_point_one_way(path: Path) -> None:
    room = str(path.relative_to(PLUGINS).parent)
    ours = [name for name in imports_of(path) if name.startswith(("ansible_collections", "rehearsal", "tests"))]
    assert room in ALLOWED, f"{room} is no room of the house: see docs/design.md"
    wrong = [name for name in ours if not name.startswith(tuple(f"{allowed}." for allowed in ALLOWED[room]))]
    assert not wrong


@pytest.mark.parametrize("path", sorted((ROOT / "rehearsal").rglob("*.py")), ids=str)
def test_the_rehearsal_does_not_know_the_collection(path: Path) -> None:
    assert not [name for name in imports_of(path) if name.startswith(("ansible", "tests"))]


def code_words(path: Path) -> set[str]:
    """The names in a file's code: comments and strings do not count."""
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
    return {token.string for token in tokens if token.type == tokenize.NAME}


@pytest.mark.parametrize("word", ["check_mode", "fail_json", "exit_json"])
def test_only_the_runner_knows_dry_runs_and_exits(word: str) -> None:
    assert [named(path) for path in FILES if word in code_words(path)] == ["module_utils/engine/runner.py"]


def test_only_the_engine_sleeps() -> None:
    sleepers = [named(path) for path in FILES if "sleep" in code_words(path)]
    assert sleepers == ["module_utils/engine/http_door.py", "module_utils/engine/settle.py"]


@pytest.mark.parametrize("path", sorted((PLUGINS / "module_utils" / "policy").glob("*.py")), ids=named)
def test_policies_need_no_library(path: Path) -> None:
    libraries = ("boto", "httpx", "cloudflare", "ansible.", "yaml", "jmespath")
    assert not [name for name in imports_of(path) if name.startswith(libraries)]


@pytest.mark.parametrize("path", sorted((ROOT / "rehearsal").rglob("*.py")), ids=str)
def test_no_server_of_the_rehearsal_listens_to_the_outside(path: Path) -> None:
    assert not re.search(r"""["'](0\.0\.0\.0|::)["']""", path.read_text(encoding="utf-8"))


def documented(name: str) -> dict[str, Any]:
    """A module's documented options with those of its fragments."""
    doc = yaml.safe_load(module(name).DOCUMENTATION)
    options: dict[str, Any] = {}
    for fragment in doc.get("extends_documentation_fragment", []):
        source = import_module(f"{COLLECTION}.doc_fragments.{fragment.removeprefix('offramp.ecs.')}")
        options |= yaml.safe_load(source.ModuleDocFragment.DOCUMENTATION)["options"]
    return options | (doc.get("options") or {})


KEPT = ("type", "required", "default", "choices", "elements")


def contract(options: dict[str, Any], below: str) -> dict[str, Any]:
    """What options promise, with the defaults of the promise itself filled in."""
    found = {}
    for name, option in options.items():
        kept = {key: option[key] for key in KEPT if key in option}
        kept.setdefault("type", "str")
        kept.setdefault("required", False)
        if option.get(below):
            kept["below"] = contract(option[below], below)
        found[name] = kept
    return found


@pytest.mark.parametrize("name", MODULES)
def test_the_documentation_tells_what_the_module_takes(name: str) -> None:
    spec = module(name).SPEC["argument_spec"]
    assert contract(documented(name), "suboptions") == contract(spec, "options")


@pytest.mark.parametrize("name", MODULES)
def test_modules_have_the_same_parts(name: str) -> None:
    parts = module(name)
    assert parts.MODULE.name == name
    assert parts.MODULE.spec is parts.SPEC
    doc = yaml.safe_load(parts.DOCUMENTATION)
    assert doc["module"] == name
    assert doc["short_description"]
    assert f"offramp.ecs.{name}:" in parts.EXAMPLES
    assert parts.MODULE.noun in yaml.safe_load(parts.RETURN)
    assert name.endswith(("_info", "_check")) or parts.MODULE.apply, "a module that cannot write ends in _info"


@pytest.mark.parametrize("name", MODULES)
def test_modules_are_grouped_and_routed(name: str) -> None:
    runtime = content(ROOT / "meta" / "runtime.yml")
    groups = [group for group, members in runtime["action_groups"].items() if name in members]
    assert len(groups) == 1
    target = runtime["plugin_routing"]["action"][name]["redirect"].rpartition(".")[2]
    assert (PLUGINS / "action" / f"{target}.py").exists()
    used = list(imports_of(PLUGINS / "modules" / f"{name}.py"))
    if any("module_utils.traffic." in it for it in used):  # it joins vendors for its modules
        used += [it for path in (PLUGINS / "module_utils" / "traffic").glob("*.py") for it in imports_of(path)]
    spoken = {vendor for vendor in VENDORS for it in used if f"module_utils.{vendor}." in it}
    if len(spoken) > 1:
        assert target == "bridge"
    elif spoken:
        assert target in spoken


def test_nothing_is_routed_that_is_not_there() -> None:
    runtime = content(ROOT / "meta" / "runtime.yml")
    grouped = [member for members in runtime["action_groups"].values() for member in members]
    assert sorted(runtime["plugin_routing"]["action"]) == MODULES == sorted(grouped)


def code_lines(path: Path) -> int:
    """Lines of a file that hold code: not blank, comment, docstring or the documentation blocks."""
    text = path.read_text(encoding="utf-8")
    prose: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            prose.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in (
            "DOCUMENTATION",
            "EXAMPLES",
            "RETURN",
        ):
            prose.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = text.splitlines()
    return sum(
        1
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.strip().startswith("#") and number not in prose
    )


@pytest.mark.parametrize("name", MODULES)
def test_modules_are_read_in_two_minutes(name: str) -> None:
    assert code_lines(PLUGINS / "modules" / f"{name}.py") <= 150


@pytest.mark.parametrize("path", FILES, ids=named)
def test_functions_are_short(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    long = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            if body and (body[-1].end_lineno or 0) - body[0].lineno >= 35:
                long.append(node.name)
    assert not long
