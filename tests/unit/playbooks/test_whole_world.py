"""What a person meets who types something wrong, and what nobody must ever meet: in the whole world, by playbooks."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rehearsal.cli import SEED, RunningWorld, running_world
from rehearsal.home import REQUESTS
from rehearsal.requestlog import read_log
from rehearsal.seed import load_seed

ROOT = Path(__file__).resolve().parents[3]
NOWHERE = "http://127.0.0.1:1"
SHORTEST_CANARY = 8
"""Characters from which on a value in an output is no coincidence."""


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


def sentences(told: str) -> list[str]:
    """The failures of the summary."""
    return re.findall(r"^- FAILED: (.*)$", told, re.MULTILINE)


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


def forms(value: str) -> list[str]:
    """A value as it can stand in an output: plain, JSON-escaped, base64, URL-encoded."""
    return [
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        base64.b64encode(value.encode()).decode().rstrip("="),
        urllib.parse.quote(value, safe=""),
    ]


def leaks(text: str, canaries: dict[str, str]) -> list[str]:
    """The names of values that stand in a text in any form."""
    return [name for name, value in canaries.items() if any(form in text for form in forms(value))]


def test_the_leak_detector_finds_every_form() -> None:
    canary = {"KEY": 'a "secret"\nõ/value'}
    assert all(leaks(f"xx{form}xx", canary) == ["KEY"] for form in forms(canary["KEY"]))
    assert leaks("a secret value", canary) == []


def test_no_value_and_no_credential_is_shown_or_kept(world: World) -> None:
    config = load_seed(SEED).heroku["bond-server"].config
    shown_by_inventory = {"bond-server", "https://api.bond.example", "api.bond.example", "production", "eu-west-1"}
    canaries = {
        name: value
        for name, value in config.items()
        if len(value) >= SHORTEST_CANARY and value not in shown_by_inventory
    }
    credentials = ("HEROKU_API_KEY", "CLOUDFLARE_API_TOKEN", "AWS_SECRET_ACCESS_KEY", "OFFRAMP_FINGERPRINT_KEY")
    canaries |= {name: world.running.environment[name] for name in credentials}
    verbs = ("survey", "provision", "copy", "release")
    code, told = world.play(
        *(f"playbooks/{verb}.yml" for verb in verbs), "--diff", "-vvvv", ANSIBLE_KEEP_REMOTE_FILES="1"
    )
    assert code == 0, told[-3000:]
    assert leaks(told, canaries) == []
    kept = [path for path in world.home.rglob("*") if path.is_file() and path.suffix in (".jsonl", ".log")]
    assert len(kept) > 1
    assert {path.name: leaks(path.read_text(errors="replace"), canaries) for path in kept} == {
        path.name: [] for path in kept
    }


def test_an_unknown_image_is_refused_with_those_that_are_there(world: World) -> None:
    before = world.writes()
    code, told = world.play("migrate.yml", "-e", "release_image=v99")
    assert code != 0
    assert "v99" in sentences(told)[0]
    assert "v42" in sentences(told)[0]
    assert world.writes() == before
