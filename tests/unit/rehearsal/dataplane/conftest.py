"""A small data plane of real processes: apps, workers, certificates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.dataplane.tls import Authority
from rehearsal.processes import AppProcess
from rehearsal.seed import Behaviour
from tests.unit.rehearsal.dataplane.steered import Steered


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[Callable[[str], Steered]]:
    """Start a worker by its module's name; whatever it wrote to its log fails the test."""
    started: list[Steered] = []
    log = tmp_path / "workers.log"

    def start(module: str) -> Steered:
        started.append(Steered(module, log))
        return started[-1]

    yield start
    for steered in started:
        steered.worker.stop()
    assert not started or log.read_text() == ""


@pytest.fixture
def start_app() -> Iterator[Callable[..., AppProcess]]:
    """Start a demo app that is told port 8080; returns when it listens."""
    started: list[AppProcess] = []

    def start(side: str = "aws", name: str = "web.1", **behaviour: Any) -> AppProcess:
        environment = {"PORT": "8080", "REHEARSAL_SIDE": side, "REHEARSAL_PROCESS": name}
        app = AppProcess(environment, Behaviour(**behaviour), [8080], False, lambda _: None, lambda _: None)
        started.append(app)
        assert app.listening.wait(10)
        return app

    yield start
    for app in started:
        app.kill()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The CA of these tests."""
    return Authority(tmp_path_factory.mktemp("certificates"))
