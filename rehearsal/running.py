"""Worlds in processes of their own, on this process's leash: for the command line, the story, tests and chaos."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from rehearsal.children import REPOSITORY, Json, Worker
from rehearsal.faults import Rule

SEED = REPOSITORY / "rehearsal" / "seeds" / "bond-server.yml"
LAST = REPOSITORY / ".rehearsal"
"""The home of the last world, unless ``--home`` or REHEARSAL_HOME says otherwise."""
START_S = 300.0
"""Until a world has started, or has done what it was asked to (a snapshot waits for stacks)."""
LOOKS_EVERY_S = 0.5
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class WorldError(Exception):
    """The world could not be started; the message says why."""


class RunningWorld:
    """A world in a process of its own, on this process's leash."""

    def __init__(self, worker: Worker, answers: SimpleQueue[Json], environment: Mapping[str, str]) -> None:
        self._worker, self._answers = worker, answers
        self.environment = dict(environment)

    def visit(self, rate: float) -> None:
        """Let the visitors come at ``rate`` requests a second; with 0 this returns when every answer was counted."""
        self.order(visit=rate)

    def order(self, **order: Any) -> Any:
        """Have the world do something, see :meth:`rehearsal.world.World.obey`.

        Raises:
            WorldError: it could not.
        """
        self._worker.send(order)
        answer = self._answers.get()
        if "mistake" in answer:
            raise WorldError(f"The world could not do {order}: {answer['mistake']}")
        return answer["result"]

    def tool_environment(self) -> dict[str, str]:
        """Our own environment with this world's in it, and without AWS settings that lead elsewhere."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {**kept, **self.environment}


@contextmanager
def running_world(seed: Path, home: Path, faults: Sequence[Rule] = ()) -> Iterator[RunningWorld]:
    """A world from ``seed`` that ends with the block (and with this process, however that ends).

    Raises:
        WorldError: the seed cannot be used, or the world did not come up.
    """
    home.mkdir(parents=True, exist_ok=True)
    log = home / "world.log"
    answers: SimpleQueue[Json] = SimpleQueue()
    worker = Worker("rehearsal.world", on_report=answers.put, log=log, within=START_S)
    try:
        rules = [rule.model_dump() for rule in faults]
        about = worker.start({"seed": str(seed.resolve()), "home": str(home.resolve()), "faults": rules})
        if "mistake" in about:
            raise WorldError(about["mistake"])
        yield RunningWorld(worker, answers, about["environment"])
    finally:
        worker.stop()


def end_with_us() -> None:
    """The command gets SIGTERM when this process dies, even by SIGKILL (Linux; elsewhere it would live on)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def wait_for_the_end(owner: int | None) -> None:
    """Return at SIGINT or SIGTERM, or soon after another process, the ``owner``, has ended."""
    over = threading.Event()
    for asked in (signal.SIGINT, signal.SIGTERM):
        signal.signal(asked, lambda *_: over.set())
    while not over.wait(LOOKS_EVERY_S) and (owner is None or _is_there(owner)):
        pass


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's, and there
        pass
    return True
