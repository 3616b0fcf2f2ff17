"""Decisions over ticks: the cases in ``cases/``, one file each, and the traces that the rule was designed with."""

from __future__ import annotations

import csv
import json
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.offramp.ecs.plugins.module_utils.policy.counts import Side, Tick
from ansible_collections.offramp.ecs.plugins.module_utils.policy.limits import Limits
from ansible_collections.offramp.ecs.plugins.module_utils.policy.pace import Ahead
from ansible_collections.offramp.ecs.plugins.module_utils.policy.ramp import Evidence, Ramp, measure, ramp_from, weigh
from ansible_collections.offramp.ecs.plugins.module_utils.policy.verdict import decide

CASES = Path(__file__).parent / "cases"
TRACES = Path(__file__).parents[6] / "shared" / "guards" / "traces"
LADDER = (1, 5, 10, 25, 50, 75, 95, 100)


def side(counts: list[int] | None) -> Side | None:
    return None if counts is None else Side(*counts)


@pytest.mark.parametrize("path", sorted(CASES.glob("*.yml")), ids=lambda path: path.stem)
def test_every_tick_of_a_case_ends_as_its_file_says(path: Path) -> None:
    case = yaml.safe_load(path.read_text())
    limits, ahead = Limits(**case.get("limits", {})), Ahead(**case["step"])
    before = [Tick(60, None, Side(*counts)) for counts in case.get("before", [])]
    clumps = reduce(measure, before, Evidence()).ramp.error_clumps
    evidence = Evidence(ramp=Ramp(error_clumps=clumps, old=Side(*case.get("compared", []))))
    for number, told in enumerate(case["ticks"]):
        tick = Tick(case.get("seconds", 60), side(told["new"]), side(told["old"]), told.get("late", False))
        evidence = weigh(evidence, tick, limits)
        judgement = decide(evidence, limits, ahead)
        outcome, said = told["then"]
        where = f"tick {number}: {judgement}; evidence {evidence.worst:g}"
        assert (judgement.outcome, judgement.final) == (outcome, told.get("final", False)), where
        assert said in judgement.reason, where


def traces() -> list[str]:
    if not TRACES.exists():
        return []
    return [row["trace"] for row in csv.DictReader((TRACES / "index.csv").read_text().splitlines())]


def trace_ticks(name: str) -> list[Tick]:
    return [
        Tick(60, None, None)
        if not row["requests_old"]
        else Tick(
            60,
            Side(int(row["requests_new"]), int(row["errors_new"])),
            Side(int(row["requests_old"]), int(row["errors_old"])),
        )
        for row in csv.DictReader((TRACES / f"{name}.csv").read_text().splitlines())
    ]


@pytest.mark.skipif(not TRACES.exists(), reason=f"the traces are not at {TRACES}")
@pytest.mark.parametrize("name", traces())
def test_a_trace_is_decided_window_by_window_as_it_was_designed(name: str) -> None:
    """Untempered, with counts that are told at once and weights in force after ten seconds."""
    limits, evidence, step = Limits(max_phi=1), Evidence(), 0
    made: list[dict[str, Any]] = []
    for window, tick in enumerate(trace_ticks(name)):
        evidence = weigh(evidence, tick, limits)
        outcome = decide(evidence, limits, Ahead(LADDER[step], LADDER[step + 1], reaction=70)).outcome
        decision = {"pass": "promote", "fail": "abort"}.get(outcome, "hold")
        made.append({"window": window, "step": step, "decision": decision, "evidence": evidence.value})
        if decision == "promote":
            evidence, step = Evidence(ramp=ramp_from(evidence.ramp.promoted().numbers())), step + 1
    wanted = json.loads((TRACES / f"{name}.decisions.json").read_text())
    assert made == [{**it, "evidence": pytest.approx(it["evidence"], rel=1e-5)} for it in wanted]


def test_all_traces_are_there_or_none() -> None:
    assert len(traces()) in (0, 12)
