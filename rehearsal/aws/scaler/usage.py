"""What tasks use of their CPU and memory, as ECS tells CloudWatch: the figures of their real processes.

Read from ``/proc``; where there is none (macOS) ECS tells nothing, and a policy on such a metric sees no data.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rehearsal.aws.adapters.metrics import Datum

NAMESPACE = "AWS/ECS"
_PROC = Path("/proc")
_UNITS_OF_A_CPU = 1024
_MIB = 1024 * 1024


@dataclass(frozen=True)
class RunningTask:
    """A task that runs: its service, its size in CPU units and MiB, and its processes."""

    id: str
    cluster: str
    service: str
    cpu: int
    memory: int
    processes: tuple[int, ...]


class Usage:
    """Remembers what each task had used at the last look."""

    def __init__(self) -> None:
        self._seconds: dict[str, tuple[float, float]] = {}

    def look(self, tasks: Iterable[RunningTask]) -> Iterator[Datum]:
        """Percent of each task's CPU since the last look and of its memory, by service; new tasks come next time."""
        now, found = time.monotonic(), {}
        used: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for task in tasks:
            figures = [each for each in map(_figures, task.processes) if each is not None]
            if not figures:
                continue
            seconds, resident = sum(each[0] for each in figures), sum(each[1] for each in figures)
            found[task.id] = now, seconds
            if before := self._seconds.get(task.id):
                share = (seconds - before[1]) / max(now - before[0], 1e-3)
                percent = 100 * share * _UNITS_OF_A_CPU / task.cpu, 100 * resident / (task.memory * _MIB)
                used.setdefault((task.cluster, task.service), []).append(percent)
        self._seconds = found
        at = float(int(time.time()))
        for (cluster, service), percents in used.items():
            scope = {"ClusterName": cluster, "ServiceName": service}
            yield Datum("CPUUtilization", scope, at, tuple(max(0.0, cpu) for cpu, _ in percents), "Percent")
            yield Datum("MemoryUtilization", scope, at, tuple(memory for _, memory in percents), "Percent")


def _figures(process: int) -> tuple[float, float] | None:
    """Seconds of CPU and bytes of memory that a process has used; None where it cannot be told (any more)."""
    try:
        fields = (_PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    ticks, pages = int(fields[11]) + int(fields[12]), int(fields[21])  # utime, stime and rss of proc(5)
    return ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE")
