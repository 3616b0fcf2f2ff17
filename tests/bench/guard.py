"""What a ramp costs by our rule and by others', on the same seeded traffic, in simulation.

Harm is the expected number of requests that failed because of the new side, to the abort or to the end of two hours.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Optional

from ansible_collections.offramp.ecs.plugins.module_utils.policy.counts import Tick
from tests.bench.document import table
from tests.bench.rules import Argo, Flagger, Kayenta, Ours, Rule
from tests.bench.traffic import MINUTE, TICK_S, Scenario, Traffic, together

HORIZON_S = 120 * MINUTE
HOUR_S = 60 * MINUTE
Make = Callable[[Scenario], Rule]
RULES: Mapping[str, Make] = {
    "ours, 60 s": lambda cell: Ours(60, cell.delay * MINUTE, HOUR_S),
    "ours, 10 s": lambda cell: Ours(10, cell.delay * MINUTE, HOUR_S),
    "Flagger 1": lambda cell: Flagger(1),
    "Flagger 5": lambda cell: Flagger(5),
    "Flagger 10": lambda cell: Flagger(10),
    "Argo 0": lambda cell: Argo(0),
    "Argo 3": lambda cell: Argo(3),
    "Kayenta-like": lambda cell: Kayenta(),
}
OURS: Mapping[str, Make] = {
    "60 s": RULES["ours, 60 s"],
    "10 s": RULES["ours, 10 s"],
    "60 s, 10 min before": lambda cell: Ours(60, cell.delay * MINUTE, 10 * MINUTE),
    "10 s, 10 min before": lambda cell: Ours(10, cell.delay * MINUTE, 10 * MINUTE),
    "60 s, nothing before": lambda cell: Ours(60, cell.delay * MINUTE, 0),
    "60 s, whole minutes": lambda cell: Ours(60, cell.delay * MINUTE, 10 * MINUTE, skips=10),
}
RATES = (10, 100, 1000)
WORSE = Scenario("5 points more errors on the new side", 0, excess=0.05)
CLEAN = (
    Scenario("clean", 0),
    Scenario("outage of both sides, 10 % errors", 0, outage=0.1),
    Scenario("minutes 4 to 8 missing", 0, missing=True),
    Scenario("told two minutes late", 0, delay=2),
    Scenario("errors in clumps of 3", 0, clump=3.0),
)
TARGET_HARM = {"ours, 60 s": (5, 6, 35), "ours, 10 s": (5, 5, 12)}


@dataclass(frozen=True)
class Ramp:
    """How one ramp went: requests harmed, and minutes to its abort or its end; neither in ramps that hold on."""

    harmed: float
    aborted: Optional[float] = None
    finished: Optional[float] = None


def ramp(rule: Rule, traffic: Traffic) -> Ramp:
    """Run one ramp; the weights change at the end of the tick in which the rule decides."""
    rule.prepare(_in_periods(list(traffic.before(rule.watches)), rule.period))
    delay = traffic.scenario.delay * MINUTE
    step, since, harmed = 0, 0, 0.0
    told: list[tuple[int, int, Tick]] = []
    for start in range(0, HORIZON_S, rule.period):
        share = rule.steps[step]
        tick = together([traffic.tick(at, share / 100) for at in range(start, start + rule.period, TICK_S)])
        harmed += tick.new.requests * traffic.scenario.excess if tick.new else 0.0
        told.append((start, step, Tick(rule.period, None, None) if traffic.is_missing(start) else tick))
        end = start + rule.period
        if told[0][0] + rule.period + delay > end:
            continue
        began, at_step, seen = told.pop(0)
        if rule.skips and began < since + (rule.skips if step else 0):
            continue
        decision = rule.judge(replace(seen, late=at_step != step), share)
        if decision == "abort":
            return Ramp(harmed, aborted=end / MINUTE)
        if decision == "promote" and share >= rule.last:
            return Ramp(harmed + (HORIZON_S - end) * traffic.scenario.rate * traffic.scenario.excess, None, end / MINUTE)
        if decision == "promote":
            step, since = step + 1, end
    return Ramp(harmed)


def _in_periods(ticks: list[Tick], period: int) -> list[Tick]:
    each = period // TICK_S
    return [together(ticks[at : at + each]) for at in range(0, len(ticks), each)]


def measure(runs: int) -> str:
    """Simulate, and tell it as a section of the document."""
    began = time.process_time()
    worse = {rate: _cell(replace(WORSE, rate=rate), RULES, runs) for rate in RATES}
    clean = {replace(kind, rate=rate): _cell(replace(kind, rate=rate), RULES, runs) for kind in CLEAN for rate in RATES}
    ours = {cell: _cell(cell, OURS, runs) for cell in (*(replace(WORSE, rate=rate) for rate in RATES), *clean)}
    return _report(worse, clean, ours, runs, time.process_time() - began)


def _cell(cell: Scenario, rules: Mapping[str, Make], runs: int) -> dict[str, list[Ramp]]:
    print(f"  {cell.rate}/s, {cell.name}", flush=True)
    return {name: [ramp(make(cell), Traffic(cell, run)) for run in range(runs)] for name, make in rules.items()}
