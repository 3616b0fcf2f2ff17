"""``make rehearse``: a whole migration of a live app, told as it happens and judged at the end.

Runs what a user would type, in a world with visitors, and then looks at the world itself: the request log, the
visitors' counters, and the apps' own digests of their configuration. Its judgement goes to ``story.json`` as well.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx

from rehearsal.home import NAMES, REQUESTS, VISITORS
from rehearsal.requestlog import read_log
from rehearsal.running import LAST, SEED, RunningWorld, WorldError, running_world
from rehearsal.seed import load_seed
from rehearsal.visits import Visits, count_visits

PLAYBOOK = ["ansible-playbook", "migrate.yml", "-i", "inventories/rehearsal"]
SET_BY_THE_RELEASE = {"APP_VERSION"}
"""What roles/release adds to the configuration (release_environment)."""
CHANGED = re.compile(r"\bchanged=(\d+)")


@dataclass(frozen=True)
class Act:
    """One command of the story and what it did. ``took`` in seconds."""

    title: str
    code: int
    took: float
    writes: int
    previews: int
    changed: int
    changes: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Digests:
    """The configuration of both sides, compared by keyed digests that the running apps answered with."""

    equal: list[str]
    differ: list[str]
    only_heroku: list[str]
    only_aws: list[str]


@dataclass(frozen=True)
class Judgement:
    """The whole story in numbers; ``faults`` says in sentences what should have been otherwise."""

    acts: list[Act]
    visits: Visits
    digests: Digests
    faults: list[str]


class Stage:
    """Runs the acts in a world and measures each by the request log and the ledger."""

    def __init__(self, world: RunningWorld, home: Path) -> None:
        self._home = home
        self._environment = {
            **world.tool_environment(),
            "OFFRAMP_LEDGER": str(home / "ledger"),
            "ANSIBLE_FORCE_COLOR": "1" if sys.stdout.isatty() else "0",
        }

    def act(self, title: str, *options: str) -> Act:
        """Run the migration with options; its output goes to the screen as it comes."""
        print(f"\n=== {title}\n    {' '.join([*PLAYBOOK, *options])}\n", flush=True)
        before, ledgers, started = self._calls(), self._ledgers(), time.monotonic()
        process = subprocess.Popen(
            [*PLAYBOOK, *options], env=self._environment, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        assert process.stdout is not None
        changed = 0
        for line in process.stdout:
            print(line, end="", flush=True)
            changed += sum(int(count) for count in CHANGED.findall(line))
        calls = self._calls() - before
        return Act(
            title=title,
            code=process.wait(),
            took=round(time.monotonic() - started, 1),
            writes=calls["write"],
            previews=calls["preview"],
            changed=changed,
            changes=_changes(self._ledgers() - ledgers),
        )

    def _calls(self) -> Counter[str]:
        return Counter(entry.kind for entry in read_log(self._home / REQUESTS))

    def _ledgers(self) -> set[Path]:
        return set((self._home / "ledger").glob("*.jsonl"))


def main() -> int:
    """Tell the story; returns 0 when everything was as promised."""
    parser = argparse.ArgumentParser(prog="story", description=__doc__)
    parser.add_argument("--seed", type=Path, default=SEED)
    parser.add_argument("--home", type=Path, default=Path(os.environ.get("REHEARSAL_HOME", LAST)))
    options = parser.parse_args()
    started = time.monotonic()
    try:
        with running_world(options.seed, options.home) as world:
            print(f"A world is up: visitors come to {load_seed(options.seed).visitors}.", flush=True)
            judgement = tell(world, options.seed, options.home)
    except WorldError as error:
        print(error, file=sys.stderr)
        return 2
    (options.home / "story.json").write_text(json.dumps(asdict(judgement), indent=1))
    _print(judgement, time.monotonic() - started)
    return 1 if judgement.faults else 0


def tell(world: RunningWorld, seed: Path, home: Path) -> Judgement:
    """The acts, the visitors' count and the digests of both sides."""
    stage = Stage(world, home)
    acts = [
        stage.act("What would happen: a dry run from a fresh world", "--check", "--diff"),
        stage.act("The migration"),
        stage.act("The same again: nothing is left to do"),
    ]
    digests = compare_digests(world.environment, home, seed)
    world.visit(0)
    visits = count_visits(home / VISITORS)
    return Judgement(acts, visits, digests, faults(acts, visits, digests))


def faults(acts: list[Act], visits: Visits, digests: Digests) -> list[str]:
    """What is not as promised, in sentences; empty for a good migration."""
    dry, real, again = acts
    found = [f"'{act.title}' ended with exit code {act.code}." for act in acts if act.code != 0]
    if dry.writes:
        found.append(f"The dry run made {dry.writes} writes.")
    if planned := _missing(dry.changes, real.changes):
        found.append(f"The dry run planned what the real run did not do: {planned}.")
    if unplanned := _missing(real.changes, dry.changes):
        found.append(f"The real run did what the dry run had not planned: {unplanned}.")
    if again.writes or again.changed:
        found.append(f"The second run made {again.writes} writes and reported changed={again.changed}.")
    if visits.failed or not visits.requests:
        found.append(f"{visits.failed} of {visits.requests} requests failed: {visits.reasons}.")
    if not visits.sides.get("aws"):
        found.append("No visitor was served by AWS.")
    if digests.differ or not digests.equal:
        found.append(f"The configurations differ: {digests.differ}.")
    if strangers := set(digests.only_aws) - SET_BY_THE_RELEASE:
        found.append(f"The app on AWS has configuration that nobody gave it: {sorted(strangers)}.")
    return found


def compare_digests(environment: Mapping[str, str], home: Path, seed: Path) -> Digests:
    """Ask the app on both sides, past the edge, for the digests of its configuration."""
    names: dict[str, dict[str, int]] = json.loads((home / NAMES).read_text())
    visitors = load_seed(seed).visitors
    assert visitors is not None, "a story needs visitors"
    sides = {}
    for side, suffix in (("heroku", ".herokudns.com"), ("aws", ".elb.amazonaws.com")):
        ports = [ports["443"] for name, ports in names.items() if name.endswith(suffix)]
        sides[side] = _digests(visitors.host, ports[0], environment["REHEARSAL_CA"]) if ports else {}
    heroku, aws = sides["heroku"], sides["aws"]
    both = sorted(set(heroku) & set(aws))
    return Digests(
        equal=[key for key in both if heroku[key] == aws[key]],
        differ=[key for key in both if heroku[key] != aws[key]],
        only_heroku=sorted(set(heroku) - set(aws)),
        only_aws=sorted(set(aws) - set(heroku)),
    )


def _digests(host: str, port: int, ca: str) -> dict[str, str]:
    url = f"https://127.0.0.1:{port}/config-digest"
    with httpx.Client(verify=ssl.create_default_context(cafile=ca)) as client:
        answer = client.get(url, headers={"Host": host}, extensions={"sni_hostname": host})
    digests: dict[str, str] = answer.raise_for_status().json()
    return digests


def _changes(ledgers: set[Path]) -> list[tuple[str, str]]:
    """(verb, target) of each change in the ledgers, the ramp's own steps left out: they depend on how it goes."""
    lines = [json.loads(line) for path in sorted(ledgers) for line in path.read_text().splitlines()]
    return [(line["verb"], line["target"]) for line in lines if line["entry"] == "change" and line["verb"] != "shift"]


def _missing(some: list[tuple[str, str]], others: list[tuple[str, str]]) -> list[str]:
    return [f"{verb} {target}" for verb, target in sorted((Counter(some) - Counter(others)).elements())]


def _print(judgement: Judgement, took: float) -> None:
    visits, digests = judgement.visits, judgement.digests
    print("\n=== The end")
    for act in judgement.acts:
        print(f"  {act.title}: exit code {act.code}, changed={act.changed}, {act.writes} writes, {act.took} s")
    served = ", ".join(f"{count} by {side}" for side, count in sorted(visits.sides.items()))
    print(f"  requests {visits.requests}, failed {visits.failed} ({served})")
    print(f"  configuration digests: {len(digests.equal)} equal, {len(digests.differ)} differ")
    for side, keys in (("Heroku", digests.only_heroku), ("AWS", digests.only_aws)):
        print(f"  only on {side}: {', '.join(keys) or 'none'}")
    print(f"  whole story: {took:.0f} s")
    for fault in judgement.faults:
        print(f"  FAULT: {fault}")
    print("  Everything is as promised." if not judgement.faults else "  Not everything is as promised.")


if __name__ == "__main__":
    sys.exit(main())
