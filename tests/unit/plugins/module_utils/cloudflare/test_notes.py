from __future__ import annotations

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.notes import kept, sizes_in, with_sizes


@pytest.mark.parametrize("said", ["", "the old platform", "ends [in brackets]"])
def test_a_note_is_found_again_and_leaves_the_rest_as_it_is(said: str) -> None:
    once = with_sizes(said, {"worker": 1, "web": 2})
    assert once == f"{said} [offramp: web 2, worker 1 before it was retired]".strip()
    assert sizes_in(once) == {"web": 2, "worker": 1}
    assert with_sizes(once, {"web": 5}) == f"{said} [offramp: web 5 before it was retired]".strip()


@pytest.mark.parametrize("said", ["", "web 2", "[offramp: ]", "[offramp: web two before it was retired]"])
def test_what_is_no_note_notes_nothing(said: str) -> None:
    assert sizes_in(said) == {}


@pytest.mark.parametrize(
    ("noted", "now", "to_note"),
    [
        ({}, {"web": 2, "worker": 1}, {"web": 2, "worker": 1}),
        ({"web": 2, "worker": 1}, {"web": 0, "worker": 0}, {"web": 2, "worker": 1}),
        ({"web": 2}, {"web": 3}, {"web": 3}),
        ({"web": 2, "worker": 1}, {"web": 1, "worker": 0}, {"web": 1, "worker": 1}),
        ({"web": 2, "clock": 1}, {"web": 2}, {"web": 2}),
        ({}, {"web": 0}, {"web": 0}),
    ],
)
def test_what_is_noted_of_an_app_that_may_be_retired_already(
    noted: dict[str, int], now: dict[str, int], to_note: dict[str, int]
) -> None:
    assert kept(noted, now) == to_note
