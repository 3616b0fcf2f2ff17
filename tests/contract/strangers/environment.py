"""Where the strangers live: clients that nobody here wrote, as ``make test-contract`` gets them (.ci/strangers)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

HOME = Path(__file__).parents[3] / ".cache" / "strangers"
MODULES = HOME / "node" / "node_modules"


def from_pypi(package: str, program: str) -> Path:
    """A program that came with a package of requirements.txt; where it is absent the test that asks is skipped."""
    found = HOME / "python" / "bin" / program
    if not found.exists():
        pytest.skip(f"PyPI's {package} is absent: `make test-contract` gets it, where PyPI can be reached.")
    return found


def from_npm(package: str, file: str) -> Path:
    """A file of a package of package.json; where it or Node.js is absent the test that asks is skipped."""
    found = MODULES / package / file
    if shutil.which("node") is None:
        pytest.skip(f"Node.js is absent, which npm's {package} runs on: install Node.js 20 or newer.")
    if not found.exists():
        pytest.skip(f"npm's {package} is absent: `make test-contract` gets it, where npm's registry can be reached.")
    return found


def run(
    command: Sequence[str | Path], home: Path, environment: Mapping[str, str], exit_code: int = 0, text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a stranger with ``text`` on its standard input, in a bare environment, so that it meets no account of ours.

    Args:
        home: its HOME, where it finds no settings and may leave some.
        exit_code: what it must end with.
    """
    bare = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "TZ": "UTC", **environment}
    done = subprocess.run(
        list(map(str, command)),
        env=bare,
        cwd=home,
        input=text,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == exit_code, f"{done.stdout}\n{done.stderr}"
    return done


def answer_of(command: Sequence[str | Path], home: Path, environment: Mapping[str, str], text: str = "") -> Any:
    """What a stranger prints as JSON; None where it prints nothing."""
    printed = run(command, home, environment, text=text).stdout
    return json.loads(printed) if printed.strip() else None
