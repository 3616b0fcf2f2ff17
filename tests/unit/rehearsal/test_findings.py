"""The page of what chaos found: it hides nothing that was not as promised, or not run."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from rehearsal.attack import MODES, Point
from rehearsal.cli import main
from rehearsal.findings import Cause, FindingsError, Table, load_causes, page, tables_of
from rehearsal.series import Run, Series

POINT = Point("aws", "CreateService", "offramp.ecs/ecs_service", "web", "write", 1)
OTHER, THIRD, LAST = (dataclasses.replace(POINT, target=target) for target in ("worker", "clock", "mail"))


def stopped(*struck: Point, **more: Any) -> Run:
    return dataclasses.replace(Run(list(struck), list(struck[-1:]), -9, [], [], 0, []), **more)


END = Run([], [], 0, [], [], 0, [])
ALONE = Series([POINT], [stopped(POINT), END], [], 0, 1200, 9.6)
LATE = dataclasses.replace(ALONE, failed=3)
PAIR = Series([OTHER, THIRD], [Run([OTHER, THIRD], [], 0, [], [], 0, [])], [], 0, 1000, 10.0)
REPORT = {
    "command": ["ansible-playbook", "playbooks/release.yml", "-i", "inventories/rehearsal"],
    "modes": {
        "kill": {
            "on": "2026-11-23",
            "points": [dataclasses.asdict(point) for point in (POINT, OTHER, THIRD, LAST)],
            "series": [dataclasses.asdict(series) for series in (PAIR, LATE)],
        }
    },
}


def test_a_row_counts_what_was_tried() -> None:
    printed = page(tables_of(REPORT))
    assert "points | tried | in series | got over | as promised | series | same end | runs | clear | " in printed
    assert "| release.yml | kill | 2026-11-23 | 4 | 3 | 2 | 2 | 2 | 2 | 2 | 3 | 3 | 2,200 | 3 | 20 |" in printed


def test_what_was_not_run_is_told() -> None:
    lines = page(tables_of(REPORT)).splitlines()
    assert [line.split("|")[2].strip() for line in lines if "not run |" in line] == [*MODES][1:]


def test_a_mode_of_another_name_is_kept() -> None:
    mode = {"on": "2026-11-24", "points": [dataclasses.asdict(POINT)], "series": [dataclasses.asdict(ALONE)]}
    assert "| release.yml | 500, at writes | 2026-11-24 | 1 | 1 | 0 |" in page(
        tables_of({**REPORT, "modes": {"500, at writes": mode}})
    )


@pytest.mark.parametrize(
    ("breach", "told"),
    [
        ({"failed": 3}, "3 of 1200 requests failed"),
        ({"differences": ["/aws: 1 -> 2"]}, "differs: /aws: 1 -> 2"),
        ({"runs": [stopped(POINT), dataclasses.replace(END, unclear=["Traceback"])]}, "unclear: Traceback"),
        ({"runs": [END]}, "the call did not come"),
        ({"runs": [stopped(POINT), dataclasses.replace(END, code=2)]}, "run again, it ended with 2"),
        ({"runs": [stopped(POINT, orphans=1), END]}, "1 orphans"),
    ],
)
def test_each_breach_is_told_with_its_cause_or_the_lack_of_one(breach: dict[str, Any], told: str) -> None:
    table = Table("release.yml", "kill", "2026-11-23", [POINT], [dataclasses.replace(ALONE, **breach)])
    line = f"- release.yml, kill, `aws CreateService web [offramp.ecs/ecs_service]`: {told}. "
    assert line + "NOT EXPLAINED." in page([table])
    cause = Cause(playbook="release.yml", mode="kill", at="CreateService", cause="The vendor is so.")
    assert line + "The vendor is so." in page([table], [cause])
    assert line + "The vendor is so." in page([table], [cause.model_copy(update={"mode": "all"})])
    assert line + "NOT EXPLAINED." in page([table], [cause.model_copy(update={"mode": "500"})])


def test_a_series_that_is_bad_although_its_points_are_good_is_told() -> None:
    parts = [dataclasses.replace(PAIR, points=[each], runs=[stopped(each), END]) for each in (OTHER, THIRD)]
    many = [dataclasses.replace(PAIR, failed=7), *parts]
    table = Table("release.yml", "kill", "2026-11-23", [OTHER, THIRD], many)
    told = "release.yml, kill, 2 points together, each as promised without the others (`aws CreateService worker "
    assert told in page([table])
    assert "7 of 1000 requests failed. NOT EXPLAINED." in page([table])


def test_of_many_points_together_some_are_named_and_a_cause_may_name_any() -> None:
    points = [dataclasses.replace(OTHER, target=f"worker-{number}") for number in range(5)]
    parts = [dataclasses.replace(PAIR, points=[each], runs=[stopped(each), END]) for each in points]
    together = dataclasses.replace(PAIR, points=points, runs=[*map(stopped, points), END], failed=7)
    table = Table("release.yml", "kill", "2026-11-23", points, [together, *parts])
    cause = Cause(playbook="release.yml", mode="kill", at="worker-4", cause="The vendor is so.")
    text = page([table], [cause])
    assert "worker-2 [offramp.ecs/ecs_service]`, and 2 more): 7 of " in text
    assert "worker-4" not in text
    assert "The vendor is so." in text


def test_a_page_without_a_breach_says_so() -> None:
    table = Table("release.yml", "kill", "2026-11-23", [POINT], [ALONE])
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
