"""What the summary tells of a failure: everything that failed says why, on one line."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.callback.summary import failure_of


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ({"msg": "AWS failed.", "kind": "unreachable"}, "AWS failed."),
        (
            {"msg": "The verdict is fail: 9 errors.", "assertion": "x", "evaluated_to": False},
            "The verdict is fail: 9 errors.",
        ),
        ({"msg": "Validation of arguments failed:\nmissing: app"}, "Validation of arguments failed: missing: app"),
        ({"msg": "One or more items failed", "results": [{"msg": "AWS failed."}]}, ""),
        ({"rc": 1}, ""),
    ],
)
def test_a_failure_is_one_line(result: dict[str, Any], told: str) -> None:
    assert failure_of(result) == told
