"""Dynos: real processes of the demo app, kept at the formation's numbers, restarted when Heroku would."""

from __future__ import annotations

import datetime
import random
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from rehearsal.heroku.logplex import Logplex
from rehearsal.heroku.store import App, Process, Store, now
from rehearsal.processes import AppProcess
from rehearsal.seed import Behaviour


@dataclass(frozen=True)
class Tempo:
    """Heroku's time constants in seconds (https://devcenter.heroku.com/articles/dynos)."""

    boot_timeout: float = 60.0
    """Until a web dyno must listen on $PORT (R10)."""
    stop_grace: float = 30.0
    """From SIGTERM to SIGKILL (R12)."""
    crash_cooldown: float = 1200.0
    """Until a dyno that crashed for the second time is tried again; the first time it is at once."""


class Launch(Protocol):
    """Starts a process; :class:`rehearsal.processes.AppProcess` in earnest."""

    def __call__(
        self,
        environment: Mapping[str, str],
        behaviour: Behaviour,
        ports: list[int],
        worker: bool,
        on_line: Callable[[str], None],
        on_exit: Callable[[int], None],
        on_listening: Callable[[], None],
    ) -> AppProcess: ...


@dataclass
class Dyno:
    """One dyno. ``state`` is starting, up, crashed or down."""

    app: str
    type: str
    number: int
    command: str
    size: str
    release_id: str
    version: int
    port: int
    crashes: int = 0
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: str = "starting"
    created_at: datetime.datetime = field(default_factory=now)
    updated_at: datetime.datetime = field(default_factory=now)
    process: AppProcess | None = None
    timer: threading.Timer | None = None

    @property
    def name(self) -> str:
        """Its name in the log and in the API."""
        return f"{self.type}.{self.number}"

    @property
    def web(self) -> bool:
        """Whether it serves visitors."""
        return self.type == "web"


class Dynos:
    """All dynos of all apps. State is guarded by the store's lock, which is never held while ``publish`` runs."""

    def __init__(
        self,
        store: Store,
        logplex: Logplex,
        publish: Callable[[], None],
        environment: Mapping[str, str],
        tempo: Tempo,
        launch: Launch = AppProcess,
    ) -> None:
        self._store = store
        self._logplex = logplex
        self._publish = publish
        self._environment = environment
        self._tempo = tempo
        self._launch = launch
        self._slots: dict[tuple[str, str], Dyno] = {}
        self._successors: dict[tuple[str, str], Dyno] = {}
        self._closed = False
        self._changed = threading.Condition(store.lock)

    def of(self, app: str) -> list[Dyno]:
        """The dynos of an app in the order of their names. Hold the store's lock."""
        return sorted((dyno for dyno in self._slots.values() if dyno.app == app), key=lambda d: (d.type, d.number))

    def reconcile(self, app: App) -> None:
        """Start and stop dynos until they fit the formation; returns when visitors no longer reach the stopped ones."""
        with self._store.lock:
            leaving = [
                self._slots.pop((app.name, dyno.name)) for dyno in self.of(app.name) if not _is_wanted(app, dyno)
            ]
            for row in app.formation.values():
                for number in range(1, row.quantity + 1):
                    if (app.name, f"{row.type}.{number}") not in self._slots:
                        self._boot(app, row, number)
        self._let_go(leaving)

    def restart(self, app: App, chosen: Callable[[Dyno], bool] | None = None) -> int:
        """Restart all or the chosen dynos. With preboot the old ones serve until the new ones do.

        Returns the number of dynos that are restarted.
        """
        leaving = []
        with self._store.lock:
            dynos = [dyno for dyno in self.of(app.name) if chosen is None or chosen(dyno)]
            for dyno in dynos:
                row = app.formation[dyno.type]
                self._log(dyno, "Restarting")
                if dyno.web and dyno.state == "up" and "preboot" in app.features:
                    self._preboot(app, row, dyno)
                else:
                    leaving.append(dyno)
                    if dyno.state != "starting":
                        self._to(dyno, "starting")
                    dyno.state = "down"  # its place is taken by another dyno, which is the one that is starting
                    self._boot(app, row, dyno.number)
        self._let_go(leaving)
        return len(dynos)

    def wait_booted(self, within: float) -> None:
        """Wait until no web dyno boots any more.

        Raises:
            TimeoutError: some still do after ``within`` seconds.
        """
        with self._changed:
            booted = self._changed.wait_for(
                lambda: not any(dyno.web and dyno.state == "starting" for dyno in self._slots.values()), within
            )
        if not booted:
            raise TimeoutError(f"some web dynos still boot after {within:g} s")

    def close(self) -> None:
        """End every process, without the grace that a visitor would need."""
        with self._store.lock:
            self._closed = True
            dynos = [*self._slots.values(), *self._successors.values()]
        for dyno in dynos:
            _cancel(dyno)
            if dyno.process is not None:
                dyno.process.kill()

    def _boot(self, app: App, row: Process, number: int) -> None:
        dyno = self._start(app, row, number)
        self._slots[app.name, dyno.name] = dyno

    def _preboot(self, app: App, row: Process, old: Dyno) -> None:
        before = self._successors.pop((app.name, old.name), None)
        self._successors[app.name, old.name] = self._start(app, row, old.number)
        if before is not None:
            self._end(before)

    def _start(self, app: App, row: Process, number: int, crashes: int = 0) -> Dyno:
        """Start a process, in the store's lock: what it reports waits until its dyno is in place."""
        port = random.randint(3000, 60000)  # noqa: S311 - Heroku chooses $PORT at random, and it is no secret
        release = app.current
        dyno = Dyno(app.name, row.type, number, row.command, row.size, release.id, release.version, port, crashes)
        self._log(dyno, f"Starting process with command `{row.command}`")
        dyno.process = self._launch(
            {**app.config, **self._platform_variables(dyno)},
            app.behaviour,
            [port] if dyno.web else [],
            not dyno.web,
            partial(self._logplex.write, app.name, "app", dyno.name),
            partial(self._exited, dyno),
            partial(self._listens, dyno),
        )
        if dyno.web:
            _arm(dyno, self._tempo.boot_timeout, partial(self._boot_timed_out, dyno))
        else:
            self._to(dyno, "up")
        return dyno

    def _platform_variables(self, dyno: Dyno) -> dict[str, str]:
        """What Heroku sets on every dyno, and what the rehearsal needs to know of it."""
        port = {"PORT": str(dyno.port)} if dyno.web else {}
        return {
            **self._environment,
            **port,
            "DYNO": dyno.name,
            "REHEARSAL_SIDE": "heroku",
            "REHEARSAL_PROCESS": dyno.name,
        }

    def _listens(self, dyno: Dyno) -> None:
        with self._store.lock:
            _cancel(dyno)
            old = None
            if self._successors.get((dyno.app, dyno.name)) is dyno:
                del self._successors[dyno.app, dyno.name]
                old = self._slots.get((dyno.app, dyno.name))
                if old is None:  # scaled away while its successor booted
                    self._end(dyno)
                    return
                self._slots[dyno.app, dyno.name] = dyno
            elif self._slots.get((dyno.app, dyno.name)) is not dyno:  # restarted or scaled away while it booted
                return
            self._to(dyno, "up")
        self._let_go([] if old is None else [old])

    def _exited(self, dyno: Dyno, code: int) -> None:
        self._log(dyno, f"Process exited with status {code}")
        with self._store.lock:
            _cancel(dyno)
            self._successors = {key: other for key, other in self._successors.items() if other is not dyno}
            if self._closed or self._slots.get((dyno.app, dyno.name)) is not dyno:
                return
            self._to(dyno, "crashed")
            dyno.crashes += 1
            pause = 0.0 if dyno.crashes == 1 else self._tempo.crash_cooldown
            _arm(dyno, pause, partial(self._retry, dyno))
        self._publish()

    def _retry(self, dyno: Dyno) -> None:
        with self._store.lock:
            app = self._store.apps.get(dyno.app)
            if self._closed or app is None or self._slots.get((dyno.app, dyno.name)) is not dyno:
                return
            self._log(dyno, "State changed from crashed to starting")
            row = app.formation[dyno.type]
            self._slots[dyno.app, dyno.name] = self._start(app, row, dyno.number, dyno.crashes)
        self._publish()

    def _boot_timed_out(self, dyno: Dyno) -> None:
        limit = f"{self._tempo.boot_timeout:g}"
        text = f"Error R10 (Boot timeout) -> Web process failed to bind to $PORT within {limit} seconds of launch"
        self._log(dyno, text)
        self._log(dyno, "Stopping process with SIGKILL")
        if dyno.process is not None:
            dyno.process.kill()

    def _let_go(self, dynos: list[Dyno]) -> None:
        """Take dynos out of the router's table, and only then ask them to end."""
        self._publish()
        for dyno in dynos:
            self._end(dyno)

    def _end(self, dyno: Dyno) -> None:
        _cancel(dyno)
        if dyno.state in ("up", "starting"):
            self._to(dyno, "down")
        if dyno.state == "down":
            self._log(dyno, "Stopping all processes with SIGTERM")
        if dyno.process is not None:
            threading.Thread(
                target=dyno.process.stop, args=(self._tempo.stop_grace,), name=f"stop {dyno.name}", daemon=True
            ).start()

    def _to(self, dyno: Dyno, state: str) -> None:
        """Change a dyno's state."""
        self._log(dyno, f"State changed from {dyno.state} to {state}")
        with self._changed:
            dyno.state, dyno.updated_at = state, now()
            self._changed.notify_all()

    def _log(self, dyno: Dyno, text: str) -> None:
        self._logplex.write(dyno.app, "heroku", dyno.name, text)


def _is_wanted(app: App, dyno: Dyno) -> bool:
    row = app.formation.get(dyno.type)
    return row is not None and dyno.number <= row.quantity


def _arm(dyno: Dyno, seconds: float, then: Callable[[], None]) -> None:
    _cancel(dyno)
    dyno.timer = threading.Timer(seconds, then)
    dyno.timer.daemon = True
    dyno.timer.start()


def _cancel(dyno: Dyno) -> None:
    if dyno.timer is not None:
        dyno.timer.cancel()
        dyno.timer = None
