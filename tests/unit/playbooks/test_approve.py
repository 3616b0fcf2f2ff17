"""Approving a step from another terminal, by the playbook, with nothing but Cloudflare; and steps that are none."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.attack import sentences
from tests.unit.plugins.cloudflare_world import CloudflareWorld

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[CloudflareWorld]:
    made = CloudflareWorld(tmp_path)
    old, new = made.pool("production-bond-server-heroku"), made.pool("production-bond-server-aws")
    made.balancer(old, new, description="offramp 5f02ac: 25 % on production-bond-server-aws")
    yield made
    made.stop()


def play(world: CloudflareWorld, tmp_path: Path, *options: str) -> tuple[int, str]:
    """(exit code, what a person sees) of playbooks/shift.yml."""
    command = ["ansible-playbook", "-i", "inventories/rehearsal", "playbooks/shift.yml", *options]
    given = {
        **os.environ,
        **world.environment(),
        "OFFRAMP_LEDGER": str(tmp_path / "ledger"),
        "ANSIBLE_FORCE_COLOR": "0",
    }
    given = {name: value for name, value in given.items() if not name.startswith("AWS_")}
    done = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_second_terminal_approves_by_one_write_and_ends(world: CloudflareWorld, tmp_path: Path) -> None:
    code, told = play(world, tmp_path, "-e", "shift_approve=25")
    assert code == 0, told[-3000:]
    assert "approved to 25 %, at " in told
    assert world.writes() == ["PATCH /zones/{zone}/load_balancers/{id}"]
    row = world.call("GET", f"{world.zone}/load_balancers")[0]
    assert row["description"] == "offramp 5f02ac: 25 % on production-bond-server-aws; approved to 25 %"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ('{"shift_steps": [1, 10, 10]}', "The shift steps 1, 10, 10 do not rise."),
        (
            '{"shift_steps": [1, 10, 100], "shift_pause_at": [25]}',
            "The ramp 1, 10, 100 cannot wait for approval at 25 %.",
        ),
    ],
)
def test_steps_that_cannot_be_meant_are_one_sentence_before_anything_is_asked(
    world: CloudflareWorld, tmp_path: Path, options: str, said: str
) -> None:
    code, told = play(world, tmp_path, "-e", options)
    assert code != 0
    assert "Traceback" not in told
    assert said in sentences(told)[0]
    assert world.requests() == []
