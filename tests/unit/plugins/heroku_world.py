"""A Heroku and an AWS account without processes, and modules run against them as a task would run them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rehearsal.requestlog import Entry, read_log
from rehearsal.seed import Seed
from tests.unit.plugins.stack_world import StackWorld, stack_world
from tests.unit.rehearsal.heroku.stage import SEED, Stage


class HerokuWorld:
    """Heroku on a stage, and AWS beside it."""

    def __init__(self, stage: Stage, aws: StackWorld) -> None:
        self.stage, self.aws = stage, aws

    def run(self, module: Any, *, dry: bool = False, **params: Any) -> dict[str, Any]:
        """A module's result; options that are not given have their defaults."""
        return self.aws.run(module, dry=dry, **params)

    def set_config(self, app: str, config: dict[str, str]) -> None:
        """Give an app these config vars and no others, without a request and without a restart."""
        with self.stage.heroku.store.lock:
            self.stage.heroku.store.apps[app].config = dict(config)

    @contextmanager
    def watched(self) -> Iterator[list[str]]:
        """The requests of our modules that the block makes, on both sides, as "kind Operation"."""
        before = len(self._heroku())
        with self.aws.watched() as seen:
            yield seen
        seen[:0] = [f"{entry.kind} {entry.operation}" for entry in self._heroku()[before:]]

    def _heroku(self) -> list[Entry]:
        return [entry for entry in read_log(self.stage.log.path) if entry.caller.startswith("offramp.ecs/")]


@contextmanager
def heroku_world(directory: Path, seed: Seed = SEED, **aws: Any) -> Iterator[HerokuWorld]:
    """Fresh accounts; the environment points to them. ``aws`` is the part of that name of AWS's own seed."""
    (directory / "heroku").mkdir()
    (directory / "aws").mkdir()
    stage = Stage(directory / "heroku", seed)
    stage.listen()
    changed = {"HEROKU_API_URL": stage.heroku.url, "HEROKU_API_KEY": stage.heroku.token}
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        with stack_world(directory / "aws", **aws) as account:
            yield HerokuWorld(stage, account)
    finally:
        stage.stop()
        for name, value in before.items():
            os.environ.pop(name, None)
            os.environ.update({} if value is None else {name: value})
