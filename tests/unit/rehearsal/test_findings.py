"""The page of what chaos found: it hides nothing that was not as promised, or not run."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from rehearsal.attack import MODES, Outcome, Point
from rehearsal.cli import main
from rehearsal.findings import Cause, FindingsError, Table, load_causes, page, tables_of

POINT = Point("aws", "CreateService", "offramp.ecs/ecs_service", "web", 1)
GOOD = Outcome(POINT, True, -9, 0, [], [], [], 0, 0, 1200, 9.6)
LATE = dataclasses.replace(GOOD, failed=3)
REPORT = {
    "command": ["ansible-playbook", "playbooks/release.yml", "-i", "inventories/rehearsal"],
    "modes": {
        "kill": {"on": "2026-11-23", "points": 4, "outcomes": [dataclasses.asdict(GOOD), dataclasses.asdict(LATE)]}
    },
}


def test_a_row_counts_what_was_tried() -> None:
    assert "| release.yml | kill | 2026-11-23 | 4 | 2 | 0 | 2 | 2 | 1 | 2,400 | 3 | 19 |" in page(tables_of(REPORT))


def test_what_was_not_run_is_told() -> None:
    lines = page(tables_of(REPORT)).splitlines()
    assert [line.split("|")[2].strip() for line in lines if "not run |" in line] == [*MODES][1:]


def test_a_mode_of_another_name_is_kept() -> None:
    modes = {"500, at writes": {"on": "2026-11-24", "points": 1, "outcomes": [dataclasses.asdict(GOOD)]}}
    assert "| release.yml | 500, at writes | 2026-11-24 | 1 | 1 |" in page(tables_of({**REPORT, "modes": modes}))


@pytest.mark.parametrize(
    ("breach", "told"),
    [
        ({"failed": 3}, "3 of 1200 requests failed"),
        ({"differences": ["/aws: 1 -> 2"]}, "differs: /aws: 1 -> 2"),
        ({"unclear": ["Traceback"]}, "unclear: Traceback"),
        ({"struck": False}, "the call did not come"),
        ({"again": 2}, "run again, it ended with 2"),
        ({"orphans": 1}, "1 orphans"),
    ],
)
def test_each_breach_is_told_with_its_cause_or_the_lack_of_one(breach: dict[str, object], told: str) -> None:
    table = Table("release.yml", "kill", "2026-11-23", 1, [dataclasses.replace(GOOD, **breach)])  # type: ignore[arg-type]
    line = f"- release.yml, kill, `aws CreateService web [offramp.ecs/ecs_service]`: {told}. "
    assert line + "NOT EXPLAINED." in page([table])
    cause = Cause(playbook="release.yml", mode="kill", at="CreateService", cause="The vendor is so.")
    assert line + "The vendor is so." in page([table], [cause])
    assert line + "NOT EXPLAINED." in page([table], [cause.model_copy(update={"mode": "500"})])


def test_a_page_without_a_breach_says_so() -> None:
    table = Table("release.yml", "kill", "2026-11-23", 1, [GOOD])
    assert page([table]).endswith("## Not as promised\n\nNothing of what was tried.\n")


def test_the_command_reads_homes_and_causes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "chaos.json").write_text(json.dumps(REPORT))
    causes = tmp_path / "causes.yml"
    causes.write_text("- {playbook: release.yml, mode: kill, at: CreateService, cause: The machine slept.}")
    assert main(["chaos-table", "--causes", str(causes), str(tmp_path), str(tmp_path / "not-there")]) == 0
    printed = capsys.readouterr().out
    assert "The machine slept." in printed
    assert "| not-there | all | not run |" in printed


def test_a_mistake_in_the_causes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "causes.yml").write_text("- {playbook: release.yml}")
    with pytest.raises(FindingsError, match="The causes in"):
        load_causes(tmp_path / "causes.yml")
