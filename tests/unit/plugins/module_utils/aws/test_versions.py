"""Which versions of a secret keep a label, and when there is room for one more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.offramp.ecs.plugins.module_utils.aws import versions
from ansible_collections.offramp.ecs.plugins.module_utils.aws.versions import MOST_LABELS, History, Version
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Refused

DAY = 86_400.0


def made(*labels: str) -> list[Version]:
    """Versions v0 (the oldest), v1, ... with these labels, separated by spaces; "+" stands for our own."""
    return [
        Version(f"v{number}", float(number), tuple(each.replace("+", versions.label_of(f"v{number}")).split()))
        for number, each in enumerate(labels)
    ]


@pytest.mark.parametrize(
    ("there", "pinned", "keep", "released", "given"),
    [
        ([], "", 1, "", ""),
        (["+ AWSCURRENT"], "", 2, "", ""),
        (["+ AWSCURRENT"], "", 1, "v0", ""),
        (["+", "+ AWSPREVIOUS", "+ AWSCURRENT"], "", 2, "v0 v1", ""),
        (["+", "+ AWSPREVIOUS", "+ AWSCURRENT"], "v0", 2, "v1", ""),
        (["+", "+ AWSPREVIOUS", "+ AWSCURRENT"], "v0 v1 v2", 1, "", ""),
        (["", "AWSPREVIOUS", "AWSCURRENT"], "", 2, "", ""),
        (["", "AWSPREVIOUS", "AWSCURRENT"], "v0 v1", 2, "", "v0 v1"),
        (["+", "+", "AWSCURRENT theirs"], "v2", 3, "v0", "v2"),
        (["+"] * 17 + ["+ AWSCURRENT"], "", 18, "v0", ""),
        (["+"] * 10 + ["t1", "t2 t3 t4 t5 t6", "AWSPENDING", "+ AWSCURRENT"], "", 18, "v0", ""),
        (["+"] * 17, "gone", 18, "", ""),
    ],
)
def test_labels_before_a_new_version(there: list[str], pinned: str, keep: int, released: str, given: str) -> None:
    found = versions.labels("secret s", made(*there), frozenset(pinned.split()), keep)
    assert [version for version, _ in found.released] == released.split()
    assert [version for version, _ in found.given] == given.split()
    assert all(label == versions.label_of(version) for version, label in (*found.released, *found.given))


def test_pins_that_do_not_fit_are_refused_with_the_oldest() -> None:
    there = made(*["+"] * 17, "+ AWSCURRENT")
    with pytest.raises(Refused) as caught:
        versions.labels("secret s", there, frozenset(version.id for version in there), 10)
    assert "has room for 17 labelled versions and a new one" in caught.value.msg
    assert "task definitions pin 18, the oldest of them v0, v1, v2." in caught.value.msg


HISTORIES = st.lists(
    st.tuples(st.booleans(), st.sampled_from(["", "theirs", "AWSPENDING", "stable blue"]), st.booleans()), max_size=25
)


@given(rows=HISTORIES, keep=st.integers(1, 18))
def test_labels_never_exceed_the_quota_and_never_leave_a_pin_bare(
    rows: list[tuple[bool, str, bool]], keep: int
) -> None:
    taken: set[str] = set()
    there = []
    for number, (ours, theirs, _) in enumerate(rows):
        foreign = [label for label in theirs.split() if label not in taken]
        taken.update(foreign)
        state = ["AWSCURRENT"] if number == len(rows) - 1 else []
        own = [versions.label_of(f"v{number}")] if ours else []
        there.append(Version(f"v{number}", float(number), (*foreign, *state, *own)))
    pinned = frozenset(version.id for version, row in zip(there, rows, strict=True) if row[2])
    before = {label for version in there for label in version.labels}
    try:
        found = versions.labels("secret s", there, pinned, keep)
    except Refused:
        assert len(pinned) + len(taken) + 3 > MOST_LABELS
        return
    gone, new = ({label for _, label in moves} for moves in (found.released, found.given))
    after = (before - gone) | new | {"AWSCURRENT", "offramp-coming"} | ({"AWSPREVIOUS"} if there else set())
    assert all(label.startswith("offramp-") for label in gone | new)
    assert not {version for version, _ in found.released} & pinned
    assert all(versions.label_of(version.id) in after for version in there if version.id in pinned)
    if len(before) < MOST_LABELS:
        assert len(after) <= MOST_LABELS


@pytest.mark.parametrize(
    ("ages", "refused"),
    [
        ([], False),
        ([1.0] * 99, False),
        ([1.0] * 99 + [DAY], False),
        ([1.0] * 100, True),
        ([DAY + 1] * 500, False),
    ],
)
def test_a_hundred_versions_a_day_are_the_most(ages: list[float], refused: bool) -> None:
    there = tuple(Version(f"v{number}", 10 * DAY - age, ()) for number, age in enumerate(ages))
    history = History(there, frozenset(), 10 * DAY)
    if not refused:
        assert versions.plan("s", history, 10) == []
        return
    with pytest.raises(Refused, match="secret s got 100 versions within 24 hours") as caught:
        versions.plan("s", history, 10)
    assert "run again after 1970-01-11 23:59 UTC" in caught.value.hint


def test_there_is_room_once_enough_versions_are_a_day_old() -> None:
    there = [Version(f"v{number}", float(number * 60), ()) for number in range(105)]
    with pytest.raises(Refused) as caught:
        versions.check_quota("secret s", there, 104 * 60.0)
    assert "after 1970-01-02 00:05 UTC" in caught.value.hint
    versions.check_quota("secret s", there, DAY + 5 * 60.0)


def test_a_plan_names_each_label_with_its_version_and_its_call() -> None:
    history = History(tuple(made("+", "AWSPREVIOUS", "+ AWSCURRENT")), frozenset({"v1"}), 0.0)
    released, given = versions.plan("s", history, 2)
    assert (released.verb, released.target, released.before) == (
        "delete",
        "label offramp-v0 of secret s",
        {"version": "v0"},
    )
    assert released.payload.arguments["RemoveFromVersionId"] == "v0"
    assert (given.verb, given.target, given.after) == ("create", "label offramp-v1 of secret s", {"version": "v1"})
    assert given.payload.arguments["MoveToVersionId"] == "v1"
