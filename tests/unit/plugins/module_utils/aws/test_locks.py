"""The lock of an app: how it stands to a run, and runs that want it at the same time in the rehearsal's AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws import locks
from ansible_collections.offramp.ecs.plugins.module_utils.aws.locks import Asked, Held, Lock, Run
from ansible_collections.offramp.ecs.plugins.module_utils.aws.parameters import Parameters
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import DoorShut, Refused, Throttled
from rehearsal.faults import Faults, Rule
from tests.unit.plugins.stack_world import REGION, StackWorld, stack_world

NAME = "/offramp/test/bond/lock"
ROOT = Path(__file__).resolve().parents[5]
ANNA = Run("anna@desk", "desk", "1000000 1")
"""A process that does not live: numbers end before."""
BERT = Run("bert@desk", "desk", "1000000 2")
NOW, LATER = 1_800_000_000, "2027-01-15T08:02:00Z"
"""LATER is two minutes after NOW."""


def held(run: Run = ANNA, until: str = LATER) -> Held:
    return Held(run.owner, run.host, run.process, "release v1", "2027-01-15T08:00:00Z", until)


@pytest.mark.parametrize(
    ("found", "alive", "expected"),
    [
        (None, False, "free"),
        (held(ANNA), True, "ours"),
        (held(replace(ANNA, process="7 7")), True, "theirs"),
        (held(replace(ANNA, process="7 7")), False, "left"),
        (held(replace(ANNA, host="runner-2")), True, "left"),
        (held(BERT), False, "theirs"),
        (held(BERT, until="2027-01-15T08:00:00Z"), True, "expired"),
    ],
)
def test_how_a_lock_stands_to_a_run(found: Held | None, alive: bool, expected: str) -> None:
    assert locks.standing(found, ANNA, NOW, lambda _process: alive) == expected


@pytest.mark.parametrize("text", ["", "mine!", "[]", '{"owner": "anna"}', held(until="soon").text()])
def test_what_is_no_lock_is_told_apart(text: str) -> None:
    assert locks.read(text) is None
    assert locks.read(held().text()) == held()


def test_an_owner_is_given_or_the_job_or_the_user() -> None:
    job = {"CI_PIPELINE_ID": "77", "CI_JOB_NAME": "release", "CI_PROJECT_PATH": "bond/server"}
    assert locks.owner_of("nightly", job) == "nightly"
    assert locks.owner_of("", job) == "GitLab job release of bond/server, pipeline 77"
    assert locks.owner_of("", {}).endswith(f"@{os.uname().nodename}")


def test_a_process_is_told_from_one_that_got_its_number_later() -> None:
    me = locks.process_of(os.getpid())
    assert locks.is_alive(me)
    assert not locks.is_alive(f"{os.getpid()} 1")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    there = locks.process_of(gone.pid)
    os.waitid(os.P_PID, gone.pid, os.WEXITED | os.WNOWAIT)
    if Path("/proc").exists():
        assert not locks.is_alive(there), "a zombie does nothing any more"
    gone.wait()
    assert not locks.is_alive(there)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackWorld]:
    with stack_world(tmp_path_factory.mktemp("aws")) as made:
        yield made


class Place:
    """Parameter Store, in which each test has its lock free at first."""

    def __init__(self, world: StackWorld) -> None:
        self.world, self.api = world, world.client("ssm")
        self.clean()

    def clean(self) -> None:
        for each in self.api.describe_parameters()["Parameters"]:
            self.api.delete_parameter(Name=each["Name"])

    def lock(self, run: Run, *, shut: bool = False, **given: Any) -> Lock:
        """A lock as one task of a run has it."""
        asked = Asked("test", "bond", "release v1", run, given.pop("break_it", False), given.pop("lease", 120.0))
        return Lock(asked, Parameters(REGION, Door(shut=shut, ordered_by="offramp.ecs/test")))

    def who(self) -> str:
        """Who has it; "" for nobody."""
        found = self.api.get_parameters(Names=[NAME])["Parameters"]
        return str(json.loads(found[0]["Value"])["owner"]) if found else ""

    def left(self, run: Run, until: str) -> None:
        """Somebody's lock."""
        self.api.put_parameter(Name=NAME, Value=held(run, until).text(), Type="String", Overwrite=True)


PAST, FUTURE = "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z"


@pytest.fixture
def place(world: StackWorld) -> Place:
    return Place(world)


def test_taking_checking_and_freeing_cost_two_calls_one_and_two(place: Place) -> None:
    anna = place.lock(ANNA)
    with place.world.watched() as seen:
        anna.secure()
        place.lock(ANNA).secure()
        place.lock(ANNA).free()
    assert seen == [
        *("read GetParameter", "write PutParameter"),
        "read GetParameter",
        *("read GetParameter", "write DeleteParameter"),
    ]
    assert place.who() == ""


def test_others_are_refused_in_one_sentence(place: Place) -> None:
    place.lock(ANNA).secure()
    with place.world.watched() as seen, pytest.raises(Refused) as refused:
        place.lock(BERT).secure()
    told = refused.value.sentence()
    assert told.startswith("The lock of app test/bond is not free: anna@desk has it for release v1, since 20")
    assert "and until 20" in told
    assert "-e offramp_break_lock=true" in told
    assert seen == ["read GetParameter"]
    place.lock(BERT).free()
    assert place.who() == "anna@desk", "nobody frees the lock of another"


def test_an_owner_takes_back_what_its_dead_run_left(place: Place) -> None:
    place.left(replace(ANNA, process="1000000 7"), FUTURE)
    anna = place.lock(ANNA)
    anna.secure()
    anna.secure()
    had = "anna@desk, who had it for release v1 since 2027-01-15T08:00:00Z"
    assert anna.news == [f"The lock of app test/bond: taken from {had} (that run is dead)"]
    assert locks.read(place.api.get_parameter(Name=NAME)["Parameter"]["Value"]).of(ANNA)  # type: ignore[union-attr]


def test_an_owner_does_not_take_it_from_its_own_living_run(place: Place) -> None:
    here = os.uname().nodename
    place.left(Run("anna", here, locks.process_of(os.getpid())), FUTURE)
    with pytest.raises(Refused, match="is not free"):
        place.lock(Run("anna", here, "1000000 2")).secure()


def test_a_run_with_nothing_to_do_clears_what_its_dead_run_left(place: Place) -> None:
    place.left(replace(ANNA, process="1000000 7"), FUTURE)
    place.lock(ANNA).free()
    assert place.who() == ""


def test_of_two_that_take_over_at_once_one_has_it(place: Place) -> None:
    """Both looked before either wrote."""
    for first, second in ((ANNA, BERT), (BERT, ANNA)):
        place.left(Run("carl@desk", "desk", "1000000 9"), PAST)
        one, other = place.lock(first), place.lock(second)
        seen, seen_too = one.look(), other.look()
        assert one._taken(seen)
        assert not other._taken(seen_too)
        assert place.who() == first.owner
        one.secure()
        place.lock(first).free()


def test_of_two_that_take_a_free_lock_at_once_one_has_it(place: Place) -> None:
    one, other = place.lock(ANNA), place.lock(BERT)
    seen, seen_too = one.look(), other.look()
    assert one._taken(seen)
    assert not other._taken(seen_too)
    with pytest.raises(Refused, match="anna@desk has it"):
        other.secure()


def test_a_lock_that_was_made_anew_meanwhile_is_not_taken_over(place: Place) -> None:
    """Its number is the expected one, and its text is not."""
    place.left(Run("carl@desk", "desk", "1000000 9"), PAST)
    late = place.lock(BERT)
    seen = late.look()
    place.clean()
    place.lock(ANNA).secure()
    assert not late._taken(seen)
    assert place.who() == "anna@desk"


def test_a_lock_that_was_broken_stops_its_run_before_the_next_change(place: Place) -> None:
    anna, bert = place.lock(ANNA), place.lock(BERT, break_it=True)
    anna.secure()
    bert.secure()
    assert (anna.news, bert.news[0].partition(" (")[2]) == ([], "by order)")
    with pytest.raises(Refused, match="was broken while this run had it: bert@desk took it for release v1 at 20"):
        anna.secure()
    assert place.who() == "bert@desk"
    place.clean()
    with pytest.raises(Refused, match="somebody deleted it"):
        bert.secure()


def test_it_is_renewed_by_one_call_when_half_of_the_lease_has_passed(place: Place) -> None:
    anna = place.lock(ANNA)
    anna.secure()
    with place.world.watched() as seen:
        anna.keep()
        assert seen == []
        anna._renewed -= 61.0
        anna.keep()
        anna.keep()
    assert seen == ["write PutParameter"]


def test_a_renewal_notices_that_it_was_broken_and_puts_back_what_it_wrote_over(place: Place) -> None:
    anna = place.lock(ANNA)
    anna.secure()
    place.lock(BERT, break_it=True).secure()
    anna._renewed -= 61.0
    with pytest.raises(Refused, match="bert@desk took it"):
        anna.keep()
    assert place.who() == "bert@desk"


def test_a_renewal_of_what_was_deleted_leaves_nothing(place: Place) -> None:
    anna = place.lock(ANNA)
    anna.secure()
    place.clean()
    anna._renewed -= 61.0
    with pytest.raises(Refused, match="somebody deleted it"):
        anna.keep()
    assert place.who() == ""


@pytest.mark.parametrize("operation", ["PutParameter", "DeleteParameter", "GetParameter"])
def test_a_lost_answer_changes_nothing(place: Place, operation: str) -> None:
    """boto3 makes the call again, which has taken effect the first time."""
    anna = place.lock(ANNA)
    for act in (anna.secure, anna.keep, anna.secure, anna.free):
        anna._renewed -= 61.0
        place.world.log.faults = Faults([Rule(operation=operation, answer="reset", after=True)])
        act()
        place.world.log.faults = Faults()
        assert place.who() == ("" if act == anna.free else "anna@desk")


def test_while_the_lease_lasts_a_renewal_may_fail(place: Place) -> None:
    anna = place.lock(ANNA)
    anna.secure()
    anna._renewed -= 61.0
    place.world.log.faults = Faults([Rule(operation="PutParameter", answer=429, times=99)])
    anna.keep()
    anna._aws_minus_ours += 121.0
    with pytest.raises(Throttled):
        anna.keep()
    place.world.log.faults = Faults()
    anna._aws_minus_ours -= 121.0
    anna.keep()
    assert place.who() == "anna@desk"


def test_a_dry_run_takes_none(place: Place) -> None:
    with pytest.raises(DoorShut):
        place.lock(ANNA, shut=True).secure()


def test_a_parameter_of_somebody_else_is_left_alone(place: Place) -> None:
    place.api.put_parameter(Name=NAME, Value="mine!", Type="String")
    with pytest.raises(Refused, match=f"Parameter {NAME} is no lock of ours"):
        place.lock(ANNA).secure()
    place.lock(ANNA).free()
    assert place.api.get_parameter(Name=NAME)["Parameter"]["Value"] == "mine!"
    place.lock(ANNA, break_it=True).secure()
    assert place.who() == "anna@desk"


def test_the_policy_that_ships_names_just_the_calls_that_a_lock_makes(place: Place) -> None:
    with place.world.watched() as seen:
        anna = place.lock(ANNA)
        anna.secure()
        anna.free()
    policy = json.loads((ROOT / "docs" / "iam" / "lock.json").read_text(encoding="utf-8"))
    assert set(policy["Statement"][0]["Action"]) == {f"ssm:{each.partition(' ')[2]}" for each in seen}
