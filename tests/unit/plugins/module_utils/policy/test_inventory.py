"""Mistakes in an inventory, and the variable that was meant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.policy.inventory import Terms, mistakes, stage_mistakes

TERMS = Terms(
    known={"shift_steps", "shift_delay", "offramp_region", "offramp_stage", "copy_exclude", "migrate_retire"},
    prefixes={"shift", "offramp", "copy", "migrate", "release"},
)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("shift_stpes", ["shift_stpes is not a variable of offramp.ecs: did you mean shift_steps?"]),
        ("shift_qqqqqqqq", ["shift_qqqqqqqq is not a variable of offramp.ecs"]),
        ("offramp_regoin", ["offramp_regoin is not a variable of offramp.ecs: did you mean offramp_region?"]),
        ("migrate_retires", ["migrate_retires is not a variable of offramp.ecs: did you mean migrate_retire?"]),
        ("shfit_steps", ["shfit_steps is not a variable of offramp.ecs: did you mean shift_steps?"]),
        ("oframp_stage", ["oframp_stage is not a variable of offramp.ecs: did you mean offramp_stage?"]),
        ("shift_steps", []),
        ("__shift_result", []),
        ("_shift_steps", []),
        ("shift", []),
        ("copyright_year", []),
        ("ansible_connection", []),
        ("inventory_hostname", []),
        ("coply_holder", []),
    ],
)
def test_a_name_that_is_none_is_told_with_the_nearest_that_is(name: str, said: list[str]) -> None:
    assert mistakes("bond", [name], {}, TERMS) == said


@pytest.mark.parametrize(("others", "wrong"), [([], 2), (["copy_id"], 1), (["copy_*"], 0), (["release_*"], 2)])
def test_what_is_of_other_playbooks_is_left_alone(others: list[str], wrong: int) -> None:
    terms = replace(TERMS, others=others)
    assert len(mistakes("bond", ["copy_id", "copy_host", "copy_exclude"], {}, terms)) == wrong


def test_what_a_host_must_have_and_has_not_is_told() -> None:
    values = {"offramp_stage": "staging", "offramp_region": "", "offramp_zone": None}
    assert mistakes("bond", [], values, TERMS) == [
        "offramp_region is not set for bond",
        "offramp_zone is not set for bond",
    ]


@pytest.mark.parametrize(
    ("stage", "stages", "said"),
    [
        ("staging", ["production", "staging"], None),
        ("stagging", ["production", "staging"], "there are: production, staging; did you mean staging?"),
        ("qa", ["production", "staging"], "there are: production, staging)"),
        ("qa", [], "the group is empty"),
        (None, ["staging"], None),
    ],
)
def test_a_stage_that_nobody_bears_is_told(stage: str | None, stages: list[str], said: str | None) -> None:
    found = stage_mistakes("bond", stage, stages)
    assert len(found) == (said is not None)
    assert all(str(said) in clause and f"bond is of stage {stage}" in clause for clause in found)
