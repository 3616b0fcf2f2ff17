"""One run of ours for 1, 10 and 50 apps: what each app more costs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rehearsal.heroku.protocol import CALLS_PER_HOUR
from tests.bench.document import circumstances, ratio, table
from tests.bench.many import CONFIG_VARS, write_inventory, write_seed
from tests.bench.measure import Run, Way, bench, median

COPY = ("playbooks/survey.yml", "playbooks/copy.yml")
STAND = ("playbooks/survey.yml", "playbooks/provision.yml", "playbooks/copy.yml", "playbooks/release.yml")
START = "start"
COLUMNS = ("wall s", "CPU s", "API calls", "writes", "wall s per app", "calls per app", "wall / one app")


@dataclass(frozen=True)
class Job:
    """Playbooks for so many apps in one run. The first run is measured once unless ``each_from_start``."""

    playbooks: Sequence[str]
    apps: int
    each_from_start: bool = True


JOBS = (
    Job(COPY, 1),
    Job(COPY, 10),
    Job(COPY, 50, each_from_start=False),
    Job(STAND, 1, each_from_start=False),
    Job(STAND, 10, each_from_start=False),
)
Runs = tuple[list[Run], list[Run]]
"""First and second runs."""


def measure(rounds: int) -> str:
    """Measure, and tell it as a section of the document."""
    load, done = os.getloadavg()[0], {}
    for job in JOBS:
        print(f"  {job.apps} apps, {len(job.playbooks)} playbooks", flush=True)
        done[job] = _runs(job, rounds)
    return _report(done, circumstances(rounds, load))


def _runs(job: Job, rounds: int) -> Runs:
    """In a world of its own, since Heroku's limit of calls counts what came before."""
    with TemporaryDirectory() as folder:
        inventory = write_inventory(job.apps, Path(folder) / "hosts.yml")
        command = ["ansible-playbook", *job.playbooks, "-i", str(inventory)]
        first: list[Run] = []
        second: list[Run] = []
        with bench(write_seed(job.apps, Path(folder) / "seed.yml")) as world:
            world.world.order(snapshot=START)
            for _ in range(rounds):
                if job.each_from_start or not first:
                    world.world.order(restore=START)
                    first.append(world.run(Way(command)))
                second.append(world.run(Way(command)))
    return first, second


def _report(done: dict[Job, Runs], measured: str) -> str:
    runs = [run for pair in done.values() for of in pair for run in of]
    throttled, most = sum(run.throttled for run in runs), max(run.of_service("heroku") for run in runs)
    return f"""## 1, 10 and 50 apps in one run

{measured} Apps of {CONFIG_VARS} config vars, without dynos and tasks; 5 forks, as
ansible.cfg leaves them. The first run of 50 apps is measured once.

{_rows("survey and copy, first run", COPY, done, 0)}

{_rows("survey and copy, second run", COPY, done, 1)}

{_rows("survey, provision, copy and release, nothing to do", STAND, done, 1)}

Calls that a rate limit refused: {throttled}. The most calls to Heroku in one run: {most}, of {CALLS_PER_HOUR} an hour.
"""


def _rows(title: str, playbooks: Sequence[str], done: dict[Job, Runs], place: int) -> str:
    """A table of the first (0) or second (1) runs of these playbooks."""
    runs_of = {job.apps: runs[place] for job, runs in done.items() if job.playbooks == playbooks}
    rows = []
    for apps, runs in runs_of.items():
        wall, cpu = median(runs, lambda run: run.wall), median(runs, lambda run: run.cpu)
        calls, writes = median(runs, lambda run: len(run.entries)), median(runs, lambda run: run.of_kind("write"))
        row = [str(apps), f"{wall:.1f}", f"{cpu:.1f}", f"{calls:.0f}", f"{writes:.0f}"]
        beside_one = ratio(wall, median(runs_of[1], lambda run: run.wall))
        rows.append([*row, f"{wall / apps:.2f}", f"{calls / apps:.1f}", beside_one])
    return table([f"{title}: apps", *COLUMNS], rows)
