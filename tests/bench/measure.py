"""Runs commands in a rehearsal world and says what each cost and what it asked of the vendors."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from rehearsal.home import REQUESTS, VISITORS
from rehearsal.requestlog import Entry, read_log
from rehearsal.running import RunningWorld, running_world
from rehearsal.seed import Visitors, load_seed
from rehearsal.visits import Visits, count_visits

ROOT = Path(__file__).resolve().parents[2]
CHANGED = re.compile(r"\bchanged=(\d+)")
MAKES_A_VERSION = ("CreateSecret", "PutSecretValue", "UpdateSecret")


@dataclass(frozen=True)
class Way:
    """How something is done: a command, where it is run, and what it needs in its environment."""

    command: Sequence[str]
    folder: Path = ROOT
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One measured command: seconds of wall clock, of CPU (with children), and inside the APIs; and what it did.

    ``code`` is its exit code, ``said`` all that it printed.
    """

    wall: float
    cpu: float
    entries: Sequence[Entry]
    changed: int
    failed_visits: int
    code: int
    said: str

    @property
    def api(self) -> float:
        """Seconds inside the APIs."""
        return sum(entry.took for entry in self.entries)

    @property
    def calls(self) -> Counter[str]:
        """Calls by service and operation."""
        return Counter(f"{entry.service} {entry.operation}" for entry in self.entries)

    def of_kind(self, kind: str) -> int:
        """How many calls were reads, writes or previews."""
        return sum(entry.kind == kind for entry in self.entries)

    def of_service(self, service: str) -> int:
        """How many calls went to a vendor."""
        return sum(entry.service == service for entry in self.entries)

    def done(self, *operations: str) -> int:
        """How many calls of these operations succeeded."""
        return sum(entry.operation in operations and entry.status < 300 for entry in self.entries)

    @property
    def throttled(self) -> int:
        """Calls that were refused for a rate limit."""
        return sum(entry.status == 429 for entry in self.entries)


class Bench:
    """One world, in which commands are run one after the other."""

    def __init__(self, world: RunningWorld, home: Path, visitors: Visitors | None) -> None:
        self.world, self._home, self._visitors = world, home, visitors
        self._environment = {
            **world.tool_environment(),
            "OFFRAMP_LEDGER": str(home / "ledger"),
            "ANSIBLE_FORCE_COLOR": "0",
        }

    def run(self, way: Way) -> Run:
        """Run a command to its end; it must succeed."""
        ran = self.attempt(way)
        if ran.code:
            raise SystemExit(f"{' '.join(way.command)} failed:\n{ran.said[-6000:]}")
        return ran

    def attempt(self, way: Way) -> Run:
        """Run a command to its end, whatever that is."""
        seen, visits = len(self._entries()), self._visits()
        before, started = os.times(), time.monotonic()
        ran = subprocess.run(
            way.command,
            cwd=way.folder,
            env={**self._environment, **way.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        wall, after = time.monotonic() - started, os.times()
        return Run(
            wall=wall,
            cpu=after.children_user + after.children_system - before.children_user - before.children_system,
            entries=self._entries()[seen:],
            changed=sum(int(count) for count in CHANGED.findall(ran.stdout)),
            failed_visits=self._visits().failed - visits.failed,
            code=ran.returncode,
            said=ran.stdout + ran.stderr,
        )

    def _entries(self) -> list[Entry]:
        return list(read_log(self._home / REQUESTS))

    def _visits(self) -> Visits:
        """What the visitors have counted; they pause until the last answer has come."""
        if self._visitors is None:
            return Visits(0, 0, {}, {})
        self.world.visit(0)
        counted = count_visits(self._home / VISITORS)
        self.world.visit(self._visitors.rate)
        return counted


@contextmanager
def bench(seed: Path) -> Iterator[Bench]:
    """A world of a seed to measure in."""
    with TemporaryDirectory() as folder, running_world(seed, Path(folder)) as world:
        yield Bench(world, Path(folder), load_seed(seed).visitors)


def median(runs: Iterable[Run], of: Callable[[Run], float]) -> float:
    """The median of a figure over several runs."""
    return statistics.median(of(run) for run in runs)
