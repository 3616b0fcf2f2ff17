"""Chaos as a whole, in a small world: what is promised is found kept, and each breach is found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rehearsal.attack import Point
from rehearsal.cli import main
from rehearsal.series import Series, Verdicts, verdicts

ROOT = Path(__file__).resolve().parents[3]
SEED = """
heroku: {shop: {config: {KEY: value}, formation: {web: {command: run}}, domains: [api.shop.example]}}
cloudflare: {zones: {shop.example: {dns: [{type: CNAME, name: api.shop.example, content: "heroku:api.shop.example"}]}}}
visitors: {host: api.shop.example, rate: 20}
"""
SAFE = """
import os, sys, urllib.request, json
def call(method, url, token, body=None, accept="application/json"):
    headers = {"Authorization": f"Bearer {token}", "Accept": accept, "Content-Type": "application/json"}
    headers["User-Agent"] = "offramp.ecs/sample"
    request = urllib.request.Request(url, json.dumps(body).encode() if body else None, headers, method=method)
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)
e = os.environ
heroku = (e["HEROKU_API_URL"] + "/apps/shop/config-vars", e["HEROKU_API_KEY"])
cloudflare = (e["CLOUDFLARE_BASE_URL"] + "/zones", e["CLOUDFLARE_API_TOKEN"])
zone = call("GET", *cloudflare)["result"][0]["id"]
records = (f"{cloudflare[0]}/{zone}/dns_records", cloudflare[1])
def names():
    return [row["name"] for row in call("GET", *records)["result"]]
"""
CAREFUL = """
if "www.shop.example" not in names():
    call("POST", *records, {"type": "A", "name": "www.shop.example", "content": "192.0.2.1", "ttl": 1})
if "old.shop.example" not in names():
    call("POST", *records, {"type": "A", "name": "old.shop.example", "content": "192.0.2.2", "ttl": 1})
"""
CARELESS = """
number = len(names())
call("POST", *records, {"type": "A", "name": f"n{number}.shop.example", "content": "192.0.2.1", "ttl": 1})
"""
CREDULOUS = """
try:
    keys = list(call("GET", *heroku, accept="application/vnd.heroku+json; version=3"))
except OSError:
    keys = []
listed = names()
if keys and "www.shop.example" not in listed:
    call("POST", *records, {"type": "A", "name": "www.shop.example", "content": "192.0.2.1", "ttl": 1})
"""


def chaos(folder: Path, script: str, *how: str) -> tuple[int, dict[str, Any], str]:
    """(exit code, what is kept of each mode, what was printed)."""
    (folder / "seed.yml").write_text(SEED)
    (folder / "script.py").write_text(SAFE + script)
    command = [
        sys.executable,
        "-m",
        "rehearsal",
        "chaos",
        "--seed",
        folder / "seed.yml",
        "--home",
        folder / "home",
        "--settle",
        "2",
        *how,
    ]
    command += ["--", sys.executable, folder / "script.py"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ran.stdout, ran.stderr
    return ran.returncode, json.loads((folder / "home" / "chaos.json").read_text())["modes"], ran.stdout


def verdicts_of(kept: dict[str, Any]) -> Verdicts:
    return verdicts([Series.kept(row) for row in kept["series"]], [Point(**row) for row in kept["points"]])


def test_a_careful_script_may_be_killed_at_every_write(tmp_path: Path) -> None:
    chaos(tmp_path, CAREFUL, "--kill", "--every", "2")
    code, modes, printed = chaos(tmp_path, CAREFUL, "--modes", "kill,kill-main", "--resume")
    assert code == 0, printed
    assert printed.count("ok ") == 2, "one point was found to be as promised before"
    assert list(modes) == ["kill", "kill-main"]
    for kept in modes.values():
        targets = sorted(point.target for point in verdicts_of(kept).fine)
        assert targets == ["old.shop.example", "www.shop.example"]
    assert [run["code"] for run in modes["kill-main"]["series"][0]["runs"]] == [-9, -9, 0]


def test_each_point_may_be_alone(tmp_path: Path) -> None:
    code, modes, printed = chaos(tmp_path, CAREFUL, "--kill", "--alone")
    assert code == 0, printed
    assert [[run["code"] for run in series["runs"]] for series in modes["kill"]["series"]] == [[-9, 0]] * 2


def test_a_script_that_does_things_twice_is_caught(tmp_path: Path) -> None:
    code, modes, printed = chaos(tmp_path, CARELESS, "--modes", "kill,lost")
    assert code == 1
    assert "differs" in printed
    for name, stopped in (("kill", -9), ("lost", 1)):
        (series,) = verdicts_of(modes[name]).bad.values()
        assert series.runs[0].code == stopped
        assert any("n2.shop.example" in line or "n3.shop.example" in line for line in series.differences)


def test_of_a_series_the_points_that_are_bad_are_found(tmp_path: Path) -> None:
    """The careful half of the script is as promised, whatever the other does."""
    code, modes, printed = chaos(tmp_path, CAREFUL + CARELESS, "--kill")
    assert code == 1
    found = verdicts_of(modes["kill"])
    assert sorted(point.target for point in found.fine) == ["old.shop.example", "www.shop.example"], printed
    assert [point.target for point in found.bad] == ["n3.shop.example"]
    assert found.together == []


def test_what_the_next_run_mends_is_not_taken_for_good(tmp_path: Path) -> None:
    """The script takes a reset for "there is none" at one place; that it stops at the next call would hide it."""
    code, modes, printed = chaos(tmp_path, CREDULOUS, "--fault", "reset")
    assert code == 1, printed
    told = [point.where for point, series in verdicts_of(modes["reset"]).bad.items() if series.differences]
    assert told == ["heroku GET /apps/{app}/config-vars shop [offramp.ecs/sample]"], printed


def test_a_traceback_is_no_clear_sentence_and_is_not_forgotten_by_a_run_that_resumes(tmp_path: Path) -> None:
    code, modes, printed = chaos(tmp_path, CAREFUL, "--fault", "500", "--every", "2")
    assert code == 1
    assert "unclear" in printed
    kept = modes["500"]
    assert kept["on"]
    found = verdicts_of(kept)
    assert len(found.bad) < len(kept["points"])
    for series in found.bad.values():
        assert series.struck
        assert not series.differences
        assert "the summary has no sentence on the failure" in series.runs[0].unclear
    code, modes, _ = chaos(tmp_path, CAREFUL, "--fault", "500", "--resume", "--budget", "0")
    assert code == 1
    assert modes["500"] == kept


@pytest.mark.parametrize("how", [["--kill", "--after"], ["--modes", "all", "--writes"]])
def test_what_is_said_of_a_fault_needs_one(how: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chaos", *how, "--home", str(tmp_path), "--", "true"]) == 2
    assert "--fault" in capsys.readouterr().err


def test_an_unknown_mode_is_refused_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["chaos", "--modes", "kill,flood", "--", "true"])
    assert "there is no mode flood: all, or some of kill,kill-main" in capsys.readouterr().err
