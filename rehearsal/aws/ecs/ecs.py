"""One region's ECS as a whole: tables, tasks and scheduler, started and ended together."""

from __future__ import annotations

import time
from collections.abc import Mapping

from rehearsal.aws.ecs import snapshot
from rehearsal.aws.ecs.addresses import Addresses
from rehearsal.aws.ecs.context import Context
from rehearsal.aws.ecs.logs import LogDriver
from rehearsal.aws.ecs.naming import Naming
from rehearsal.aws.ecs.scheduler import Scheduler
from rehearsal.aws.ecs.store import Store
from rehearsal.aws.ecs.surroundings import Surroundings
from rehearsal.aws.ecs.tasks import Tasks
from rehearsal.aws.ecs.tempo import Tempo


class Ecs:
    """Works from :meth:`start` to :meth:`stop`, which ends every process."""

    def __init__(
        self,
        naming: Naming,
        surroundings: Surroundings,
        addresses: Addresses,
        tempo: Tempo | None = None,
        app_environment: Mapping[str, str] | None = None,
    ) -> None:
        self.store = Store(naming)
        self.surroundings = surroundings
        self._logs = LogDriver(surroundings)
        self.context = Context(
            naming, self.store, surroundings, self._logs, addresses, tempo or Tempo(), app_environment or {}
        )
        self.tasks = Tasks(self.context)
        self._scheduler = Scheduler(self.context, self.tasks)

    @property
    def naming(self) -> Naming:
        """How things are named here."""
        return self.context.naming

    def start(self) -> None:
        """Begin to look after services."""
        self._scheduler.start()

    def empty(self) -> None:
        """Forget everything and end all tasks with their processes."""
        snapshot.empty(self.store)
        self.tasks.end_all()
        with self.store.lock:
            self.store.tasks.clear()  # those that have ended are told of for a while

    def restore(self, contents: snapshot.Contents, within: float = 60.0) -> None:
        """Fill an empty ECS; returns when all services are as they should be, with new tasks.

        Raises:
            TimeoutError: some are not after ``within`` seconds.
        """
        snapshot.put_back(self.store, contents)
        until = time.monotonic() + within
        with self.store.lock:
            while awaited := snapshot.awaited(self.store):
                if time.monotonic() > until:
                    raise TimeoutError(f"after {within:g} s restored services are not steady: {', '.join(awaited)}")
                self.store.changed.wait(self.context.tempo.tick)  # the scheduler tells of changes, not of rest

    def stop(self) -> None:
        """End the scheduler, all tasks with their processes, and the log driver."""
        self._scheduler.stop()
        self.tasks.end_all()
        self._logs.stop()
