"""What counts as a kept word: the exceptions are as narrow as they are said to be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown
from tests.dry.judge import Line, Told, differences, faults_of_both, faults_of_dry, refused, unlike
from tests.dry.states import COMMANDS, ENDS, STATES, WELL

ARN = str(Unknown("ARN of task definition web", "playbooks/release.yml"))


def change(target: str = "stack a", before: Any = None, after: Any = None, verb: str = "create") -> Line:
    return {"verb": verb, "target": target, "before": before, "after": after}


def step(before: int, after: int) -> Line:
    return change("traffic of a", {"aws": f"{before} %"}, {"aws": f"{after} %"}, "shift")


def told(*changes: Line, code: int = 0, failures: tuple[str, ...] = (), writes: tuple[str, ...] = ()) -> Told:
    return Told(code, list(changes), list(failures), [], list(writes), [])


@pytest.mark.parametrize(
    ("dry", "real"),
    [
        ([], []),
        ([change()], [change()]),
        ([change(after={"arn": ARN})], [change(after={"arn": "arn:1"})]),
        ([change(after={"arns": [f"{ARN}:tag"]})], [change(after={"arns": ["arn:1:tag"]})]),
        ([change(after={"arns": [ARN]})], [change(after={"arns": ["arn:1", "arn:2"]})]),
        ([step(0, 50), step(0, 100)], [step(0, 50), step(50, 100)]),
        ([step(25, 50), change(), step(25, 100)], [step(25, 50), change(), step(50, 100)]),
    ],
)
def test_the_same_changes_agree(dry: list[Line], real: list[Line]) -> None:
    assert differences(dry, real) == []


@pytest.mark.parametrize(
    ("dry", "real", "said"),
    [
        ([change()], [], "foreseen and not done: create stack a"),
        ([], [change()], "done and not foreseen: create stack a"),
        ([change()], [change(), change()], "done and not foreseen: create stack a"),
        ([change("a"), change("b")], [change("b"), change("a")], "foreseen in another order"),
        ([change(verb="update")], [change()], "foreseen and not done: update stack a"),
        ([change(after={"x": 1})], [change(after={"x": 2})], "create stack a, after.x: foreseen 1, made 2"),
        ([change(after={})], [change(after={"x": 2})], "after.x: foreseen None, made 2"),
        ([change(after=[1])], [change(after=[1, 2])], "after.1: foreseen None, made 2"),
        ([change(after=[ARN])], [change(after=[])], "after.0: foreseen '(known"),
        ([change(after=[ARN, ARN])], [change(after=["arn:1", "arn:2", "arn:3"])], "after.2: foreseen None"),
        ([change(after=[f"{ARN}:tag"])], [change(after=["arn:1:tag", "arn:2:tag"])], "after.1: foreseen None"),
        ([change(before={"x": 1})], [change(before={})], "before.x: foreseen 1, made None"),
        ([change(after={"arn": ARN})], [change(after={})], "made None"),
        ([change(after={"arn": f"{ARN}:tag"})], [change(after={"arn": "arn:1:other"})], "made 'arn:1:other'"),
        ([change(after={"arn": "arn:1"})], [change(after={"arn": ARN})], "foreseen 'arn:1'"),
        ([step(0, 50), step(0, 100)], [step(0, 50)], "foreseen and not done: shift traffic of a"),
        ([step(0, 50), step(0, 100)], [step(0, 50), step(50, 75)], "after.aws: foreseen '100 %', made '75 %'"),
        ([step(0, 50), step(0, 100)], [step(25, 50), step(50, 100)], "before.aws: foreseen '0 %', made '25 %'"),
        ([step(0, 50), step(0, 100)], [step(0, 50), step(40, 100)], "before.aws: foreseen '0 %', made '40 %'"),
    ],
)
def test_what_differs_is_told(dry: list[Line], real: list[Line], said: str) -> None:
    found = differences(dry, real)
    assert found
    assert said in found[0]


def test_a_dry_run_writes_nothing_and_leaves_no_preview() -> None:
    assert faults_of_dry(told(writes=("CreateStack a",)), WELL) == ["the dry run made the write CreateStack a"]
    left = replace(told(), previews=["CreateChangeSet", "CreateChangeSet", "DeleteChangeSet"])
    assert "left a preview" in faults_of_dry(left, WELL)[0]
    assert faults_of_dry(replace(told(), previews=["CreateChangeSet", "DeleteChangeSet"]), WELL) == []


def test_a_run_ends_as_the_table_says_and_in_a_sentence() -> None:
    assert "exit code 2" in faults_of_dry(told(code=2, failures=("No.",)), WELL)[0]
    assert "exit code 0" in faults_of_dry(told(), refused("No."))[0]
    assert "otherwise" in faults_of_dry(told(code=2, failures=("Yes.",)), refused("No."))[0]
    assert faults_of_dry(told(code=2, failures=("No.",)), refused("No.")) == []
    assert "Traceback" in faults_of_dry(replace(told(), unclear=["Traceback (most recent call last)"]), WELL)[0]


def test_both_refuse_with_the_same_sentence() -> None:
    dry, real = told(code=2, failures=("No a.",)), told(code=2, failures=("No b.",))
    assert "the real one with" in faults_of_both(dry, real, refused("No"))[0]
    assert faults_of_both(dry, dry, refused("No")) == []


def test_a_real_run_that_stops_has_done_the_beginning_of_what_was_foreseen() -> None:
    dry, end = told(change("a"), change("b")), unlike("No", "it cannot know")
    assert faults_of_both(dry, told(change("a"), code=2, failures=("No.",)), end) == []
    assert faults_of_both(dry, told(change("b"), code=2, failures=("No.",)), end)
    assert faults_of_both(dry, told(change("a"), change("b")), end)


def test_a_write_without_a_change_is_told() -> None:
    assert "told no change, and wrote" in faults_of_both(told(), told(writes=("TagResource a",)), WELL)[0]
    locking = tuple(f"{verb}Parameter /offramp/production/bond-server/lock" for verb in ("Put", "Delete"))
    assert faults_of_both(told(), told(writes=locking), WELL) == []
    assert faults_of_both(told(), told(writes=(*locking, "PutParameter /offramp/other")), WELL)


def test_the_table_names_states_and_commands_that_there_are() -> None:
    assert {state.after for state in STATES.values()} <= set(STATES)
    assert {state for state, _ in ENDS} <= set(STATES)
    assert {command for _, command in ENDS} <= set(COMMANDS)
    assert all(end.because for end in ENDS.values() if end.real != end.dry)
