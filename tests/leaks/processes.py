"""Looks at the command line and the environment of every process below one, while they live (Linux)."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Literal

PROC = Path("/proc")
EVERY_S = 0.004
Part = Literal["cmdline", "environ"]


class Processes:
    """A watch over all processes below ``root`` (not itself), from ``start`` to ``stop``.

    ``seen`` is every distinct command line and environment that was met, each with the command lines it was met at.
    What lives shorter than :data:`EVERY_S` can be missed.
    """

    def __init__(self, root: int) -> None:
        self._root = root
        self._parents: dict[int, int] = {}
        self._read: dict[int, bytes] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="processes", daemon=True)
        self.seen: dict[tuple[Part, bytes], set[bytes]] = defaultdict(set)
        self.count = 0

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Look once more, and no longer."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.is_set():
            self.look()
            time.sleep(EVERY_S)
        self.look()

    def look(self) -> None:
        """Look at every process below the root once; what was seen before is not read again."""
        alive = {int(entry) for entry in os.listdir(PROC) if entry.isdigit()}
        for gone in self._parents.keys() - alive:
            self._parents.pop(gone)
            self._read.pop(gone, None)
        for process in alive - self._parents.keys():
            self._parents[process] = _parent(process)
        for process in alive:
            if self._is_below(process):
                self._note(process)

    def _is_below(self, process: int) -> bool:
        parent = self._parents.get(process, 0)
        while parent and parent != self._root:
            parent = self._parents.get(parent, 0)
        return parent == self._root

    def _note(self, process: int) -> None:
        with contextlib.suppress(OSError):  # it ended meanwhile
            folder = PROC / str(process)
            command = (folder / "cmdline").read_bytes()
            if self._read.get(process) == command:
                return
            environment = (folder / "environ").read_bytes()
            if (folder / "cmdline").read_bytes() != command:
                return  # it became another program meanwhile: the next look tells which
            self.seen["cmdline", command].add(command)
            self.seen["environ", environment].add(command)
            self._read[process] = command
            self.count += 1


def _parent(process: int) -> int:
    """The id of a process's parent; 0 where it ended meanwhile."""
    with contextlib.suppress(OSError):
        return int((PROC / str(process) / "stat").read_text().rpartition(")")[2].split()[1])
    return 0
