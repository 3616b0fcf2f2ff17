from __future__ import annotations

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.policy.capacity import tasks_for


@pytest.mark.parametrize(
    ("dynos", "share", "per_dyno", "maximum", "tasks"),
    [
        (2, 1, 1, 8, 1),
        (2, 50, 1, 8, 1),
        (2, 51, 1, 8, 2),
        (2, 100, 1, 8, 2),
        (10, 25, 1, 10, 3),
        (10, 100, 0.5, 5, 5),
        (3, 100, 1.1, 10, 4),
        (10, 30, 1.0, 0, 3),  # without autoscaling nothing is refused here
        (10, 70, 1.0, 10, 7),  # 7.000000000000001 in binary numbers
        (0, 100, 1, 8, 0),
        (4, 0, 1, 8, 0),
    ],
)
def test_as_many_tasks_as_the_share_of_the_dynos(
    dynos: int, share: int, per_dyno: float, maximum: int, tasks: int
) -> None:
    assert tasks_for(dynos, share, per_dyno, maximum) == tasks


def test_more_than_autoscaling_may_start_is_refused_with_the_numbers() -> None:
    with pytest.raises(BadInput, match="At 50 % AWS needs 5 tasks, since 10 web dynos serve all, and may have 4"):
        tasks_for(10, 50, 1, 4)


def test_no_tasks_for_a_dyno_are_refused() -> None:
    with pytest.raises(BadInput, match="0 tasks for a dyno are none"):
        tasks_for(10, 50, 0, 4)
