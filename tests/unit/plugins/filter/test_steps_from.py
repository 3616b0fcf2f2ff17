from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.offramp.ecs.plugins.filter.steps_from import FilterModule

steps_from = FilterModule().filters()["steps_from"]


@pytest.mark.parametrize("to", [None, ""])
def test_nothing_given_by_hand_means_the_ladder(to: Any) -> None:
    assert steps_from([1, 10, 100], 1, to) == [1, 10, 100]


def test_numbers_of_the_command_line_are_text() -> None:
    assert steps_from(["1", "10"], "0") == [1, 10]
    assert steps_from([1, 10], 0, "25") == [25]


def test_a_ramp_waits_only_at_steps_before_its_last() -> None:
    assert steps_from([1, 10, 100], 0, None, ["10"]) == [1, 10, 100]
    assert steps_from([1, 10, 100], 0, "25", [30]) == [25]  # by hand it waits nowhere
    for stop in (5, 100):
        with pytest.raises(AnsibleFilterError, match=f"The ramp 1, 10, 100 cannot wait for approval at {stop} %"):
            steps_from([1, 10, 100], 0, None, [stop])


@pytest.mark.parametrize("arguments", [([1, "ten"], 0), ([1, 10], 0, "2.5"), ([10, 1], 0)])
def test_mistakes_are_a_sentence_of_the_filter(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(AnsibleFilterError, match=r"(is none|do not rise)\. Give "):
        steps_from(*arguments)
