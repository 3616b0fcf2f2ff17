"""Ours against the stock way: the playbooks in stock/, by modules that PyPI's ``ansible`` bundles.

They are written as by somebody who knows amazon.aws, community.aws and uri well: outputs of a stack are used from its
result, the secret's version is pinned, what exists is compared before it is changed, waiting looks as often as ours
does. What stock modules do not cover, so that the stock way goes without:

- the survey, and gates before the first write (image, certificate, size of the secret, sizes that Fargate has);
- which keys a platform or an add-on owns: a pattern in the inventory says it;
- an image's digest (no module reads ECR's images): the task definition names the tag;
- ``enableECSManagedTags`` of a service (and zone rebalancing, which a new service has anyway);
- why a rollout failed; the way back from one;
- a load balancer that admits Cloudflare alone: it admits everybody; a certificate that is requested: it is given;
- judging a share of traffic: no module reads metrics. So both ways move all traffic in one step here, which ours then
  judges (about 7 s in a rehearsal) and the stock way does not;
- a dry run: ``uri`` skips what it would write, so all that follows fails.

``amazon.aws.cloudformation`` looks at a stack every 5 s, which nobody can set.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from rehearsal.running import SEED
from rehearsal.state.canonical import compare
from tests.bench.document import circumstances, ratio, table
from tests.bench.measure import MAKES_A_VERSION, ROOT, Run, Way, bench, median
from tests.bench.noop import AT_ONCE

PLAYBOOKS = Path(__file__).parent / "stock"
REQUIREMENTS = PLAYBOOKS / "requirements.txt"
STOCK = ROOT / ".cache" / "stock"
START = "start"
SHOWN = 25
"""So many differences between the ends are written down."""
Figure = tuple[str, Callable[[Run], float]]

COST: Sequence[Figure] = (
    ("wall s", lambda run: run.wall),
    ("CPU s", lambda run: run.cpu),
    ("API calls", lambda run: len(run.entries)),
    ("of them reads", lambda run: run.of_kind("read")),
    ("of them writes", lambda run: run.of_kind("write")),
)
AGAIN: Sequence[Figure] = (
    ("changed=", lambda run: run.changed),
    ("secret versions made", lambda run: run.done(*MAKES_A_VERSION)),
    ("task definitions registered", lambda run: run.done("RegisterTaskDefinition")),
)
VISITS: Figure = ("requests of visitors that failed", lambda run: run.failed_visits)


@dataclass(frozen=True)
class Pair:
    """The same thing by both ways: our command, the stock playbook, what both are told by, and what to know of them."""

    title: str
    ours: Sequence[str]
    stock: str
    figures: Sequence[Figure]
    note: str


COPY = Pair(
    "The copy of the config vars: ours and the stock way",
    ["ansible-playbook", "playbooks/copy.yml", "-i", "inventories/rehearsal"],
    "copy.yml",
    COST,
    "Ours also asks Heroku who owns each key, and after a write reads both sides again to see that nothing is left.",
)
MIGRATION = Pair(
    "A whole migration: ours and the stock way",
    AT_ONCE,
    "migrate.yml",
    [*COST, VISITS],
    """Both ways move all traffic in one step, which only ours judges (for about 7 s). Calls and wall clock of the first
run are those of waiting, too: ours looks every 0.5 s in a rehearsal, amazon.aws.cloudformation every 5 s, which nobody
can set. Ours surveys and checks before it writes; stock modules cannot (tests/bench/side_by_side.py says what they
lack).""",
)


@dataclass(frozen=True)
class Measured:
    """The runs of one way, and the state of the world after its first and its second run."""

    first: list[Run]
    second: list[Run]
    ends: list[tuple[Any, Any]]


class StockError(Exception):
    """The stock environment cannot be had; the message says why."""


def stock_environment() -> str:
    """Make the environment of the stock way where it is missing; returns what it consists of.

    Raises:
        StockError: it cannot be had.
    """
    ready = STOCK / "ready"
    if not ready.exists() or ready.read_text() != REQUIREMENTS.read_text():
        print("  making the environment of the stock way in .cache/stock", flush=True)
        _do(sys.executable, "-m", "venv", "--clear", str(STOCK))
        install = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement")
        _do(str(STOCK / "bin" / "python"), *install, str(REQUIREMENTS))
        ready.write_text(REQUIREMENTS.read_text())
    pins = [line for line in REQUIREMENTS.read_text().splitlines() if line.startswith(("ansible==", "boto3=="))]
    return ", ".join(pins)


def _do(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
        raise StockError(f"The stock environment cannot be had, so this part is left out: {said[-1]}") from error


def measure_copy(rounds: int) -> str:
    """The copy of the config vars by both ways, as a section of the document."""
    return _measured(COPY, rounds)


def measure_migration(rounds: int) -> str:
    """The whole migration by both ways, as a section of the document."""
    return _measured(MIGRATION, rounds)


def _certified(path: Path) -> Path:
    """The rehearsal's seed with a certificate that exists, since stock modules request none; returns ``path``."""
    seed = yaml.safe_load(SEED.read_text(encoding="utf-8"))
    seed["aws"]["certificates"] = [seed["visitors"]["host"]]
    path.write_text(yaml.safe_dump(seed, allow_unicode=True), encoding="utf-8")
    return path


def _measured(pair: Pair, rounds: int) -> str:
    pins, load = stock_environment(), os.getloadavg()[0]
    ways = {"ours": Way(pair.ours), "stock": stock_way(pair.stock)}
    measured = {name: Measured([], [], []) for name in ways}
    with TemporaryDirectory() as folder, bench(_certified(Path(folder) / "seed.yml")) as world:
        world.world.order(snapshot=START)
        for number in range(1, rounds + 1):
            print(f"  round {number} of {rounds}", flush=True)
            for name, way in ways.items():
                world.world.order(restore=START)
                measured[name].first.append(world.run(way))
                end = world.world.order(state=True)
                measured[name].second.append(world.run(way))
                measured[name].ends.append((end, world.world.order(state=True)))
    return _report(pair, measured["ours"], measured["stock"], f"{circumstances(rounds, load)} Stock: {pins}.")


def _report(pair: Pair, ours: Measured, stock: Measured, measured: str) -> str:
    return f"""## {pair.title}

{measured}

{pair.note}

{_comparison("first run, from nothing", ours.first, stock.first, pair.figures)}

{_comparison("second run, nothing to do", ours.second, stock.second, [*pair.figures, *AGAIN])}

Writes that the second run tried: ours {_writes(ours.second[0])}; stock {_writes(stock.second[0])}.

{_ends(ours, stock)}
"""


def stock_way(playbook: str, *options: str) -> Way:
    """A playbook of the stock way; its own ansible.cfg keeps our callbacks and collections away."""
    environment = {"ANSIBLE_CONFIG": str(PLAYBOOKS / "ansible.cfg")}
    return Way([str(STOCK / "bin" / "ansible-playbook"), playbook, *options], PLAYBOOKS, environment)


def _comparison(title: str, ours: list[Run], stock: list[Run], figures: Sequence[Figure]) -> str:
    rows = []
    for name, of in figures:
        mine, theirs = median(ours, of), median(stock, of)
        digits = 2 if name.endswith(" s") else 0
        rows.append([name, f"{mine:.{digits}f}", f"{theirs:.{digits}f}", ratio(theirs, mine)])
    return table([title, "ours", "stock", "stock / ours"], rows)


def _writes(run: Run) -> str:
    """The writes of a run by operation and status."""
    tried = Counter(f"{entry.operation} ({entry.status})" for entry in run.entries if entry.kind == "write")
    return ", ".join(f"{count} x {write}" for write, count in sorted(tried.items())) or "none"


def _ends(ours: Measured, stock: Measured) -> str:
    """How far both ways came to the same end, and whether a second run left it alone."""
    found = compare(ours.ends[0][0], stock.ends[0][0])
    told = f"The ends of both ways differ in {len(found)} places (ours -> stock):" if found else "Both ways end alike."
    return "\n\n".join([told + _listed(found), *(_kept(name, of) for name, of in (("Ours", ours), ("Stock", stock)))])


def _kept(name: str, measured: Measured) -> str:
    moved = [compare(first, second) for first, second in measured.ends]
    told = f"{name}: the second run left the world as it was in {moved.count([])} of {len(moved)} rounds."
    return told + _listed(next((each for each in moved if each), []))


def _listed(differences: Sequence[str]) -> str:
    """Differences as a list, after a sentence; nothing where there are none."""
    if not differences:
        return ""
    lines = [f"- `{line.replace('`', '')}`" for line in differences[:SHOWN]]
    more = [f"- and {len(differences) - SHOWN} more"] if len(differences) > SHOWN else []
    return "\n\n" + "\n".join([*lines, *more])
