"""A data-plane worker under test, and what it reports."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rehearsal.children import Worker

Json = dict[str, Any]


class Reports:
    """What a worker reported; waits for what has not come yet."""

    def __init__(self) -> None:
        self.all: list[Json] = []
        self._news = threading.Condition()

    def __call__(self, report: Json) -> None:
        with self._news:
            self.all.append(report)
            self._news.notify_all()

    def of(self, kind: str) -> list[Any]:
        """All reports of a kind so far."""
        with self._news:
            return [report[kind] for report in self.all if kind in report]

    def wait(self, kind: str, condition: Callable[[list[Any]], bool] = bool, within: float = 10) -> list[Any]:
        """The reports of a kind once they fulfil the condition."""
        with self._news:
            found = self._news.wait_for(
                lambda: condition([report[kind] for report in self.all if kind in report]), within
            )
            assert found, f"no such report of {kind} within {within} s; there are {self.all}"
        return self.of(kind)


class Steered:
    """A worker with its reports."""

    def __init__(self, module: str, log: Path) -> None:
        self.reports = Reports()
        self.worker = Worker(f"rehearsal.dataplane.{module}", on_report=self.reports, log=log)

    def send(self, message: Json) -> Json:
        """Put a table in force; returns what the worker says of itself."""
        self.worker.send(message)
        return self.worker.wait_ready()
