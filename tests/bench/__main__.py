"""``make bench``: what a no-change run of migrate.yml costs, and where the time goes, against a plain script.

Everything is measured in one world, in turn, several times; medians and ratios go to the screen and to
docs/benchmarks.md. Nothing here asserts a time.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from rehearsal.home import REQUESTS
from rehearsal.requestlog import Entry, read_log
from rehearsal.running import SEED, RunningWorld, running_world

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "benchmarks.md"
MIGRATE = ["ansible-playbook", "migrate.yml", "-i", "inventories/rehearsal"]
START_UP = ["ansible-playbook", "tests/bench/empty.yml", "-i", "inventories/rehearsal"]
PLAIN = [sys.executable, "-m", "tests.bench.plain"]
ROUNDS = 5


@dataclass(frozen=True)
class Run:
    """One measured command: seconds of wall clock, of CPU (with children), and inside the APIs; and what it asked."""

    wall: float
    cpu: float
    api: float
    calls: Counter[str]
    writes: int


class Bench:
    """Runs commands in a world and reads the request log for what they asked."""

    def __init__(self, world: RunningWorld, home: Path) -> None:
        self._log = home / REQUESTS
        self._environment = {**world.tool_environment(), "OFFRAMP_LEDGER": str(home / "ledger")}

    def run(self, command: list[str]) -> Run:
        """Run a command to its end; it must succeed."""
        seen, before, started = len(self._entries()), os.times(), time.monotonic()
        ran = subprocess.run(command, cwd=ROOT, env=self._environment, capture_output=True, text=True, check=False)
        wall, after = time.monotonic() - started, os.times()
        if ran.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{ran.stdout[-4000:]}{ran.stderr[-2000:]}")
        asked = self._entries()[seen:]
        return Run(
            wall=wall,
            cpu=after.children_user + after.children_system - before.children_user - before.children_system,
            api=sum(entry.took for entry in asked),
            calls=Counter(f"{entry.service} {entry.operation}" for entry in asked),
            writes=sum(entry.kind == "write" for entry in asked),
        )

    def _entries(self) -> list[Entry]:
        return list(read_log(self._log))


def main() -> None:
    """Measure, print and write the table down."""
    with tempfile.TemporaryDirectory() as folder, running_world(SEED, Path(folder)) as world:
        bench = Bench(world, Path(folder))
        print("Moving the app first ...", flush=True)
        bench.run(MIGRATE)
        runs: dict[str, list[Run]] = {"migrate": [], "start-up": [], "plain": []}
        for number in range(1, ROUNDS + 1):
            print(f"Round {number} of {ROUNDS} ...", flush=True)
            for name, command in (("migrate", MIGRATE), ("start-up", START_UP), ("plain", PLAIN)):
                runs[name].append(bench.run(command))
    text = report(runs)
    TABLE.write_text(text)
    print(text)


def report(runs: dict[str, list[Run]]) -> str:
    """The table as Markdown."""
    wall = {name: statistics.median(run.wall for run in of) for name, of in runs.items()}
    cpu = {name: statistics.median(run.cpu for run in of) for name, of in runs.items()}
    api = statistics.median(run.api for run in runs["migrate"])
    ours = wall["migrate"] - wall["start-up"] - api
    migrate, plain = runs["migrate"][0], runs["plain"][0]
    return f"""# Benchmarks

Written by `make bench`. Medians of {ROUNDS} runs in turn, in one rehearsal world with its visitors at work on the same
machine: {platform.system()} on {os.cpu_count()} cores, Python {platform.python_version()}, bytecode compiled; load at
the end {os.getloadavg()[0]:.1f}. Ratios say more than seconds.

## A run of migrate.yml with nothing to do, for one app

| what | wall s | CPU s |
|---|---|---|
| whole run | {wall["migrate"]:.2f} | {cpu["migrate"]:.2f} |
| of it start-up (a run of one play without tasks) | {wall["start-up"]:.2f} | {cpu["start-up"]:.2f} |
| of it inside the APIs ({migrate.calls.total()} calls, {migrate.writes} writes) | {api:.2f} | |
| of it ours (the rest) | {ours:.2f} | |
| the same reads by a plain script ({plain.calls.total()} calls) | {wall["plain"]:.2f} | {cpu["plain"]:.2f} |

The whole run takes {wall["migrate"] / wall["plain"]:.1f} times as long as the plain script; without start-up
{(wall["migrate"] - wall["start-up"]) / wall["plain"]:.1f} times.
{_difference(migrate.calls, plain.calls)}
"""


def _difference(ours: Counter[str], plain: Counter[str]) -> str:
    """Which calls only one side made; the baseline is honest only as far as they are the same."""
    more = ", ".join(f"{count} x {call}" for call, count in sorted((ours - plain).items())) or "none"
    fewer = ", ".join(f"{count} x {call}" for call, count in sorted((plain - ours).items())) or "none"
    return f"Calls that only our run made: {more}. Calls that only the script made: {fewer}."


if __name__ == "__main__":
    main()
