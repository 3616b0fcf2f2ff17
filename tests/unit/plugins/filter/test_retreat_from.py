from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.filter.retreat_from import FilterModule

retreat_from = FilterModule().filters()["retreat_from"]


@pytest.mark.parametrize(
    ("judged", "left"),
    [
        ({"health": {"verdict": "fail"}}, 0),
        ({"health": {"verdict": "broken"}}, 10),
        ({"health": {"verdict": "not_enough"}}, 10),
        ({"health": {"verdict": "pass"}}, 10),  # the next step's weights could not be set
        ({"failed": True, "msg": "AWS does not answer."}, 10),
    ],
)
def test_only_what_was_found_bad_loses_all(judged: dict[str, Any], left: int) -> None:
    assert retreat_from(judged, "10") == left
