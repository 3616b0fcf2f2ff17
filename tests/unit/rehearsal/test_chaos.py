"""Chaos as a whole, in a small world: what is promised is found kept, and each breach is found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

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


def test_a_careful_script_may_be_killed_at_every_write(tmp_path: Path) -> None:
    code, modes, printed = chaos(tmp_path, CAREFUL, "--modes", "kill,kill-main")
    assert code == 0, printed
    assert list(modes) == ["kill", "kill-main"]
    for kept in modes.values():
        assert kept["points"] == 2
        assert sorted(outcome["point"]["target"] for outcome in kept["outcomes"]) == [
            "old.shop.example",
            "www.shop.example",
        ]
        assert all(outcome["stopped"] == -9 and outcome["again"] == 0 for outcome in kept["outcomes"])


def test_a_script_that_does_things_twice_is_caught(tmp_path: Path) -> None:
    code, modes, printed = chaos(tmp_path, CARELESS, "--kill")
    assert code == 1
    assert "DIFFERS" in printed
    differences = modes["kill"]["outcomes"][0]["differences"]
    assert any("n2.shop.example" in line or "n3.shop.example" in line for line in differences)


def test_an_answer_that_is_lost_after_its_effect_is_a_mode_of_its_own(tmp_path: Path) -> None:
    code, modes, printed = chaos(tmp_path, CARELESS, "--fault", "reset", "--after", "--writes")
    assert code == 1
    assert list(modes) == ["lost"]
    assert "DIFFERS" in printed
    assert modes["lost"]["outcomes"][0]["stopped"] == 1


def test_a_traceback_is_no_clear_sentence(tmp_path: Path) -> None:
    code, modes, printed = chaos(tmp_path, CAREFUL, "--fault", "500", "--every", "2")
    assert code == 1
    assert "UNCLEAR" in printed
    kept = modes["500"]
    assert len(kept["outcomes"]) < kept["points"]
    for outcome in kept["outcomes"]:
        assert outcome["struck"]
        assert not outcome["differences"]
        assert "the summary has no sentence on the failure" in outcome["unclear"]
