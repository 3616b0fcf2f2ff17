from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from ansible_collections.offramp.ecs.plugins.plugin_utils.ramp_plot import Axis, ramps, svg

AT = 1795734000
SVG = "{http://www.w3.org/2000/svg}"


def line(entry: str, host: str = "bond", **told: Any) -> dict[str, Any]:
    return {"at": "2026-11-26T23:10:00.000+00:00", "host": host, "entry": entry, "dry": False, **told}


def window(start: int, share: int = 10, m: float = 0.7, **sides: Any) -> dict[str, Any]:
    told = {"new": {"requests": 100, "errors": 1}, "old": {"requests": 900, "errors": 0}, **sides}
    known = {name: side for name, side in told.items() if side is not None}
    return line("window", window={"start": AT + start, "seconds": 60, "wanted_share": share, "m": m, **known})


def verdict(share: int, outcome: str, second: int, reason: str = "so it is") -> dict[str, Any]:
    health = {"wanted_share": share, "verdict": outcome, "reason": reason, "limit": 200.0}
    minute, rest = divmod(second, 60)
    return {**line("verdict", health=health), "at": f"2026-11-26T23:{minute:02}:{rest:02}.000+00:00"}


LEDGER = [
    line("change", verb="shift"),
    verdict(0, "pass", 0),
    window(0),
    window(60),
    verdict(10, "pass", 130),
    window(180, share=25, old=None),
    window(240, share=25, m=7000.0, new={"requests": 250, "errors": 50}),
    verdict(25, "fail", 310, "errors of <AWS> & others"),
]


def drawn(*lines: dict[str, Any]) -> ET.Element:
    (ramp,) = ramps(lines)
    return ET.fromstring(svg(ramp))  # noqa: S314 - our own


def texts(picture: ET.Element, kind: str) -> list[str]:
    return [it.text or "" for it in picture.iter(f"{SVG}text") if kind in (it.get("class") or "").split()]


def test_each_decision_is_a_line_with_its_reason() -> None:
    picture = drawn(*LEDGER)
    marks = [it.get("class") for it in picture.iter(f"{SVG}line") if "mark" in (it.get("class") or "")]
    assert marks == ["mark pass", "mark fail"]
    assert [it.text for it in picture.iter(f"{SVG}title")] == ["so it is", "errors of <AWS> & others"]
    assert (texts(picture, "pass"), texts(picture, "fail")) == (["10 % ✓"], ["25 % failed"])


def test_every_panel_has_a_heading_and_slow_requests_only_where_they_were_counted() -> None:
    assert texts(drawn(*LEDGER), "head") == [
        "Share of AWS",
        "Errors, of each side's requests",
        "Evidence against AWS (logarithmic)",
    ]
    slow = window(0, new={"requests": 100, "errors": 1, "slow": 7})
    assert "Slow requests, of each side's" in texts(drawn(slow, window(60)), "head")


def points(picture: ET.Element, kind: str) -> list[int]:
    """How many points each line of a kind has."""
    lines = [it for it in picture.iter(f"{SVG}polyline") if it.get("class") == kind]
    return [len((it.get("points") or "").split()) for it in lines]


def test_what_is_not_known_is_not_drawn() -> None:
    known = [window(at) for at in (0, 60, 180, 240, 360)]
    picture = drawn(*known, window(120, new=None), window(300, new=None))
    assert points(picture, "line new") == [2, 2, 2, 2]  # of the share, and of errors
    assert len([it for it in picture.iter(f"{SVG}circle") if it.get("class") == "dot new"]) == 2
    assert points(picture, "line old") == [7]


def test_time_at_which_nobody_looked_is_not_bridged_and_the_wanted_share_changes_with_a_decision() -> None:
    picture = drawn(window(0), window(60), verdict(10, "pass", 130), window(300, share=50), window(360, share=50))
    assert points(picture, "line new") == [2, 2, 2, 2]  # of the share, and of errors, before and after
    (path,) = [it.get("d") or "" for it in picture.iter(f"{SVG}path") if it.get("class") == "wanted"]
    (mark,) = [it.get("x1") for it in picture.iter(f"{SVG}line") if it.get("class") == "mark pass"]
    assert f"H{mark} V" in path


def test_a_picture_stands_alone_and_inside_its_frame() -> None:
    (ramp,) = ramps(LEDGER)
    text = svg(ramp)
    assert re.findall(r"(?:href|src|url|@import)", text) == []
    picture = ET.fromstring(text)  # noqa: S314 - our own
    width, height = (float(it) for it in (picture.get("viewBox") or "").split()[2:])
    for it in picture.iter(f"{SVG}text"):
        assert 0 <= float(it.get("x") or -1) <= width
        assert 0 <= float(it.get("y") or -1) <= height


def test_a_ledger_may_tell_of_many_hosts_of_none_and_of_dry_runs() -> None:
    other = [{**it, "host": "other"} for it in LEDGER]
    assert [ramp.host for ramp in ramps([*LEDGER, *other])] == ["bond", "other"]
    assert ramps([line("change"), verdict(10, "pass", 0)]) == []
    assert ramps([{**it, "dry": True} for it in LEDGER]) == []


def test_a_ramp_without_a_decision_and_one_of_a_single_window_are_drawn() -> None:
    assert "No step was decided." in svg(ramps([window(0)])[0])


def test_a_period_that_was_told_again_late_counts_as_it_was_told_last() -> None:
    (ramp,) = ramps([window(0, new=None), window(0)])
    assert len(ramp.windows) == 1
    assert "new" in ramp.windows[0]


@pytest.mark.parametrize(
    ("axis", "value", "pixel"),
    [
        (Axis(0, 100, 200, 100), 25, 175),
        (Axis(0.1, 1000, 200, 100, log=True), 10, 150),
        (Axis(0.1, 1000, 200, 100, log=True), 0, 200),
        (Axis(0, 100, 200, 100), 500, 100),
        (Axis(5, 5, 200, 100), 5, 200),
    ],
)
def test_values_stand_where_the_axis_says(axis: Axis, value: float, pixel: float) -> None:
    assert axis.at(value) == pixel
