"""A world full of canaries, and the steps of a migration in it."""

from __future__ import annotations

import compileall
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from rehearsal.running import RunningWorld, running_world
from tests.leaks import canaries
from tests.leaks.keeper import ROOT, Keeper, Ran
from tests.leaks.meddler import Meddle, meddler

BIN = Path(sys.executable).parent
INSTALLED = [
    *("ansible.cfg", "galaxy.yml", "migrate.yml"),
    *("ansible_collections", "inventories", "meta", "playbooks", "plugins", "roles"),
]
"""What of the checkout a run needs; the seed with its values is not among it."""


@dataclass(frozen=True)
class Meddling:
    """A proxy before the vendor whose address the variable holds; ``about`` is text of the requests it spoils."""

    variable: str
    meddle: Meddle
    about: str = ""


@dataclass(frozen=True)
class Step:
    """One command in the world.

    Attributes:
        name: what is done, for the report.
        arguments: of ansible-playbook; for a step by ansible-runner those after the playbook.
        says: what its output must have, or the step did not do what it is here for.
        fails: whether it must fail.
        environment: more variables.
        faults: rules for the stand-ins, see docs/rehearsal.md.
        meddling: what a proxy does meanwhile.
        sabotage: text of the module secret_bundle and what takes its place.
        runner: whether ansible-runner runs it, as AWX does.
        first: what is done before.
    """

    name: str
    arguments: tuple[str, ...]
    says: tuple[str, ...] = ()
    fails: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[Mapping[str, Any], ...] = ()
    meddling: Meddling | None = None
    sabotage: tuple[str, str] | None = None
    runner: bool = False
    first: Callable[[Place], None] = lambda place: None


class Place:
    """A running world with a keeper, and the collection installed in a folder that is scanned."""

    def __init__(self, keeper: Keeper, world: RunningWorld, environment: Mapping[str, str]) -> None:
        self.keeper, self._world = keeper, world
        self._environment = {**environment, **keeper.environment()}
        self._installed = install(keeper.folder("installed"))

    def take(self, step: Step) -> Ran:
        """Run a step.

        Raises:
            AssertionError: it did not do what it is here for.
        """
        step.first(self)
        self._world.order(faults=list(step.faults))
        with ExitStack() as meanwhile:
            environment = {**self._environment, **step.environment}
            if step.meddling is not None:
                spoiled = step.meddling
                address = meddler(environment[spoiled.variable], spoiled.meddle, spoiled.about)
                environment[spoiled.variable] = meanwhile.enter_context(address)
            cwd = self._sabotaged(*step.sabotage) if step.sabotage else self._installed
            environment["ANSIBLE_CONFIG"] = str(cwd / "ansible.cfg")  # make names that of the checkout
            ran = self.keeper.run(self._command(step, cwd), cwd, environment, lambda it: self._world.order(run=it))
        self._world.order(faults=[])
        _check(step, ran)
        return ran

    def rotate(self, key: str, value: str) -> None:
        """Set another value for a config var at Heroku; it is looked for, too."""
        self.keeper.look_for(config={f"{key} set later": value})
        url = f"{self._environment['HEROKU_API_URL']}/apps/{canaries.APP}/config-vars"
        headers = {
            "Accept": "application/vnd.heroku+json; version=3",
            "Authorization": f"Bearer {self._environment['HEROKU_API_KEY']}",
        }
        httpx.patch(url, json={key: value}, headers=headers).raise_for_status()

    def _command(self, step: Step, cwd: Path) -> list[str | Path]:
        if not step.runner:
            return [BIN / "ansible-playbook", "-i", "inventories/rehearsal", "-vvvv", "--diff", *step.arguments]
        playbook, *options = step.arguments
        where = ["--project-dir", str(cwd), "--inventory", str(cwd / "inventories" / "rehearsal")]
        more = " ".join(["-vvvv", "--diff", *options])
        return [
            BIN / "ansible-runner",
            "run",
            self.keeper.folder("runner"),
            "-p",
            playbook,
            *where,
            f"--cmdline={more}",
        ]

    def _sabotaged(self, text: str, other: str) -> Path:
        """The collection once more, with a fault of our own in the module that holds the values."""
        copy = install(self.keeper.folder(f"sabotaged-{len(list(self.keeper.scanned.glob('sabotaged-*')))}"))
        module = copy / "plugins" / "modules" / "secret_bundle.py"
        source = module.read_text(encoding="utf-8")
        assert source.count(text) == 1, text
        module.write_text(source.replace(text, other), encoding="utf-8")
        return copy


def _check(step: Step, ran: Ran) -> None:
    shown = ran.told[-3000:]
    assert (ran.code != 0) == step.fails, f"{step.name}: exit code {ran.code}\n{shown}"
    for words in step.says:
        assert words in ran.told, f"{step.name} does not say {words!r}\n{shown}"


def install(into: Path) -> Path:
    """Copy the collection and the inventory, compiled."""
    for name in INSTALLED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, into / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, into / name)
    compileall.compile_dir(into / "plugins", quiet=2)
    return into


@contextmanager
def place(root: Path) -> Iterator[Place]:
    """A world full of canaries, in an empty folder; its processes are watched until the block ends."""
    seed = root / "seed.yml"
    keeper = Keeper(root)
    keeper.look_for(config=canaries.seed_with_canaries(seed))
    with ExitStack() as all_of_it:
        all_of_it.enter_context(keeper.watching())
        world = all_of_it.enter_context(running_world(seed, keeper.folder("world")))
        environment = {**world.tool_environment(), **canaries.aws_credentials()}
        keeper.look_for(credentials=canaries.credentials_in(environment))
        yield Place(keeper, world, environment)
