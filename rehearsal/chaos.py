"""``rehearsal chaos``: disturb a run at every call that matters, run it again, and compare the end with the clean one.

The calls are learnt from the request log of a clean run. Each point of attack starts from the same snapshot of the
world, in which visitors come all the time.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rehearsal.attack import Outcome, Point, clear, is_good, points_of, row, spread
from rehearsal.faults import ANSWERS, Rule
from rehearsal.home import REQUESTS, VISITORS
from rehearsal.requestlog import Entry, read_log
from rehearsal.running import SEED, RunningWorld, WorldError, end_with_us, running_world
from rehearsal.seed import load_seed
from rehearsal.state.canonical import compare
from rehearsal.visits import Visits, count_visits

START = "the start"
SETTLE_S = 20.0
"""How long the world may take to come to rest after a run."""
ORPHANS_S = 5.0
"""How long workers may take to notice that their run died."""
EVERY_S = 0.5
LINES = 6
"""So many differences of one point are printed; all are in the report."""


class Chaos:
    """One command in one world, attacked as often as there are points."""

    def __init__(self, world: RunningWorld, home: Path, command: list[str], *, visited: bool) -> None:
        self._world, self._home, self._command, self._visited = world, home, command, visited
        self._outputs = home / "chaos"
        self._outputs.mkdir(exist_ok=True)
        self._clean: Any = None

    def prepare(self, given: list[str]) -> None:
        """Bring the world into the state in which every run is to begin, by a command of its own where one is given."""
        if given and (code := self._run(given, "given")) != 0:
            raise WorldError(f"What is to come before ended with exit code {code}: see {self._outputs}/given.log")
        self._world.order(snapshot=START)

    def learn(self) -> list[Entry]:
        """Run once without disturbance; its calls."""
        before = len(list(read_log(self._home / REQUESTS)))
        if (code := self._run(self._command, "clean")) != 0:
            raise WorldError(f"The clean run ended with exit code {code}: see {self._outputs}/clean.log")
        self._clean = self._at_rest()
        return list(itertools.islice(read_log(self._home / REQUESTS), before, None))

    def attack(self, place: int, point: Point, rule: Rule) -> Outcome:
        """Disturb a run at one point, run again, and judge."""
        self._world.order(restore=START)
        started, before = time.monotonic(), count_visits(self._home / VISITORS)
        self._world.order(faults=[rule.model_dump()])
        name = f"{place:03}-disturbed"
        stopped = self._run(self._command, name)
        cut_off = time.time()
        struck = bool(self._world.order(struck=True))
        self._world.order(faults=[])
        orphans = self._orphans() if rule.kill else []
        late = self._written_since(cut_off) if rule.kill else 0
        again = self._run(self._command, f"{place:03}-again") if stopped != 0 else None
        found = self._differences()
        for process in orphans:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        visits = self._last_visits()
        return Outcome(
            point=point,
            struck=struck,
            stopped=stopped,
            again=again,
            differences=found,
            unclear=clear(self._text(name)) + ([] if again is None else clear(self._text(f"{place:03}-again"))),
            orphans=len(orphans) + late,
            failed=visits.failed - before.failed,
            requests=visits.requests - before.requests,
            took=round(time.monotonic() - started, 1),
        )

    def _run(self, command: list[str], name: str) -> int:
        """Run a command to its end, whatever that is; its output goes to a file."""
        environment = {
            **self._world.tool_environment(),
            "OFFRAMP_LEDGER": str(self._home / "ledger"),
            "ANSIBLE_FORCE_COLOR": "0",
        }
        with (self._outputs / f"{name}.log").open("w") as output:
            process = subprocess.Popen(
                command, env=environment, stdout=output, stderr=subprocess.STDOUT, preexec_fn=end_with_us
            )
            self._world.order(run=process.pid)
            code = process.wait()
        self._world.order(run=None)
        return code

    def _text(self, name: str) -> str:
        return (self._outputs / f"{name}.log").read_text(errors="replace")

    def _at_rest(self) -> Any:
        """The state as soon as two looks in a row find the same."""
        until, before = time.monotonic() + SETTLE_S, None
        while (state := self._world.order(state=True)) != before and time.monotonic() < until:
            before = state
            time.sleep(EVERY_S)
        return state

    def _differences(self) -> list[str]:
        """What differs from the clean end, when the world has had time to come to rest."""
        until = time.monotonic() + SETTLE_S
        while found := compare(self._clean, self._world.order(state=True)):
            if time.monotonic() > until:
                break
            time.sleep(EVERY_S)
        return found

    def _orphans(self) -> list[int]:
        """The workers of a killed run that do not end by themselves."""
        until = time.monotonic() + ORPHANS_S
        while (alive := self._world.order(orphans=True)) and time.monotonic() < until:
            time.sleep(0.1)
        found: list[int] = alive
        return found

    def _written_since(self, moment: float) -> int:
        """How many writes reached the stand-ins that were sent after a moment."""
        entries = read_log(self._home / REQUESTS)
        return sum(entry.kind == "write" and entry.at - entry.took > moment for entry in entries)

    def _last_visits(self) -> Visits:
        """What the visitors counted, when the last answer has come; they pause until the next restore."""
        if self._visited:
            self._world.order(visit=0)
        return count_visits(self._home / VISITORS)


def add_command(commands: Any, home: argparse.ArgumentParser) -> None:
    """Add ``chaos`` to the command line."""
    chaos = commands.add_parser("chaos", parents=[home], help="disturb a command at every call, and compare the ends")
    chaos.add_argument("--seed", type=Path, default=SEED, help="seed file (default: %(default)s)")
    how = chaos.add_mutually_exclusive_group(required=True)
    how.add_argument("--kill", action="store_true", help="kill the whole run, at each distinct write")
    how.add_argument("--kill-main", action="store_true", help="kill its main process, at each distinct write")
    how.add_argument("--fault", choices=[str(answer) for answer in ANSWERS], help="inject this, at each distinct call")
    chaos.add_argument("--writes", action="store_true", help="with --fault: only at each distinct write")
    chaos.add_argument("--each-write", action="store_true", help="every single write, not only the first of its kind")
    chaos.add_argument("--given", type=shlex.split, default=[], metavar="CMD", help="run this before the snapshot")
    chaos.add_argument("--every", type=int, default=1, metavar="N", help="try every N-th point")
    chaos.add_argument(
        "--budget", type=float, default=float("inf"), metavar="SECONDS", help="begin no point after that"
    )
    chaos.add_argument("command", nargs="+", metavar="-- CMD")
    chaos.set_defaults(does=run_chaos)


def run_chaos(options: argparse.Namespace) -> int:
    """Attack, print the table, write ``chaos.json``; returns 0 when every point came to the clean end."""
    until = time.monotonic() + options.budget
    with running_world(options.seed, options.home) as world:
        visited = load_seed(options.seed).visitors is not None
        chaos = Chaos(world, options.home, options.command, visited=visited)
        chaos.prepare(options.given)
        entries = chaos.learn()
        writes_only = options.fault is None or options.writes
        points = points_of(entries, writes_only=writes_only, each_write=options.each_write)[:: options.every]
        _say(f"{len(entries)} calls, {len(points)} points of attack")
        outcomes = []
        for outcome in _attacks(chaos, points, _rule_maker(options), until):
            outcomes.append(outcome)
            report = {"points": len(points), "outcomes": [asdict(each) for each in outcomes]}
            (options.home / "chaos.json").write_text(json.dumps(report, indent=1))
    good = sum(is_good(outcome) for outcome in outcomes)
    _say(f"{len(outcomes)} of {len(points)} points tried, {good} as promised")
    return 0 if outcomes and good == len(outcomes) else 1


def _attacks(chaos: Chaos, points: list[Point], rule_of: Callable[[Point], Rule], until: float) -> Iterator[Outcome]:
    longest = 0.0
    for place, point in spread(list(enumerate(points, 1))):
        if time.monotonic() + longest > until:
            return
        outcome = chaos.attack(place, point, rule_of(point))
        longest = max(longest, outcome.took)
        _say(row(place, outcome))
        for line in outcome.differences[:LINES]:
            _say(f"      {line}")
        for line in outcome.unclear[:LINES]:
            _say(f"      unclear: {line}")
        yield outcome


def _rule_maker(options: argparse.Namespace) -> Callable[[Point], Rule]:
    if options.fault is None:
        return lambda point: point.rule(kill="main" if options.kill_main else "all")
    answer = int(options.fault) if options.fault.isdigit() else options.fault
    return lambda point: point.rule(answer=answer)


def _say(text: str) -> None:
    print(text, file=sys.stdout, flush=True)
