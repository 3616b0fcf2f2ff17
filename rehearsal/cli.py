"""The rehearsal's command line, see docs/rehearsal.md."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from rehearsal import chaos, findings
from rehearsal.ailments import AilmentError, read_ailments
from rehearsal.control import ControlError, ask
from rehearsal.faults import FaultError, Rule, load_faults
from rehearsal.findings import FindingsError
from rehearsal.home import REQUESTS, VISITORS
from rehearsal.requestlog import read_log
from rehearsal.running import LAST, SEED, RunningWorld, WorldError, end_with_us, running_world, wait_for_the_end
from rehearsal.visits import count_visits


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.does(options)
    except (WorldError, ControlError, FaultError, FindingsError, AilmentError) as error:
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
    world.add_argument("--faults", type=Path, metavar="FILE", help="rules for what goes wrong (rehearsal/faults.py)")
    world.add_argument("--env-file", type=Path, help="write the world's environment there, for `set -a; . FILE`")
    up = commands.add_parser("up", parents=[world], help="start a world and keep it until Ctrl-C")
    up.add_argument(
        "--with",
        type=int,
        dest="owner",
        metavar="PID",
        default=os.environ.get("REHEARSAL_WITH"),
        help="end when that process has ended, however it did (default: REHEARSAL_WITH)",
    )
    up.set_defaults(does=_up)
    run = commands.add_parser("run", parents=[world], help="start a world, run a command in it, end the world")
    run.add_argument("command", nargs="+", metavar="-- CMD")
    run.set_defaults(does=_run)
    state = commands.add_parser("state", parents=[home], help="print all that a running world holds, for comparing")
    state.set_defaults(does=_state)
    snapshot = commands.add_parser("snapshot", parents=[home], help="let a running world keep a copy of its state")
    snapshot.set_defaults(does=_snapshot)
    restore = commands.add_parser("restore", parents=[home], help="let a running world be as in its copy")
    restore.set_defaults(does=_restore)
    for command in (snapshot, restore):
        command.add_argument("name", nargs="?", default="snapshot", help="the copy's name (default: %(default)s)")
    ail = commands.add_parser("ail", parents=[home], help="let the platforms of a running world ail, or be well again")
    ail.add_argument(
        "ailments", nargs="?", default="{}", help="as YAML: '{aws: {errors: 0.2}}' (default: all are well)"
    )
    ail.set_defaults(does=_ail)
    chaos.add_command(commands, home)
    findings.add_command(commands)
    log = commands.add_parser("log", parents=[home], help="print the API requests of the last world")
    log.add_argument("--writes", action="store_true", help="only the writes")
    log.set_defaults(does=_log)
    visits = commands.add_parser("visits", parents=[home], help="print what the visitors of the last world counted")
    visits.set_defaults(does=_visits)
    return parser


def _up(options: argparse.Namespace) -> int:
    with running_world(options.seed, options.home, _rules(options)) as world:
        _write_environment(world, options.env_file)
        print("\n".join(_exports(world.environment)))
        print("# The world is up. Ctrl-C ends it.", flush=True)
        wait_for_the_end(options.owner)
    return 0


def _run(options: argparse.Namespace) -> int:
    with running_world(options.seed, options.home, _rules(options)) as world:
        _write_environment(world, options.env_file)
        command = subprocess.Popen(options.command, env=world.tool_environment(), preexec_fn=end_with_us)
        world.order(run=command.pid)
        try:
            return command.wait()
        except KeyboardInterrupt:
            return command.wait()


def _rules(options: argparse.Namespace) -> list[Rule]:
    return load_faults(options.faults) if options.faults else []


def _state(options: argparse.Namespace) -> int:
    print(json.dumps(ask(options.home, state=True), indent=1, sort_keys=True, ensure_ascii=False))
    return 0


def _snapshot(options: argparse.Namespace) -> int:
    ask(options.home, snapshot=options.name)
    return 0


def _restore(options: argparse.Namespace) -> int:
    ask(options.home, restore=options.name)
    return 0


def _ail(options: argparse.Namespace) -> int:
    ask(options.home, ail=read_ailments(options.ailments).model_dump())
    return 0


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
