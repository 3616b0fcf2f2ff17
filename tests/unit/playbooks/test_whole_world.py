"""What a person meets who types something wrong: in the whole world, by playbooks."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rehearsal.attack import sentences
from rehearsal.cli import SEED, RunningWorld, running_world
from rehearsal.home import REQUESTS
from rehearsal.requestlog import read_log

ROOT = Path(__file__).resolve().parents[3]
NOWHERE = "http://127.0.0.1:1"


@dataclass(frozen=True)
class World:
    """A running world, and ansible-playbook in it."""

    running: RunningWorld
    home: Path

    def play(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """(exit code, what a person sees)."""
        given = {**self.running.tool_environment(), "OFFRAMP_LEDGER": str(self.home / "ledger"), **environment}
        command = ["ansible-playbook", "-i", "inventories/rehearsal", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def writes(self) -> list[str]:
        """Every write so far."""
        return [entry.operation for entry in read_log(self.home / REQUESTS) if entry.kind == "write"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("world")
    with running_world(SEED, home) as running:
        yield World(running, home)


@dataclass(frozen=True)
class Mistake:
    """What is typed, and what the sentence must say: what, where, what to do."""

    says: list[str]
    playbook: str = "migrate.yml"
    options: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)


MISTAKES = {
    "unknown app": Mistake(["Heroku", "nobody"], options=["-e", "offramp_heroku_app=nobody"]),
    "wrong Heroku token": Mistake(["Heroku", "HEROKU_API_KEY"], environment={"HEROKU_API_KEY": "wrong"}),
    "wrong Cloudflare token": Mistake(
        ["Cloudflare", "CLOUDFLARE_API_TOKEN"], environment={"CLOUDFLARE_API_TOKEN": "wrong"}
    ),
    "wrong AWS key": Mistake(["AWS", "credentials"], environment={"AWS_ACCESS_KEY_ID": "AKIAWRONG00000000000"}),
    "Heroku out of reach": Mistake(["Heroku", NOWHERE], environment={"HEROKU_API_URL": NOWHERE}),
    "Cloudflare out of reach": Mistake(["Cloudflare", NOWHERE], environment={"CLOUDFLARE_BASE_URL": NOWHERE}),
    "AWS out of reach": Mistake(["AWS", "AWS_ENDPOINT_URL"], environment={"AWS_ENDPOINT_URL": NOWHERE}),
    "typo in a variable": Mistake(["shift_stpes", "shift_steps"], options=["-e", "shift_stpes=[1]"]),
    "missing stage": Mistake(["playbooks/provision.yml", "does not exist"], playbook="playbooks/release.yml"),
    "region without the stacks": Mistake(
        ["us-west-2", "playbooks/provision.yml"],
        playbook="playbooks/shift.yml",
        options=["-e", "offramp_region=us-west-2"],
    ),
    "no such region": Mistake(["eu-wset-1", "region"], options=["-e", "offramp_region=eu-wset-1"]),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_clear_sentence_before_anything_is_written(world: World, mistake: Mistake) -> None:
    before = world.writes()
    code, told = world.play(mistake.playbook, *mistake.options, **mistake.environment)
    assert code != 0
    assert "Traceback" not in told
    assert sentences(told), told[-3000:]
    for words in mistake.says:
        assert words in sentences(told)[0]
    assert world.writes() == before


def test_an_unknown_image_is_refused_with_those_that_are_there(world: World) -> None:
    code, told = world.play("playbooks/provision.yml")
    assert code == 0, told[-3000:]
    before = world.writes()
    code, told = world.play("migrate.yml", "-e", "release_image=v99")
    assert code != 0
    assert "v99" in sentences(told)[0]
    assert "v42" in sentences(told)[0]
    assert world.writes() == before
