"""What a no-change run of migrate.yml costs, and where the time goes, against a plain script's reads."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from rehearsal.running import SEED
from tests.bench.document import circumstances, ratio, table
from tests.bench.measure import Run, Way, bench, median

MIGRATE = ["ansible-playbook", "migrate.yml", "-i", "inventories/rehearsal"]
AT_ONCE = [*MIGRATE, "-e", '{"shift_steps": [100]}']
"""The migration with all traffic moved in one step, judged once."""
WAYS = {
    "migrate": Way(MIGRATE),
    "start-up": Way(["ansible-playbook", "tests/bench/empty.yml", "-i", "inventories/rehearsal"]),
}


def measure(rounds: int) -> str:
    """Measure, and tell it as a section of the document."""
    load = os.getloadavg()[0]
    with TemporaryDirectory() as folder, bench(SEED) as world:
        world.run(Way(AT_ONCE))
        ways = {**WAYS, "plain": _plain(world.run(WAYS["migrate"]), Path(folder) / "calls.json")}
        runs: dict[str, list[Run]] = {name: [] for name in ways}
        for number in range(1, rounds + 1):
            print(f"  round {number} of {rounds}", flush=True)
            for name, way in ways.items():
                runs[name].append(world.run(way))
    return _report(runs, circumstances(rounds, load))


def _plain(run: Run, path: Path) -> Way:
    """The script that makes the same calls as a run, which are told to it by a file."""
    path.write_text(json.dumps([(entry.service, entry.operation, entry.target) for entry in run.entries]))
    return Way([sys.executable, "-m", "tests.bench.plain", str(path)])


def _report(runs: dict[str, list[Run]], measured: str) -> str:
    wall = {name: median(of, lambda run: run.wall) for name, of in runs.items()}
    cpu = {name: median(of, lambda run: run.cpu) for name, of in runs.items()}
    api = median(runs["migrate"], lambda run: run.api)
    migrate, plain = runs["migrate"][0], runs["plain"][0]
    rows = [
        ["whole run", f"{wall['migrate']:.2f}", f"{cpu['migrate']:.2f}"],
        ["of it start-up (a run of one play without tasks)", f"{wall['start-up']:.2f}", f"{cpu['start-up']:.2f}"],
        [f"of it inside the APIs ({len(migrate.entries)} calls, {migrate.of_kind('write')} writes)", f"{api:.2f}", ""],
        ["of it ours (the rest)", f"{wall['migrate'] - wall['start-up'] - api:.2f}", ""],
        [
            f"the same reads by a plain script ({len(plain.entries)} calls)",
            f"{wall['plain']:.2f}",
            f"{cpu['plain']:.2f}",
        ],
    ]
    return f"""## A run of migrate.yml with nothing to do, for one app

{measured}

{table(["what", "wall s", "CPU s"], rows)}

The whole run takes {ratio(wall["migrate"], wall["plain"])} times as long as the plain script; without start-up
{ratio(wall["migrate"] - wall["start-up"], wall["plain"])} times.
Calls that only our run made: {_more(migrate.calls, plain.calls)}. Calls that only the script made:
{_more(plain.calls, migrate.calls)}.
"""


def _more(some: Counter[str], others: Counter[str]) -> str:
    """Which calls only one side made; the baseline is honest only as far as they are the same."""
    return ", ".join(f"{count} x {call}" for call, count in sorted((some - others).items())) or "none"
