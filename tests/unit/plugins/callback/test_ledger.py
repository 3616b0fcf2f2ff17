"""What the ledger keeps of a result. Ansible takes ``failed`` out of what a callback gets."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.callback.ledger import entries

CHANGE = {"verb": "create", "target": "stack a", "before": None, "after": {"x": 1}}
DONE = {"changed": True, "dry": False, "changes": [CHANGE]}


@pytest.mark.parametrize(
    ("result", "kept"),
    [
        ({"changed": True, "stdout": "of another collection"}, []),
        ({"changed": False, "dry": False, "changes": []}, []),
        (DONE, [{"entry": "change", "dry": False, **CHANGE}]),
        ({**DONE, "dry": True}, [{"entry": "change", "dry": True, **CHANGE}]),
        ({**DONE, "dry": True, "changed": False}, []),
        (
            {"dry": False, "health": {"verdict": "pass"}},
            [{"entry": "verdict", "dry": False, "health": {"verdict": "pass"}}],
        ),
        (
            {"dry": False, "health": {"verdict": "pass", "windows": [{"start": 60}, {"start": 120}]}},
            [
                {"entry": "window", "dry": False, "window": {"start": 60}},
                {"entry": "window", "dry": False, "window": {"start": 120}},
                {"entry": "verdict", "dry": False, "health": {"verdict": "pass"}},
            ],
        ),
        ({"dry": False, "use": {"stale": False}}, []),
        ({"dry": False, "drift": {"resources": []}}, []),
        (
            {"dry": False, "drift": {"resources": [{"resource": "Logs"}]}},
            [{"entry": "verdict", "dry": False, "drift": {"resources": [{"resource": "Logs"}]}}],
        ),
        ({"dry": False, "ground": {"differs": False}}, []),
        ({"dry": False, "preflight": {"findings": [{"verdict": "good", "told": "x"}]}}, []),
        (
            {"dry": False, "preflight": {"findings": [{"verdict": "unchecked", "told": "x"}]}},
            [{"entry": "verdict", "dry": False, "preflight": {"findings": [{"verdict": "unchecked", "told": "x"}]}}],
        ),
        ({**DONE, "changes": [], "previews": 2}, [{"entry": "preview", "dry": False, "calls": 2}]),
        (
            {"dry": False, "use": {"stale": True, "services": []}},
            [{"entry": "verdict", "dry": False, "use": {"stale": True, "services": []}}],
        ),
        (
            {"dry": False, "msg": "No.", "kind": "refused", "target": "a", "hint": "", "logs": ["x"]},
            [{"entry": "failure", "dry": False, "msg": "No.", "kind": "refused", "target": "a", "hint": ""}],
        ),
    ],
)
def test_one_entry_for_each_change_and_verdict_and_failure(result: dict[str, Any], kept: list[dict[str, Any]]) -> None:
    assert entries(result) == kept
