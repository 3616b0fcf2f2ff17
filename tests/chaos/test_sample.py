"""A sample of ``make test-chaos``, in under two minutes.

The ground is made and the configuration copied; at the writes the main process of the run is killed, so that its
workers are orphans. Run again and again, it comes to the same end.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PLAYBOOKS = ["playbooks/provision.yml", "playbooks/copy.yml"]


@pytest.mark.timeout(240)
def test_killed_and_run_again_it_comes_to_the_same_end(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rehearsal", "chaos", "--kill-main", "--home", tmp_path, "--budget", "100", "--"]
    ran = subprocess.run(
        [*command, BIN / "ansible-playbook", "-i", "inventories/rehearsal", *PLAYBOOKS],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    assert json.loads((tmp_path / "chaos.json").read_text())["modes"]["kill-main"]["series"][0]["runs"][1:], ran.stdout
