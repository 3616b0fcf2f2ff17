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
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from rehearsal.attack import MODES, Mode, Outcome, Point, is_good, points_of, row, sentences, spread, unclear
from rehearsal.faults import ANSWERS
from rehearsal.home import CHAOS, REQUESTS, VISITORS
from rehearsal.requestlog import Entry, read_log
from rehearsal.running import SEED, RunningWorld, WorldError, end_with_us, running_world
from rehearsal.seed import load_seed
from rehearsal.state.canonical import compare
from rehearsal.visits import Visits, count_visits

START = "the start"
ORPHANS_S = 5.0
"""How long workers may take to notice that their run died."""
EVERY_S = 0.5
LINES = 6
"""So many differences of one point are printed; all are in the report."""


class Chaos:
    """One command in one world, attacked as often as there are points."""

    def __init__(self, world: RunningWorld, home: Path, command: list[str], *, visited: bool, settle: float) -> None:
        self._world, self._home, self._command, self._visited = world, home, command, visited
        self._settle = settle
        self._outputs = home / "chaos"
        self._outputs.mkdir(exist_ok=True)
        self._clean: Any = None

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
        before = len(list(read_log(self._home / REQUESTS)))
        if (code := self._run(self._command, "clean")) != 0:
            raise WorldError(f"The clean run ended with exit code {code}: see {self._outputs}/clean.log")
        self._clean = self._at_rest()
        return list(itertools.islice(read_log(self._home / REQUESTS), before, None))

    def attack(self, place: int, point: Point, mode: Mode) -> Outcome:
        """Disturb a run at one point, run again, and judge."""
        started = time.monotonic()
        self._world.order(restore=START)
        before = count_visits(self._home / VISITORS)
        disturbed, repeated = (f"{mode.name}-{place:03}-{which}" for which in ("disturbed", "again"))
        struck, stopped, ended = self._disturb(disturbed, mode, point)
        orphans = self._orphans() if mode.kill else []
        late = self._written_since(ended) if mode.kill else 0
        again = self._run(self._command, repeated) if stopped != 0 else None
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
            unclear=[
                *unclear(self._text(disturbed), stopped, point),
                *([] if again is None else unclear(self._text(repeated), again, point)),
            ],
            said=sentences(self._text(disturbed)),
            orphans=len(orphans) + late,
            failed=visits.failed - before.failed,
            requests=visits.requests - before.requests,
            took=round(time.monotonic() - started, 1),
        )

    def _disturb(self, name: str, mode: Mode, point: Point) -> tuple[bool, int, float]:
        """Run once with the disturbance: whether it struck, the run's exit code, and when the run ended."""
        self._world.order(faults=[mode.rule(point).model_dump()])
        stopped, ended = self._run(self._command, name), time.time()
        struck = bool(self._world.order(struck=True))
        self._world.order(faults=[])
        return struck, stopped, ended

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
    how.add_argument("--modes", type=_modes, metavar="NAMES", help=f"all, or some of {','.join(MODES)}")
    chaos.add_argument("--after", action="store_true", help="with --fault: the call takes effect, its answer is lost")
    chaos.add_argument("--writes", action="store_true", help="with --fault: only at each distinct write")
    chaos.add_argument("--each-write", action="store_true", help="every single write, not only the first of its kind")
    chaos.add_argument("--given", type=shlex.split, default=[], metavar="CMD", help="run this before the snapshot")
    chaos.add_argument("--rate", type=float, metavar="N", help="visitors' requests a second (default: as in the seed)")
    chaos.add_argument("--every", type=int, default=1, metavar="N", help="try every N-th point")
    chaos.add_argument("--resume", action="store_true", help="leave out what earlier runs found to be as promised")
    chaos.add_argument(
        "--budget", type=float, default=float("inf"), metavar="SECONDS", help="begin no point after that, in each mode"
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
            found = report.found(mode, points) if options.resume else {}
            done = {point for point, outcome in found.items() if is_good(outcome)}
            places = [(place, each) for place, each in enumerate(points, 1) if each not in done]
            for outcome in _attacks(chaos, places[:: options.every], mode, options.budget):
                found[outcome.point] = outcome
                report.keep(mode, len(points), found.values())
            outcomes = list(found.values())
            fine = sum(is_good(outcome) for outcome in outcomes)
            _say(f"{mode.name}: {len(outcomes)} of {len(points)} points tried, {fine} as promised")
            good.append(bool(outcomes) and fine == len(outcomes))
    return 0 if all(good) else 1


class _Report:
    """``chaos.json``: the command, and of each mode the day, the number of points and the outcomes.

    What another run with the same command left there of other modes stays.
    """

    def __init__(self, path: Path, command: list[str]) -> None:
        self._path = path
        kept = json.loads(path.read_text()) if path.exists() else {}
        self._report: dict[str, Any] = kept if kept.get("command") == command else {"command": command, "modes": {}}

    def found(self, mode: Mode, points: Sequence[Point]) -> dict[Point, Outcome]:
        """What earlier runs found, of the points that there still are."""
        rows = self._report["modes"].get(mode.name, {"outcomes": []})["outcomes"]
        return {outcome.point: outcome for outcome in map(Outcome.kept, rows) if outcome.point in points}

    def keep(self, mode: Mode, points: int, outcomes: Iterable[Outcome]) -> None:
        """Write down what is known of a mode so far."""
        self._report["modes"][mode.name] = {
            "on": date.today().isoformat(),
            "points": points,
            "outcomes": [asdict(each) for each in outcomes],
        }
        self._path.write_text(json.dumps(self._report, indent=1))


def _attacks(chaos: Chaos, places: list[tuple[int, Point]], mode: Mode, budget: float) -> Iterator[Outcome]:
    until, longest = time.monotonic() + budget, 0.0
    for place, point in spread(places):
        if time.monotonic() + longest >= until:
            return
        outcome = chaos.attack(place, point, mode)
        longest = max(longest, outcome.took)
        _say(row(place, outcome))
        for line in outcome.differences[:LINES]:
            _say(f"      {line}")
        for line in outcome.unclear[:LINES]:
            _say(f"      unclear: {line}")
        yield outcome


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
