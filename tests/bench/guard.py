"""What a ramp costs by our rule and by others', on the same seeded traffic, in simulation.

Harm is the expected number of requests that failed because of the new side, to the abort or to the end of two hours.
"""

from __future__ import annotations

import math
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ansible_collections.offramp.ecs.plugins.module_utils.policy.counts import Tick
from tests.bench.document import table
from tests.bench.rules import Argo, Flagger, Kayenta, Ours, Rule
from tests.bench.traffic import MINUTE, Scenario, Traffic

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
    "60 s, as roles/shift": lambda cell: Ours(60, cell.delay * MINUTE, 10 * MINUTE, skips=10),
    "10 s, as roles/shift": lambda cell: Ours(10, cell.delay * MINUTE, 10 * MINUTE, skips=10),
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
TARGETS: Mapping[str, Mapping[int, int]] = {
    "ours, 60 s": {10: 5, 100: 6, 1000: 35},
    "ours, 10 s": {10: 5, 100: 5, 1000: 12},
}
"""Median harm at five points more errors, by requests a second."""
LONGEST = {"clean": 20, "told two minutes late": 40}
"""Minutes that a ramp at 100 requests a second may take."""


@dataclass(frozen=True)
class Ramp:
    """How one ramp went: requests harmed, and minutes to its abort or its end; neither in ramps that hold on."""

    harmed: float
    aborted: float | None = None
    finished: float | None = None


@dataclass(frozen=True)
class Told:
    """A tick on its way to the rule: when it began, in seconds, and at which step."""

    began: int
    step: int
    tick: Tick


Results = Mapping[str, Sequence[Ramp]]


def ramp(rule: Rule, traffic: Traffic) -> Ramp:
    """Run one ramp; the weights change at the end of the tick in which the rule decides."""
    rule.prepare(list(traffic.before(rule.watches, rule.period)))
    scenario, step, since, harmed = traffic.scenario, 0, 0, 0.0
    told: list[Told] = []
    for now in range(rule.period, HORIZON_S + 1, rule.period):
        tick = traffic.ticks(now - rule.period, now, rule.steps[step])
        harmed += tick.new.requests * scenario.excess if tick.new else 0.0
        told.append(Told(now - rule.period, step, traffic.heard(now - rule.period, tick)))
        if len(told) * rule.period <= scenario.delay * MINUTE:
            continue
        count = told.pop(0)
        if step and since <= count.began < since + rule.skips:
            continue
        decision = rule.judge(replace(count.tick, late=count.step != step), rule.steps[step])
        if decision == "abort":
            return Ramp(harmed, aborted=now / MINUTE)
        if decision == "promote" and rule.steps[step] >= rule.last:
            harmed += (HORIZON_S - now) * scenario.rate * scenario.excess
            return Ramp(harmed, finished=now / MINUTE)
        if decision == "promote":
            step, since = step + 1, now
    return Ramp(harmed)


def measure(runs: int) -> str:
    """Simulate, and tell it as a section of the document."""
    began = time.process_time()
    worse = {cell: _cell(cell, RULES, runs) for cell in _at_all_rates(WORSE)}
    clean = {cell: _cell(cell, RULES, runs) for kind in CLEAN for cell in _at_all_rates(kind)}
    ours = {cell: _cell(cell, OURS, runs) for cell in (*worse, *clean) if cell.rate == 100}
    spent = time.process_time() - began
    return f"""## The guard of the ramp: ours and others', in simulation

{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {runs} ramps a cell on the same seeded traffic,
{spent:.0f} s of CPU. Errors: 0.1 % on both sides. Ours watches the old side for an hour before the ramp; counts are
told at once where nothing else is said. Harmed are the requests that the new side failed beyond the old one's rate, to
the abort or to the end of two hours. tests/bench/rules.py says how the others are modelled.

### Five points more errors on the new side, from the beginning

Harmed requests, median / 95th percentile; minutes to the abort, median; where not all were aborted, the share that was.

{_across(worse, RULES, _harm)}

{_targets(worse)}

### Ramps without a fault of the new side

Every abort is a false one ({_percent(1, runs)} is one ramp); minutes to the end, median.

{_across(clean, RULES, _false)}

{_clean_targets(clean)}

### What our rule makes of its circumstances, at 100 requests a second

{_across(ours, OURS, _both)}

*As roles/shift* is what the role does with ten minutes of watching before: a period in which the weights changed is not
counted at all, and what is told late of the step before is evidence. With the role's `shift_delay` CloudWatch's weights
change on the minute, so that no period is lost, and the row *60 s, 10 min before* applies, told two minutes late.
"""


def _at_all_rates(kind: Scenario) -> list[Scenario]:
    return [replace(kind, rate=rate) for rate in RATES]


def _cell(cell: Scenario, rules: Mapping[str, Make], runs: int) -> Results:
    print(f"  {cell.rate} a second, {cell.name}", flush=True)
    return {name: [ramp(make(cell), Traffic(cell, run)) for run in range(runs)] for name, make in rules.items()}


def _across(cells: Mapping[Scenario, Results], rules: Mapping[str, Make], told: Callable[[Sequence[Ramp]], str]) -> str:
    """A table with a row for each cell and a column for each rule."""
    rows = [[f"{cell.rate}/s, {cell.name}", *(told(cells[cell][name]) for name in rules)] for cell in cells]
    return table(["", *rules], rows)


def _harm(ramps: Sequence[Ramp]) -> str:
    harmed, aborts = sorted(it.harmed for it in ramps), [it.aborted for it in ramps if it.aborted is not None]
    high = harmed[math.ceil(0.95 * len(harmed)) - 1]
    share = "" if len(aborts) == len(ramps) else f", {_percent(len(aborts), len(ramps))}"
    return f"{statistics.median(harmed):.1f} / {high:.0f}; {_minutes(aborts)}{share}"


def _false(ramps: Sequence[Ramp]) -> str:
    aborts, ends = sum(it.aborted is not None for it in ramps), [it.finished for it in ramps if it.finished is not None]
    stuck = len(ramps) - aborts - len(ends)
    return f"{_percent(aborts, len(ramps))}; {_minutes(ends)}" + (f", {stuck} held on" if stuck else "")


def _both(ramps: Sequence[Ramp]) -> str:
    return _harm(ramps) if any(it.harmed for it in ramps) else _false(ramps)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def _minutes(ends: Sequence[float]) -> str:
    return f"{statistics.median(ends):.0f} min" if ends else "never"


def _clean_targets(clean: Mapping[Scenario, Results]) -> str:
    """Whether false aborts are as rare as was asked for, and a ramp at 100 requests a second as quick."""
    often = [
        f"{name}, {cell.rate}/s, {cell.name}: {_percent(aborts, len(results[name]))}"
        for cell, results in clean.items()
        for name in TARGETS
        if (aborts := sum(it.aborted is not None for it in results[name])) > 0.005 * len(results[name])
    ]
    slow = [
        f"{name}, {cell.name}: {ends:.0f} of at most {most} min{'' if ends <= most else ' (missed)'}"
        for cell, results in clean.items()
        if cell.rate == 100 and (most := LONGEST.get(cell.name))
        for name in TARGETS
        if (ends := statistics.median(it.finished or math.inf for it in results[name]))
    ]
    return f"More than 0.5 % false aborts: {'; '.join(often) or 'none'}. At 100 requests a second: {'; '.join(slow)}."


def _targets(worse: Mapping[Scenario, Results]) -> str:
    """Whether the medians reach what was asked for."""
    told = []
    for name, by_rate in TARGETS.items():
        for cell, results in worse.items():
            median, most = statistics.median(it.harmed for it in results[name]), by_rate[cell.rate]
            told.append(f"{name}, {cell.rate}/s: {median:.1f} of at most {most}{'' if median <= most else ' (missed)'}")
    return f"Targets for the median: {'; '.join(told)}."
