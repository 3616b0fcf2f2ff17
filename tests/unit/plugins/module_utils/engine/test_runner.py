"""The runner: what a real run and a dry run do with a module, seen through a small module of our own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, settle
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change, Verb
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import (
    OfframpError,
    Refused,
    Unreachable,
    Verdict,
)
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module, Orders
from ansible_collections.offramp.ecs.plugins.module_utils.engine.settle import Waiting
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown


@dataclass
class Lamp:
    """A vendor with one lamp, which may take some looks to light up."""

    door: Door
    level: int | None = None
    stuck: bool = False
    looks_to_settle: int = 0
    writes: list[int] = field(default_factory=list)

    def look(self) -> int | None:
        self.door.let_out("read", "Look")
        self.looks_to_settle = max(0, self.looks_to_settle - 1)
        return self.level

    def turn(self, level: int) -> None:
        self.door.let_out("write", "Turn")
        self.writes.append(level)
        if not self.stuck:
            self.level = level


@dataclass(frozen=True)
class State:
    level: int | None
    resting: bool = True
    id: str = ""


def plan(have: State, want: int) -> list[Change]:
    if have.level == want:
        return []
    verb: Verb = "create" if have.level is None else "update"
    return [Change(verb, "lamp", have.level, want, payload=want)]


def lamp_module(lamp_of: Mapping[str, Any]) -> tuple[Module[Lamp, int, State], list[Lamp]]:
    made: list[Lamp] = []

    def connect(params: Mapping[str, Any], door: Door) -> Lamp:
        made.append(Lamp(door, **lamp_of))
        return made[0]

    def observe(api: Lamp, want: int) -> State:
        level = api.look()
        return State(level, api.looks_to_settle == 0, "" if level is None else "lamp-1")

    module: Module[Lamp, int, State] = Module(
        name="lamp",
        noun="lamp",
        spec={},
        connect=connect,
        want=lambda params: params["level"],
        observe=observe,
        plan=plan,
        apply={"create": lambda api, change: api.turn(change.payload), "update": lambda a, c: a.turn(c.payload)},
        foresee=lambda have, want: State(want, id=have.id or Unknown("id of the lamp", "lamp.yml")),
        report=lambda have: {"level": have.level, "id": have.id},
        headline=lambda have: [f"Lamp: at {have.level}"],
    )
    return module, made


def orders(*, dry: bool, alive: bool = True) -> tuple[Orders, list[str]]:
    said: list[str] = []
    return Orders(dry=dry, say=said.append, alive=lambda: alive), said


def test_a_failure_quotes_no_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMP_API_KEY", "0123456789")
    refused = Refused("The lamp says: bad key 0123456789.", details={"lines": ["0123456789"]})

    def observe(api: Lamp, want: int) -> State:
        raise refused

    module = replace(lamp_module({})[0], observe=observe)
    result = runner.run(module, {"level": 3}, orders(dry=False)[0])
    assert result["msg"] == "The lamp says: bad key (value of LAMP_API_KEY)."
    assert result["lines"] == ["(value of LAMP_API_KEY)"]


def test_a_real_run_applies_the_plan_and_reports_what_is_there_then() -> None:
    module, made = lamp_module({"level": 1})
    result = runner.run(module, {"level": 3}, orders(dry=False)[0])
    assert made[0].writes == [3]
    assert result == {
        "failed": False,
        "changed": True,
        "dry": False,
        "changes": [{"verb": "update", "target": "lamp", "before": 1, "after": 3}],
        "diff": {"prepared": "~ update lamp\n    1 -> 3\n"},
        "headline": ["Lamp: at 3"],
        "lamp": {"level": 3, "id": "lamp-1"},
    }


def test_a_second_run_writes_nothing() -> None:
    module, made = lamp_module({"level": 3})
    result = runner.run(module, {"level": 3}, orders(dry=False)[0])
    assert (result["changed"], result["changes"], result["diff"], made[0].writes) == (False, [], {}, [])


def test_a_dry_run_writes_nothing_and_reports_what_it_foresees() -> None:
    module, made = lamp_module({})
    result = runner.run(module, {"level": 3}, orders(dry=True)[0])
    assert made[0].writes == []
    assert result["changed"]
    assert result["dry"]
    assert result["lamp"] == {"level": 3, "id": "(known after apply: id of the lamp; by lamp.yml)"}


def test_dry_and_real_run_list_the_same_changes() -> None:
    dry = runner.run(lamp_module({})[0], {"level": 3}, orders(dry=True)[0])
    real = runner.run(lamp_module({})[0], {"level": 3}, orders(dry=False)[0])
    assert dry["changes"] == real["changes"] != []


def test_a_write_outside_the_plan_is_stopped_in_a_dry_run() -> None:
    module, made = lamp_module({})

    def observe(api: Lamp, want: int) -> State:
        api.turn(9)
        return State(api.look())

    result = runner.run(replace(module, observe=observe), {"level": 3}, orders(dry=True)[0])
    assert (result["failed"], result["kind"], made[0].writes) == (True, "door_shut", [])


def test_an_orphaned_worker_does_not_write() -> None:
    module, made = lamp_module({"level": 1})
    result = runner.run(module, {"level": 3}, orders(dry=False, alive=False)[0])
    assert (result["failed"], result["kind"], made[0].writes) == (True, "door_shut", [])


def test_what_still_differs_after_the_changes_is_an_error() -> None:
    result = runner.run(lamp_module({"level": 1, "stuck": True})[0], {"level": 3}, orders(dry=False)[0])
    assert (result["failed"], result["kind"], result["target"]) == (True, "left_over", "lamp")


def test_a_failure_tells_what_was_changed_before_it() -> None:
    waiting: Waiting[State] = Waiting(lambda have: have.level == 1, failure, lambda have: "")
    module = replace(lamp_module({"level": 1})[0], waiting=waiting)
    result = runner.run(module, {"level": 3, **WAITING}, orders(dry=False)[0])
    assert (result["failed"], result["changed"]) == (True, True)
    assert [(change["verb"], change["target"]) for change in result["changes"]] == [("update", "lamp")]


def cut_off(module: Module[Lamp, int, State], times: int) -> Module[Lamp, int, State]:
    """The same, and so many looks find nobody, of which the first comes after the lamp was turned."""
    left = [None] * times

    def observe(api: Lamp, want: int) -> State:
        if api.writes and left:
            left.pop()
            raise Unreachable("The lamp does not answer key 0123456789.")
        return module.observe(api, want)

    return replace(module, observe=observe, patience=lambda params: params["patience"])


def test_who_does_not_answer_is_asked_again_and_what_took_effect_is_not_done_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settle, "_AGAIN_S", 0.01)
    monkeypatch.setenv("LAMP_API_KEY", "0123456789")
    module, made = lamp_module({"level": 1})
    told, said = orders(dry=False)
    result = runner.run(
        replace(cut_off(module, 2), connect=lambda p, d: made[0] if made else module.connect(p, d)),
        {"level": 3, "patience": 60},
        told,
    )
    assert made[0].writes == [3]
    assert (result["failed"], result["changed"], result["lamp"]) == (False, True, {"level": 3, "id": "lamp-1"})
    assert [change["target"] for change in result["changes"]] == ["lamp"]
    assert said == ["The lamp does not answer key (value of LAMP_API_KEY). Trying again for 60 s at most."] * 2


@pytest.mark.parametrize(("patience", "dry"), [(0, False), (60, True)])
def test_without_patience_and_in_a_dry_run_nobody_is_asked_again(patience: float, dry: bool) -> None:
    module, _ = lamp_module({"level": 1, "writes": [0]})
    result = runner.run(cut_off(module, 1), {"level": 3, "patience": patience}, orders(dry=dry)[0])
    assert (result["failed"], result["kind"]) == (True, "unreachable")


def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settle, "_AGAIN_S", 0.01)
    module, _ = lamp_module({"level": 1, "writes": [0]})
    told, said = orders(dry=False)
    result = runner.run(cut_off(module, 1000), {"level": 3, "patience": 0.05}, told)
    assert (result["failed"], result["kind"]) == (True, "unreachable")
    assert said


def test_unknown_arguments_stop_a_real_run_and_name_the_playbook() -> None:
    params = {"level": 3, "room": Unknown("RoomId of stack house", "playbooks/provision.yml")}
    result = runner.run(lamp_module({})[0], params, orders(dry=False)[0])
    assert result["failed"]
    assert result["msg"] == (
        "lamp needs the RoomId of stack house, which does not exist. Run playbooks/provision.yml for it first."
    )
    assert not runner.run(lamp_module({})[0], params, orders(dry=True)[0])["failed"]


def test_an_unknown_report_stops_a_real_run() -> None:
    module, _ = lamp_module({"level": 3})
    module = replace(module, report=lambda have: {"id": Unknown("id of the lamp", "lamp.yml")})
    result = runner.run(module, {"level": 3}, orders(dry=False)[0])
    assert (result["failed"], result["kind"]) == (True, "missing")


def test_an_error_of_ours_is_a_sentence_with_what_to_do() -> None:
    module, _ = lamp_module({})

    def refuse(params: Mapping[str, Any]) -> int:
        raise Refused("Level 11 does not exist.", target="lamp", hint="Choose 1 to 10.", details={"highest": 10})

    result = runner.run(replace(module, want=refuse), {}, orders(dry=False)[0])
    assert result == {
        "failed": True,
        "changed": False,
        "dry": False,
        "changes": [],
        "diff": {},
        "msg": "Level 11 does not exist. Choose 1 to 10.",
        "kind": "refused",
        "hint": "Choose 1 to 10.",
        "target": "lamp",
        "highest": 10,
    }


def test_a_bug_is_a_sentence_without_the_value_that_caused_it() -> None:
    module, _ = lamp_module({})
    result = runner.run(replace(module, want=lambda params: int("s3cret")), {}, orders(dry=False)[0])
    assert result["kind"] == "bug"
    assert "ValueError" in result["msg"]
    assert "s3cret" not in str(result)


WAITING = {"within": 5.0, "every": 0.01}


def test_waiting_goes_on_until_the_state_rests_and_says_so() -> None:
    module, made = lamp_module({"level": 1, "looks_to_settle": 4})
    waiting: Waiting[State] = Waiting(lambda have: have.resting, lambda have: None, lambda have: "warming up")
    told, said = orders(dry=False)
    result = runner.run(replace(module, waiting=waiting), {"level": 3, **WAITING}, told)
    assert result["changed"]
    assert made[0].looks_to_settle == 0
    assert said[0].startswith("waiting for lamp: warming up (0 s of at most 5 s)")


def failure(have: State) -> OfframpError | None:
    return Verdict("The lamp burnt out.", target="lamp") if have.level == 3 else None


def test_what_can_no_longer_become_good_ends_the_wait() -> None:
    waiting: Waiting[State] = Waiting(lambda have: have.level == 1, failure, lambda have: "")
    module = replace(lamp_module({"level": 1})[0], waiting=waiting)
    result = runner.run(module, {"level": 3, **WAITING}, orders(dry=False)[0])
    assert (result["kind"], result["msg"]) == ("verdict", "The lamp burnt out.")


@pytest.mark.parametrize("dry", [False, True])
def test_a_wait_has_a_deadline_and_a_dry_run_does_not_wait(dry: bool) -> None:
    waiting: Waiting[State] = Waiting(lambda have: False, lambda have: None, lambda have: "dark")
    module = replace(lamp_module({"level": 1})[0], waiting=waiting)
    result = runner.run(module, {"level": 3, "within": 0.05, "every": 0.01}, orders(dry=dry)[0])
    assert result.get("kind") == (None if dry else "deadline")
    if not dry:
        assert "which is still at: dark" in result["msg"]


def test_each_change_comes_to_rest_before_the_next_where_that_is_asked_for() -> None:
    module, made = lamp_module({"level": 1, "looks_to_settle": 0})
    steps = [Change("update", "lamp", payload=2), Change("update", "lamp", payload=3)]
    seen: list[tuple[int | None, list[int]]] = []

    def settled(have: State) -> bool:
        seen.append((have.level, list(made[0].writes)))
        return True

    waiting: Waiting[State] = Waiting(settled, lambda have: None, lambda have: "")
    in_turn = replace(module, plan=lambda have, want: steps if have.level == 1 else [], waiting=waiting, in_turn=True)
    runner.run(in_turn, {"level": 3, **WAITING}, orders(dry=False)[0])
    assert seen == [(1, []), (2, [2]), (3, [2, 3])]


@pytest.mark.parametrize(("waits", "level"), [(False, 1), (True, 3)])
def test_a_dry_run_waits_only_for_what_others_look_up_at_leisure(waits: bool, level: int) -> None:
    levels = iter([1, 2, 3])
    waiting: Waiting[State] = Waiting(lambda have: have.level == 3, lambda have: None, lambda have: "")
    module = replace(
        lamp_module({})[0],
        observe=lambda api, want: State(next(levels)),
        foresee=lambda have, want: have,
        waiting=waiting,
        waits_in_dry_runs=waits,
    )
    assert runner.run(module, {"level": 3, **WAITING}, orders(dry=True)[0])["lamp"]["level"] == level


@dataclass
class Hold:
    """Notes what it is asked, beside the lamp's writes; lost from the ``lost``-th question on."""

    lamps: list[Lamp]
    lost: int = 99
    asked: list[str] = field(default_factory=list)
    news: list[str] = field(default_factory=lambda: ["Lamp's lock: taken from anna"])

    def secure(self) -> None:
        self._note("secure")

    def keep(self) -> None:
        self._note("keep")

    def _note(self, what: str) -> None:
        if len(self.asked) >= self.lost:
            raise Refused("Somebody broke the lock.", target="lamp")
        self.asked.append(f"{what} before {self.lamps[0].writes}")


STEPS = [Change("update", "lamp", payload=2), Change("update", "lamp", payload=3)]


def held_module(lost: int = 99) -> tuple[Module[Lamp, int, State], Hold]:
    module, made = lamp_module({"level": 1, "looks_to_settle": 0})
    hold = Hold(made, lost)
    return replace(
        module, plan=lambda have, want: STEPS if have.level == 1 else [], hold=lambda params, door: hold
    ), hold


def test_hold_is_secured_before_each_change() -> None:
    module, hold = held_module()
    result = runner.run(module, {"level": 3}, orders(dry=False)[0])
    assert (result["failed"], result["headline"]) == (False, ["Lamp's lock: taken from anna", "Lamp: at 3"])
    assert hold.asked == ["secure before []", "secure before [2]"]


@pytest.mark.parametrize(("params", "dry"), [({"level": 1}, False), ({"level": 3}, True)])
def test_a_run_without_changes_and_a_dry_run_take_no_hold(params: dict[str, int], dry: bool) -> None:
    module, hold = held_module()
    runner.run(replace(module, plan=plan), params, orders(dry=dry)[0])
    assert hold.asked == []


def test_after_hold_was_lost_nothing_is_changed() -> None:
    module, hold = held_module(lost=1)
    result = runner.run(module, {"level": 3}, orders(dry=False)[0])
    assert (result["kind"], result["msg"]) == ("refused", "Somebody broke the lock.")
    assert hold.lamps[0].writes == [2]
    assert [change["target"] for change in result["changes"]] == ["lamp"], "what was changed before is told"


def test_hold_is_kept_while_waiting_and_its_loss_ends_the_wait() -> None:
    module, hold = held_module(lost=3)
    waiting: Waiting[State] = Waiting(lambda have: False, lambda have: None, lambda have: "dark")
    result = runner.run(replace(module, waiting=waiting), {"level": 3, **WAITING}, orders(dry=False)[0])
    assert hold.asked == ["keep before []"] * 3
    assert result["msg"] == "Somebody broke the lock."
