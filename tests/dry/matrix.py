"""One world, brought into each state in turn, and every command run in it: dry, then real."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from rehearsal.attack import tracebacks
from rehearsal.home import REQUESTS
from rehearsal.requestlog import Entry, read_log
from rehearsal.running import RunningWorld, end_with_us
from rehearsal.state.canonical import compare
from tests.dry.judge import Line, Told, faults_of_both, faults_of_dry
from tests.dry.states import COMMANDS, ENDS, FRESH, STATES, WELL, Play
from tests.dry.strangers import Stranger

ROOT = Path(__file__).resolve().parents[2]
RATE = 30.0
"""Visitors a second: enough for verdicts at half of the traffic."""
REST_S = 30.0
"""How long the world may take to come to rest."""
LOOK_S = 0.5
LOOKED = ("/DriftInformation", "/_drift")
"""What AWS keeps of having looked for drift, which is asked for by reads."""


@dataclass(frozen=True)
class Cell:
    """One command in one state; ``real`` is None where it was only run dry. ``took`` in seconds."""

    state: str
    command: str
    dry: Told
    real: Told | None
    faults: list[str]
    took: float

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Cell:
        """Of its ``asdict``."""
        told = {which: Told(**row[which]) if row[which] else None for which in ("dry", "real")}
        return cls(**{**row, **told})


class Matrix:
    """Runs the cells in one world. Outputs and ledgers of all runs stay in the world's home."""

    def __init__(self, world: RunningWorld, home: Path) -> None:
        self._world, self._home = world, home
        self._stranger = Stranger(world.environment)
        world.visit(RATE)
        world.order(snapshot=FRESH)
        self._kept = {FRESH}
        self._now, self._holds = FRESH, self._at_rest()
        """The state in which the world is ("" when a run has changed it), and all that it held then."""

    def prove(self, state: str, command: str, *, real: bool = True) -> Cell:
        """Run a command in a state, dry and then real, and judge."""
        self._bring(state)
        started, end = time.monotonic(), ENDS.get((state, command), WELL)
        asked = [*COMMANDS[command], *STATES[state].options.get(command, ())]
        name = f"{state}-{command}".replace(" ", "-")
        dry = self._run([*asked, "--check", "--diff"], f"{name}-dry")
        faults = faults_of_dry(dry, end) + [f"after the dry run: {line}" for line in self._changed()]
        done = self._run(asked, f"{name}-real") if real else None
        if done is not None:
            faults += faults_of_both(dry, done, end)
            self._now = "" if done.writes else self._now
        return Cell(state, command, dry, done, faults, round(time.monotonic() - started, 1))

    def _bring(self, state: str) -> None:
        """Let the world be in a state, which is made when it is first asked for."""
        if self._now == state:
            return
        if state in self._kept:
            self._world.order(restore=state)
        else:
            self._make(state)
        self._now, self._holds = state, self._at_rest()

    def _changed(self) -> list[str]:
        """What the world holds now that it did not when it was brought into its state."""
        found = compare(self._holds, self._world.order(state=True))
        found = found and compare(self._holds, self._at_rest())
        return [line for line in found if not any(mark in line for mark in LOOKED)]

    def _make(self, name: str) -> None:
        state = STATES[name]
        self._bring(state.after)
        for number, step in enumerate(state.by, 1):
            if isinstance(step, Play):
                self._play(step, f"{name}-made-{number}".replace(" ", "-"))
            else:
                step(self._stranger)
        self._at_rest()
        self._world.order(snapshot=name)
        self._kept.add(name)

    def _play(self, play: Play, name: str) -> None:
        self._world.order(faults=list(play.faults))
        told = self._run(list(play.command), name)
        assert bool(self._world.order(struck=True)) == bool(play.faults), f"No fault struck: see {name}.log."
        self._world.order(faults=[])
        assert (told.code == 0) == play.well, f"{play.command} ended with {told.code}: {told.failures}"

    def _run(self, options: list[str], name: str) -> Told:
        ledger, output = self._home / "ledger" / name, self._home / f"{name}.log"
        shutil.rmtree(ledger, ignore_errors=True)  # of an earlier world in this home
        seen = sum(1 for _ in read_log(self._home / REQUESTS))
        environment = {**self._world.tool_environment(), "OFFRAMP_LEDGER": str(ledger), "ANSIBLE_FORCE_COLOR": "0"}
        command = ["ansible-playbook", "-i", "inventories/rehearsal", *options]
        with output.open("w") as file:
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT, preexec_fn=end_with_us
            )
            self._world.order(run=process.pid)
            code = process.wait()
        self._world.order(run=None)
        entries = list(islice(read_log(self._home / REQUESTS), seen, None))
        return _told(code, _lines(ledger), tracebacks(output.read_text(errors="replace")), entries)

    def _at_rest(self) -> Any:
        """The state of the world as soon as two looks in a row find the same."""
        until, before = time.monotonic() + REST_S, None
        while (state := self._world.order(state=True)) != before and time.monotonic() < until:
            before = state
            time.sleep(LOOK_S)
        return state


def _lines(ledger: Path) -> list[Line]:
    return [json.loads(line) for path in sorted(ledger.glob("*.jsonl")) for line in path.read_text().splitlines()]


def _told(code: int, lines: list[Line], unclear: list[str], entries: list[Entry]) -> Told:
    return Told(
        code=code,
        changes=[line for line in lines if line["entry"] == "change"],
        failures=[line["msg"] for line in lines if line["entry"] == "failure"],
        unclear=unclear,
        writes=[f"{entry.operation} {entry.target}" for entry in entries if entry.kind == "write"],
        previews=[entry.operation for entry in entries if entry.kind == "preview"],
    )
