"""``rehearsal chaos``: disturb a run at every call that matters, run it again, and compare the end with the clean one.

The calls are learnt from the request log of a clean run. Each series of attacks starts from the same snapshot of the
world, in which visitors come all the time; :mod:`rehearsal.series` says what may be concluded from one.
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
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from rehearsal.attack import MODES, Look, Mode, Point, look_of, points_of, sentences, spread, unclear
from rehearsal.faults import ANSWERS, Rule
from rehearsal.home import CHAOS, REQUESTS, VISITORS
from rehearsal.requestlog import Entry, read_log
from rehearsal.running import SEED, RunningWorld, WorldError, end_with_us, running_world
from rehearsal.seed import load_seed
from rehearsal.series import Run, Series, Verdicts, armed, following, made_again, row, told_of, verdicts
from rehearsal.state.canonical import compare
from rehearsal.visits import Visits, count_visits

START = "the start"
ORPHANS_S = 5.0
"""How long workers may take to notice that their run died."""
EVERY_S = 0.5
LINES = 6
"""So many differences of one series are printed; all are in the report."""


class Chaos:
    """One command in one world, attacked in one series after the other."""

    def __init__(self, world: RunningWorld, home: Path, command: list[str], *, visited: bool, settle: float) -> None:
        self._world, self._home, self._command, self._visited = world, home, command, visited
        self._settle = settle
        self._outputs = home / "chaos"
        self._outputs.mkdir(exist_ok=True)
        self._clean: Any = None
        self._calls: list[Entry] = []
        self.took = 0.0
        """Seconds of the clean run."""

    def prepare(self, given: list[str], rate: float | None) -> None:
        """Bring the world into the state in which every run is to begin, by a command of its own where one is given.

        From then on visitors come at ``rate`` requests a second, where that is given.
        """
        if given and (code := self._run(given, "given")) != 0:
            raise WorldError(f"What is to come before ended with exit code {code}: see {self._outputs}/given.log")
        if self._visited and rate is not None:
            self._world.visit(rate)
        self._world.order(snapshot=START)

    def learn(self) -> list[Entry]:
        """Run once without disturbance; its calls."""
        before, started = self._logged(), time.monotonic()
        if (code := self._run(self._command, "clean")) != 0:
            raise WorldError(f"The clean run ended with exit code {code}: see {self._outputs}/clean.log")
        self.took = time.monotonic() - started
        self._clean = self._at_rest()
        self._calls = self._since(before)
        return self._calls

    def attack(self, name: str, points: list[Point], mode: Mode, until: float) -> Series:
        """Disturb runs at points until one comes to its end, and judge; after ``until`` no further run is disturbed."""
        started = time.monotonic()
        self._world.order(restore=START)
        before = count_visits(self._home / VISITORS)
        runs = list(self._disturbed(name, points, mode, until))
        found = self._differences()
        for process in self._world.order(orphans=True) if mode.kill else []:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        visits = self._last_visits()
        return Series(
            points=points,
            runs=runs,
            differences=found,
            failed=visits.failed - before.failed,
            requests=visits.requests - before.requests,
            took=round(time.monotonic() - started, 1),
        )

    def _disturbed(self, name: str, waiting: Sequence[Point], mode: Mode, until: float) -> Iterator[Run]:
        """Run again and again, until a run ends well or was not even disturbed."""
        writes: Counter[Look] = Counter()
        stops: list[Point] = []
        for number in itertools.count(1):
            is_late = number > 1 and time.monotonic() + self.took > until
            rules = {} if is_late else armed(waiting, mode, writes)
            run, made = self._once(f"{name}-{number}", mode, rules, stops)
            _say(f"      {number}: exit {run.code}, {len(run.struck)} of {len(rules)} struck{_where(run.stops)}")
            yield run
            if run.code == 0 or not run.struck:
                return
            waiting = [point for point in waiting if point not in run.struck]
            writes, stops = writes + made, run.stops

    def _once(
        self, name: str, mode: Mode, rules: Mapping[Point, Rule], last: Sequence[Point]
    ) -> tuple[Run, Counter[Look]]:
        """Run once under rules, after a run that stopped at ``last``; how it went, and what it wrote."""
        before = self._logged()
        self._world.order(faults=[rule.model_dump() for rule in rules.values()])
        code, ended = self._run(self._command, name), time.time()
        strikes = [(list(rules)[each["rule"]], each["passed"]) for each in self._world.order(struck=True)]
        self._world.order(faults=[])
        orphans = self._orphans() if mode.kill else []
        text, entries = (self._outputs / f"{name}.log").read_text(errors="replace"), self._since(before)
        struck = [point for point, _ in strikes[: 1 if mode.kill else None]]
        stops = ([point for point, passed in strikes if not passed and point in struck] or struck[-1:]) if code else []
        made = Counter(look_of(entry) for entry in entries if entry.kind == "write")
        if not mode.kill:
            made -= Counter(point.look for point in struck)
        run = Run(
            struck=struck,
            stops=stops,
            code=code,
            unclear=unclear(text, code, told_of(struck, stops, last)),
            said=sentences(text),
            orphans=len(orphans) + sum(each.kind == "write" and each.at - each.took > ended for each in entries),
            again=made_again(self._calls, last, made) if last else [],
        )
        return run, made

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

    def _logged(self) -> int:
        return sum(1 for _ in read_log(self._home / REQUESTS))

    def _since(self, before: int) -> list[Entry]:
        return list(itertools.islice(read_log(self._home / REQUESTS), before, None))

    def _at_rest(self) -> Any:
        """The state as soon as two looks in a row find the same."""
        until, before = time.monotonic() + self._settle, None
        while (state := self._world.order(state=True)) != before and time.monotonic() < until:
            before = state
            time.sleep(EVERY_S)
        return state

    def _differences(self) -> list[str]:
        """What differs from the clean end, when the world has had time to come to rest."""
        until = time.monotonic() + self._settle
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
    how.add_argument("--modes", type=_modes, metavar="NAMES", help=f"all, or some of {','.join(MODES)}")
    chaos.add_argument("--after", action="store_true", help="with --fault: the call takes effect, its answer is lost")
    chaos.add_argument("--writes", action="store_true", help="with --fault: only at each distinct write")
    chaos.add_argument("--each-write", action="store_true", help="every single write, not only the first of its kind")
    chaos.add_argument("--given", type=shlex.split, default=[], metavar="CMD", help="run this before the snapshot")
    chaos.add_argument("--rate", type=float, metavar="N", help="visitors' requests a second (default: as in the seed)")
    chaos.add_argument("--every", type=int, default=1, metavar="N", help="try every N-th point")
    chaos.add_argument("--alone", action="store_true", help="each point in a world of its own, not several in series")
    chaos.add_argument("--resume", action="store_true", help="leave out what earlier runs found to be as promised")
    chaos.add_argument(
        "--budget", type=float, default=float("inf"), metavar="SECONDS", help="end after that, in each mode"
    )
    chaos.add_argument(
        "--settle",
        type=float,
        default=20.0,
        metavar="SECONDS",
        help="how long the world may take to come to rest after a run (default: %(default)s)",
    )
    chaos.add_argument("command", nargs="+", metavar="-- CMD")
    chaos.set_defaults(does=run_chaos)


def run_chaos(options: argparse.Namespace) -> int:
    """Attack in each mode, print the tables, keep them in ``chaos.json``; returns 0 when every point is as promised."""
    if options.fault is None and (options.after or options.writes):
        raise WorldError("--after and --writes say more about --fault: there is none.")
    report = _Report(options.home / CHAOS, options.command)
    good = []
    with running_world(options.seed, options.home) as world:
        visited = load_seed(options.seed).visitors is not None
        chaos = Chaos(world, options.home, options.command, visited=visited, settle=options.settle)
        chaos.prepare(options.given, options.rate)
        entries = chaos.learn()
        for mode in _modes_of(options):
            points = points_of(entries, writes_only=mode.writes_only, each_write=options.each_write)
            _say(f"{mode.name}: {len(entries)} calls, {len(points)} points of attack")
            many = report.series(mode) if options.resume else []
            queue = _first(verdicts(many, points), points[:: options.every], alone=options.alone)
            for series in _attacks(chaos, queue, mode, options.budget, after=len(many)):
                many.append(series)
                report.keep(mode, points, many)
            found = verdicts(many, points)
            _say(
                f"{mode.name}: {len(found.fine) + len(found.bad)} of {len(points)} points tried in {len(many)} series, "
                f"{len(found.fine)} as promised, {len(found.together)} series not although each of its points is"
            )
            good.append(bool(found.fine) and not found.bad and not found.together)
    return 0 if all(good) else 1


class _Report:
    """``chaos.json``: the command, and of each mode the day, the points and the series.

    What another run with the same command left there of other modes stays.
    """

    def __init__(self, path: Path, command: list[str]) -> None:
        self._path = path
        kept = json.loads(path.read_text()) if path.exists() else {}
        self._report: dict[str, Any] = kept if kept.get("command") == command else {"command": command, "modes": {}}

    def series(self, mode: Mode) -> list[Series]:
        """What earlier runs found."""
        return [Series.kept(row) for row in self._report["modes"].get(mode.name, {"series": []})["series"]]

    def keep(self, mode: Mode, points: Sequence[Point], many: Sequence[Series]) -> None:
        """Write down what is known of a mode so far."""
        self._report["modes"][mode.name] = {
            "on": date.today().isoformat(),
            "points": [asdict(each) for each in points],
            "series": [asdict(each) for each in many],
        }
        self._path.write_text(json.dumps(self._report, indent=1))


def _first(known: Verdicts, points: list[Point], *, alone: bool) -> list[list[Point]]:
    """The series to begin with: what was not as promised for itself, then all that nothing is known of."""
    again = [*([point] for point in known.bad), *(series.struck for series in known.together)]
    new = [point for point in points if point not in known.fine and point not in known.bad]
    return again + ([[point] for point in spread(new)] if alone else [new] if new else [])


def _attacks(chaos: Chaos, queue: list[list[Point]], mode: Mode, budget: float, *, after: int) -> Iterator[Series]:
    """Begin one series after the other, and after the first none that could not end within the budget."""
    until, shortest = time.monotonic() + budget, 0.0
    for number in itertools.count(after + 1):
        if not queue or time.monotonic() + shortest >= until:
            return
        shortest = 2 * chaos.took
        series = chaos.attack(f"{mode.name}-{number:03}", queue.pop(0), mode, until)
        queue = following(series) + queue
        _say(row(number, series))
        for line in series.differences[:LINES]:
            _say(f"      {line}")
        for run in series.runs:
            for line in run.unclear[:LINES]:
                _say(f"      unclear: {line}")
        yield series


def _where(stops: Sequence[Point]) -> str:
    return f", stopped at {'; '.join(point.where for point in stops)}" if stops else ""


def _modes(names: str) -> list[Mode]:
    wanted = list(MODES) if names == "all" else names.split(",")
    if unknown := [name for name in wanted if name not in MODES]:
        raise argparse.ArgumentTypeError(f"there is no mode {unknown[0]}: all, or some of {','.join(MODES)}")
    return [MODES[name] for name in wanted]


def _modes_of(options: argparse.Namespace) -> list[Mode]:
    if options.modes:
        chosen: list[Mode] = options.modes
        return chosen
    if options.fault is None:
        return [MODES["kill-main" if options.kill_main else "kill"]]
    answer = next(each for each in ANSWERS if str(each) == options.fault)
    return [Mode(answer=answer, after=options.after, writes_only=options.writes)]


def _say(text: str) -> None:
    print(text, file=sys.stdout, flush=True)
