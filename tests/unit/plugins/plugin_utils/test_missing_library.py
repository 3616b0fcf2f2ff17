"""A library that is not installed is one sentence, whether the vendor or a single module needs it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.plugin_utils import in_process


def action(problem: str = "") -> in_process.InProcessAction:
    made: Any = object.__new__(in_process.InProcessAction)
    made.problem = problem
    made._connection = SimpleNamespace(transport="local", _shell=SimpleNamespace(tmpdir="/nowhere"))
    made._task = SimpleNamespace(action="offramp.ecs.secret_bundle", args={}, async_val=0, check_mode=False, diff=False)
    made._supports_async = made._supports_check_mode = True
    return made  # type: ignore[no-any-return]


def test_what_a_vendor_needs_is_told() -> None:
    result = action("boto3 is not installed. Install it: pip install boto3").run()
    assert result["failed"]
    assert result["msg"] == "secret_bundle cannot run: boto3 is not installed. Install it: pip install boto3"


def test_what_one_module_needs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_name: str) -> None:
        raise ImportError("No module named 'cloudflare'")

    monkeypatch.setattr(in_process, "import_module", missing)
    monkeypatch.setattr(in_process, "_die_with_the_run", lambda: None)
    result = action().run()
    assert result["failed"]
    assert result["msg"] == "secret_bundle cannot run: a library is not installed (No module named 'cloudflare')."
