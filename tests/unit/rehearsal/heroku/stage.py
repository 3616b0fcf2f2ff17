"""A Heroku stand-in on a stage without processes: the router only notes its tables, dynos only what befalls them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import cast

import httpx

from rehearsal.dataplane.tls import Authority
from rehearsal.heroku import HerokuStandIn, Tempo
from rehearsal.heroku.dynos import Launch
from rehearsal.names import Names
from rehearsal.processes import AppProcess
from rehearsal.requestlog import RequestLog
from rehearsal.restapi import Json
from rehearsal.seed import Behaviour, Seed

APP = {
    "config": {"APP": "bond-server", "APP_VERSION": "7", "REDIS_URL": "redis://one", "EMPTY": ""},
    "formation": {"web": {"quantity": 2, "command": "npm start"}, "worker": {"quantity": 1, "command": "npm run work"}},
    "addons": [
        {
            "service": "heroku-redis",
            "plan": "mini",
            "name": "redis-flat-1",
            "config": ["REDIS_URL"],
            "price_cents": 300,
        },
        {"service": "logdna", "plan": "quaco", "name": "logdna-round-2"},
    ],
    "domains": ["api.bond.example"],
}
SITE = {**APP, "config": {"APP": "bond-site"}, "domains": [], "addons": []}
SEED = Seed.model_validate({"heroku": {"bond-server": APP, "bond-site": SITE}})
HEADERS = {"Accept": "application/vnd.heroku+json; version=3"}
_ports = count(50000)


class Chronicle:
    """What befell router and dynos, in order; tests wait for what other threads add to it."""

    def __init__(self) -> None:
        self._events: list[str] = []
        self._added = threading.Condition()

    def add(self, event: str) -> None:
        with self._added:
            self._events.append(event)
            self._added.notify_all()

    def since(self, start: int, *, until: str) -> list[str]:
        """The events from the ``start``-th on, once ``until`` is among them."""
        with self._added:
            assert self._added.wait_for(lambda: until in self._events[start:], 5), self._events
            return self._events[start:]

    def __len__(self) -> int:
        return len(self._events)


@dataclass
class Router:
    """Keeps the tables that it was sent; ``befalls`` shares one list with the dynos, to prove the order of things."""

    befalls: Chronicle
    tables: list[Json] = field(default_factory=list)

    def send(self, message: Json) -> None:
        self.tables.append(message)
        dynos = message["apps"]["bond-server"]["dynos"]
        self.befalls.add("table " + " ".join(dyno["name"] for dyno in dynos))

    def wait_ready(self) -> Json:
        return {"http": 4080, "https": 4443}

    def stop(self) -> None:
        self.befalls.add("router stops")

    def row(self, app: str = "bond-server") -> Json:
        row: Json = self.tables[-1]["apps"][app]
        return row


@dataclass
class Process:
    """A dyno's process in name only."""

    environment: Mapping[str, str]
    worker: bool
    on_exit: Callable[[int], None]
    on_listening: Callable[[], None]
    befalls: Chronicle
    real_ports: dict[int, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.environment["DYNO"]

    def listen(self) -> None:
        self.real_ports = {int(self.environment["PORT"]): next(_ports)}
        self.on_listening()

    def stop(self, _grace_s: float) -> None:
        self.befalls.add(f"SIGTERM {self.name}")
        self.on_exit(0)

    def kill(self) -> None:
        self.befalls.add(f"SIGKILL {self.name}")
        self.on_exit(137)


class Stage:
    """The stand-in with its router and all processes that it ever launched."""

    def __init__(self, directory: Path, seed: Seed = SEED, tempo: Tempo | None = None) -> None:
        self.befalls = Chronicle()
        self.router = Router(self.befalls)
        self.processes: list[Process] = []
        self.log = RequestLog(directory / "requests.jsonl")
        self.heroku = HerokuStandIn(
            seed,
            self.log,
            Names(),
            Authority(directory / "certificates"),
            directory,
            environment={"REHEARSAL_DIGEST_KEY": "k"},
            tempo=tempo or Tempo(),
            plane=lambda _report: self.router,
            launch=cast(Launch, self._launch),
        )
        self.heroku.start()
        self.client = httpx.Client(
            base_url=self.heroku.url, headers={**HEADERS, "Authorization": f"Bearer {self.heroku.token}"}
        )

    def newest(self, name: str) -> Process:
        """The process launched last for a dyno of the app bond-server."""
        return [process for process in self.of_app() if process.name == name][-1]

    def of_app(self) -> list[Process]:
        """All processes of the app bond-server."""
        return [process for process in self.processes if process.environment["APP"] == "bond-server"]

    def listen(self) -> None:
        """Let every web process that does not listen yet do so."""
        for process in self.processes:
            if not process.worker and not process.real_ports:
                process.listen()

    def get(self, path: str) -> Json:
        """What GET answers."""
        answer = self.client.get(path)
        assert answer.status_code in (200, 206), answer.text
        content: Json = answer.json()
        return content

    def patch(self, path: str, body: Json) -> httpx.Response:
        """PATCH with a body."""
        return self.client.patch(path, json=body)

    def stop(self) -> None:
        """End it."""
        self.client.close()
        self.heroku.stop()

    def _launch(
        self,
        environment: Mapping[str, str],
        _behaviour: Behaviour,
        ports: list[int],
        worker: bool,
        _on_line: Callable[[str], None],
        on_exit: Callable[[int], None],
        on_listening: Callable[[], None],
    ) -> AppProcess:
        assert ports == ([] if worker else [int(environment["PORT"])])
        process = Process(environment, worker, on_exit, on_listening, self.befalls)
        self.processes.append(process)
        self.befalls.add(f"launch {process.name}")
        return cast(AppProcess, process)
