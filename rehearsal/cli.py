"""The rehearsal's command line: ``up``, ``run -- COMMAND``, ``log`` and ``visits``."""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from rehearsal.children import REPOSITORY, Json, Worker
from rehearsal.home import REQUESTS, VISITORS
from rehearsal.requestlog import read_log
from rehearsal.visits import count_visits

SEED = REPOSITORY / "rehearsal" / "seeds" / "bond-server.yml"
LAST = REPOSITORY / ".rehearsal"
"""The home of the last world, unless ``--home`` or REHEARSAL_HOME says otherwise."""
START_S = 90.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class WorldError(Exception):
    """The world could not be started; the message says why."""


class RunningWorld:
    """A world in a process of its own, on this process's leash."""

    def __init__(self, worker: Worker, environment: Mapping[str, str]) -> None:
        self._worker = worker
        self.environment = dict(environment)

    def visit(self, rate: float) -> None:
        """Let the visitors come at ``rate`` requests a second; with 0 this returns when every answer was counted."""
        self._worker.send({"visit": rate})

    def tool_environment(self) -> dict[str, str]:
        """Our own environment with this world's in it, and without AWS settings that lead elsewhere."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {**kept, **self.environment}


@contextmanager
def running_world(seed: Path, home: Path) -> Iterator[RunningWorld]:
    """A world from ``seed`` that ends with the block (and with this process, however that ends).

    Raises:
        WorldError: the seed cannot be used, or the world did not come up.
    """
    home.mkdir(parents=True, exist_ok=True)
    log = home / "world.log"
    worker = Worker("rehearsal.world", on_report=_ignore, log=log, within=START_S)
    try:
        about = worker.start({"seed": str(seed.resolve()), "home": str(home.resolve())})
        if "mistake" in about:
            raise WorldError(about["mistake"])
        yield RunningWorld(worker, about["environment"])
    finally:
        worker.stop()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.does(options)
    except WorldError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rehearsal", description="A local world with live traffic.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    home = argparse.ArgumentParser(add_help=False)
    home.add_argument(
        "--home",
        type=Path,
        default=Path(os.environ.get("REHEARSAL_HOME", LAST)),
        help="folder for the world's logs (default: REHEARSAL_HOME, else .rehearsal in the checkout)",
    )
    world = argparse.ArgumentParser(add_help=False, parents=[home])
    world.add_argument("--seed", type=Path, default=SEED, help="seed file (default: %(default)s)")
    world.add_argument("--env-file", type=Path, help="write the world's environment there, for `set -a; . FILE`")
    up = commands.add_parser("up", parents=[world], help="start a world and keep it until Ctrl-C")
    up.set_defaults(does=_up)
    run = commands.add_parser("run", parents=[world], help="start a world, run a command in it, end the world")
    run.add_argument("command", nargs="+", metavar="-- CMD")
    run.set_defaults(does=_run)
    log = commands.add_parser("log", parents=[home], help="print the API requests of the last world")
    log.add_argument("--writes", action="store_true", help="only the writes")
    log.set_defaults(does=_log)
    visits = commands.add_parser("visits", parents=[home], help="print what the visitors of the last world counted")
    visits.set_defaults(does=_visits)
    return parser


def _up(options: argparse.Namespace) -> int:
    with running_world(options.seed, options.home) as world:
        _write_environment(world, options.env_file)
        print("\n".join(_exports(world.environment)))
        print("# The world is up. Ctrl-C ends it.", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
    return 0


def _run(options: argparse.Namespace) -> int:
    with running_world(options.seed, options.home) as world:
        _write_environment(world, options.env_file)
        command = subprocess.Popen(options.command, env=world.tool_environment(), preexec_fn=_end_with_us)
        try:
            return command.wait()
        except KeyboardInterrupt:
            return command.wait()


def _log(options: argparse.Namespace) -> int:
    path = options.home / REQUESTS
    if not path.exists():
        raise WorldError(f"There is no request log at {path}: start a world first, or name its folder with --home.")
    for entry in read_log(path):
        if entry.kind == "write" or not options.writes:
            print(
                f"{entry.at:.3f} {entry.kind:7} {entry.status} {entry.service:10} "
                f"{entry.operation} {entry.target} [{entry.caller}]"
            )
    return 0


def _visits(options: argparse.Namespace) -> int:
    path = options.home / VISITORS
    if not path.exists():
        raise WorldError(f"There are no visits at {path}: start a world first, or name its folder with --home.")
    print(json.dumps(asdict(count_visits(path))))
    return 0


def _write_environment(world: RunningWorld, path: Path | None) -> None:
    if path is None:
        return
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write("\n".join(_exports(world.environment)) + "\n")
    Path(file.name).replace(path)  # whoever waits for the file finds it whole


def _exports(environment: Mapping[str, str]) -> list[str]:
    return [f"{name}={shlex.quote(value)}" for name, value in sorted(environment.items())]


def _end_with_us() -> None:
    """The command gets SIGTERM when this process dies, even by SIGKILL (Linux; elsewhere it would live on)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _ignore(_: Json) -> None:
    """A world reports nothing; what it has to tell is in its home."""
