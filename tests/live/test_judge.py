"""What counts as a case that came out as it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.live.case import Case, Failures, Final, Run, Serving, Windows
from tests.live.judge import (
    KILLED,
    Ran,
    Service,
    Traffic,
    World,
    faults_of_run,
    faults_of_traffic,
    faults_of_world,
    recovery,
)

RUN = Run(command="playbooks/release.yml", ends="failed", verdict="rolled_back", says=["exit code 1"])
ROLLED_BACK = {"entry": "verdict", "rollout": {"verdict": "rolled_back"}}
RAN = Ran(2, [ROLLED_BACK], ["It failed: exit code 1."], [], struck=False, began=0.0, ended=1.0)
SERVING = Final(web=Serving(image="v42", tasks=2), share=100, differ=[])
HELD = World({"web": Service("v42", 2, 2, 1)}, 100.0, [], [])
TRAFFIC = Traffic(1000, 0, {}, {"aws": 300, "heroku": 0})


def change(verb: str, target: str) -> dict[str, Any]:
    return {"entry": "change", "verb": verb, "target": target}


def test_a_run_that_ended_as_it_should_has_no_fault() -> None:
    assert faults_of_run(RUN, RAN) == []
    assert faults_of_run(Run(command="x", ends="killed"), replace(RAN, code=KILLED)) == []


@pytest.mark.parametrize(
    ("run", "ran", "said"),
    [
        (RUN, replace(RAN, code=0), "ended well (0), not failed"),
        (RUN, replace(RAN, code=KILLED), "ended killed"),
        (RUN, replace(RAN, ledger=[]), "has the verdict '', not 'rolled_back'"),
        (RUN, replace(RAN, sentences=["It failed."]), "does not say 'exit code 1'"),
        (RUN, replace(RAN, unclear=["Traceback (most recent call last):"]), "said: Traceback"),
        (RUN.model_copy(update={"faults": [{"kill": "all"}]}), RAN, "no fault struck"),
        (RUN.model_copy(update={"changes": []}), replace(RAN, ledger=[ROLLED_BACK, change("update", "a")]), "changed"),
        (
            Run(command="x", ends="failed", says=["It"], windows=Windows(most=2, of=10)),
            replace(RAN, ledger=[{"entry": "verdict", "health": {"verdict": "fail", "seen": 30}}]),
            "judged 3 windows, not 2",
        ),
    ],
)
def test_what_a_run_did_otherwise_is_told(run: Run, ran: Ran, said: str) -> None:
    (fault,) = faults_of_run(run, ran)
    assert said in fault


def test_a_hint_is_part_of_what_a_run_says() -> None:
    hint = {"entry": "failure", "hint": "Read its last exit code 1."}
    assert faults_of_run(RUN, replace(RAN, ledger=[ROLLED_BACK, hint], sentences=[])) == []


def test_a_world_as_it_should_be_has_no_fault() -> None:
    assert faults_of_world(SERVING, HELD) == []


@pytest.mark.parametrize(
    ("world", "said"),
    [
        (replace(HELD, services={}), "there is no service web"),
        (replace(HELD, services={"web": Service("v41", 2, 2, 1)}), "web runs v41, not v42"),
        (replace(HELD, services={"web": Service("v42", 2, 1, 1)}), "web runs 1 of 2 tasks, not 2"),
        (replace(HELD, services={"web": Service("v42", 2, 2, 2)}), "web has 2 deployments under way"),
        (replace(HELD, share=25.0), "AWS gets 25 % of the traffic, not 100 %"),
        (replace(HELD, differ=["LOG_LEVEL"]), "AWS and Heroku differ in ['LOG_LEVEL'], not in []"),
        (replace(HELD, locks=["/offramp/production/bond-server/lock"]), "the lock /offramp"),
    ],
)
def test_what_the_world_holds_otherwise_is_told(world: World, said: str) -> None:
    (fault,) = faults_of_world(SERVING, world)
    assert said in fault


def case(**more: Any) -> Case:
    run = Run(command="x", ends="well")
    return Case(title="A case", given="fresh", runs=[run], **{"ends": Final(share=0), **more})


def test_visitors_who_are_all_served_are_no_fault() -> None:
    assert faults_of_traffic(case(), TRAFFIC) == []
    assert faults_of_traffic(case(ends=Final(served_by="aws")), TRAFFIC) == []


def test_what_visitors_saw_is_told() -> None:
    harmed = replace(TRAFFIC, failed=3, reasons={"status 502": 3})
    assert faults_of_traffic(case(), harmed) == ["3 of 1000 requests failed, not 0: {'status 502': 3}"]
    allowed = Failures(most=3, because="a request in flight cannot be saved")
    assert faults_of_traffic(case(failed=allowed), harmed) == []
    assert faults_of_traffic(case(failed=allowed), replace(harmed, failed=4))
    assert faults_of_traffic(case(), replace(TRAFFIC, requests=0)) == ["there were no visitors"]


def test_who_serves_at_the_end_is_told() -> None:
    by_heroku = case(ends=Final(served_by="heroku"))
    assert faults_of_traffic(by_heroku, TRAFFIC) == ["heroku served nobody at the end"]
    mixed = replace(TRAFFIC, late={"aws": 1, "heroku": 299})
    assert "1 requests at the end were not served by heroku" in faults_of_traffic(by_heroku, mixed)[0]
    assert faults_of_traffic(by_heroku, replace(TRAFFIC, late={"heroku": 300})) == []


def test_what_was_given_up_is_told_by_its_verdict() -> None:
    lines = [
        {"entry": "verdict", "rollout": {"verdict": verdict, "task_definition": f"web:{number}"}}
        for number, verdict in enumerate(["completed", "rolled_back", "superseded", "failed"])
    ]
    assert replace(RAN, ledger=lines).given_up == {"web:1", "web:3"}


def test_recovery_is_from_the_first_failed_task_to_the_last_ones_end() -> None:
    def task(stopping: int, stopped: int) -> dict[str, Any]:
        return {"stoppingAt": datetime.fromtimestamp(stopping, UTC), "stoppedAt": datetime.fromtimestamp(stopped, UTC)}

    assert recovery([task(10, 11), task(8, 9), task(12, 15)]) == 7.0
    assert recovery([]) is None
