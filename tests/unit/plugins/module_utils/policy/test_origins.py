"""What is said of an origin: the cases in ``origin_cases.yml``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.offramp.ecs.plugins.module_utils.engine.origin import Answer, Origin
from ansible_collections.offramp.ecs.plugins.module_utils.policy.origins import expected, judge

CASES: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "origin_cases.yml").read_text())
NOW, DAY = 1_800_000_000.0, 86_400
ORIGIN = Origin("bond-heroku", "fjord.herokudns.com", "api.bond.example")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_answer_is_judged_as_its_case_says(case: dict[str, Any]) -> None:
    told = dict(case["answer"])
    days = told.pop("days_left", None)
    answer = Answer(**told, expires=NOW + days * DAY if days is not None else 0.0)
    finding = judge(ORIGIN, "/health", case.get("codes", "200"), answer, NOW)
    assert finding.verdict == case["verdict"]
    assert finding.told.startswith("Origin bond-heroku (fjord.herokudns.com) ")
    assert case["says"] in finding.told
    assert case.get("do", "") in finding.hint
    assert bool(finding.hint) == (finding.verdict != "good")


@pytest.mark.parametrize(
    ("status", "codes", "good"),
    [(200, "200", True), (204, "2xx", True), (302, "200, 302", True), (200, "204", False), (500, "2XX", False)],
)
def test_which_statuses_are_expected(status: int, codes: str, good: bool) -> None:
    assert expected(status, codes) is good
