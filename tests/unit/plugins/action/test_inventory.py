"""The inventory check as a user meets it: through ansible-playbook, on inventories with mistakes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
BIN = Path(sys.executable).parent
HOSTS = """
all:
  vars: {ansible_connection: local, offramp_region: eu-west-1, offramp_zone: bond.example, release_processes: {web: {}},
         provision_certificate_arn: "arn", offramp_hostname: "{{ inventory_hostname }}.bond.example"}
  children:
    stages:
      hosts:
        here: {offramp_stage: staging}
        nameless: {}
    apps:
      vars: {offramp_app: bond, offramp_heroku_app: bond}
      hosts:
        good: {offramp_stage: staging, run_id: 7, release_notes: x, offramp_others: [run_id, "*_notes"]}
        typo: {offramp_stage: staging, shift_stpes: [1], shfit_delay: 5, offramp_regoin: eu}
        lost: {offramp_stage: stagging}
        built_on_nothing: {offramp_stage: "{{ not_there }}", offramp_zone: ""}
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Host -> what the check says of it; the run goes no further than the check."""
    hosts = tmp_path_factory.mktemp("inventory") / "hosts.yml"
    hosts.write_text(HOSTS, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "HEROKU_"))}
    command = [BIN / "ansible-playbook", "playbooks/survey.yml", "-i", hosts, "-e", "copy_exlcude=x"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
    assert done.returncode != 0
    assert "Survey the" not in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    return dict(re.findall(r"fatal: \[(\w+)\].*?\"msg\": \"(.*?)\", \"target\"", done.stdout, re.DOTALL))


@pytest.mark.parametrize(
    ("host", "clauses"),
    [
        ("here", []),
        ("nameless", ["offramp_stage is not set for nameless"]),
        ("good", []),
        (
            "typo",
            [
                "shift_stpes is not a variable of offramp.ecs: did you mean shift_steps?",
                "shfit_delay is not a variable of offramp.ecs: did you mean shift_delay?",
                "offramp_regoin is not a variable of offramp.ecs: did you mean offramp_region?",
            ],
        ),
        ("lost", ["no host of the group stages bears (there are: staging; did you mean staging?)"]),
        (
            "built_on_nothing",
            ["offramp_stage is not set for built_on_nothing", "offramp_zone is not set for built_on_nothing"],
        ),
    ],
)
def test_each_mistake_is_told_before_anything_looks_anywhere(
    told: dict[str, str], host: str, clauses: list[str]
) -> None:
    everywhere = "copy_exlcude is not a variable of offramp.ecs: did you mean copy_exclude?"  # from the command line
    for clause in (everywhere, *clauses):
        assert clause in told[host]
    assert told[host].count("not set") + told[host].count("is not a variable") + told[host].count("bears") == 1 + len(
        clauses
    )
