"""A world and an inventory of many small apps without dynos and tasks: only what a run has to ask and to make.

The inventory is that of the rehearsal, with hosts ``app-01`` and so on in place of its one app.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from tests.bench.measure import ROOT

ZONE = "bond.example"
CONFIG_VARS = 20
_VARIABLES = ROOT / "inventories" / "rehearsal" / "group_vars"
_PROCESS = {"command": ["node", "server.js"], "port": 8080, "desired": 0, "minimum": 0, "maximum": 2}


def write_seed(apps: int, path: Path) -> Path:
    """A seed of so many apps at Heroku behind one zone; returns the path."""
    names = _names(apps)
    records = [
        {"type": "CNAME", "name": f"{name}.{ZONE}", "content": f"heroku:{name}.{ZONE}", "proxied": True}
        for name in names
    ]
    seed = {
        "heroku": {name: _app(name) for name in names},
        "aws": {"images": {name: {"v42": {}} for name in names}, "certificates": [f"*.{ZONE}"]},
        "cloudflare": {"zones": {ZONE: {"dns": records}}},
    }
    path.write_text(json.dumps(seed, indent=1))
    return path


def write_inventory(apps: int, path: Path) -> Path:
    """The inventory of these apps and their stage; returns the path."""
    ours = {
        **_variables("apps.yml"),
        "offramp_app": "{{ inventory_hostname }}",
        "offramp_heroku_app": "{{ inventory_hostname }}",
        "offramp_hostname": f"{{{{ inventory_hostname }}}}.{ZONE}",
        "release_processes": {"web": _PROCESS},
    }
    groups = {
        "stages": {"hosts": {"production": {}}},
        "apps": {"hosts": {name: {} for name in _names(apps)}, "vars": ours},
    }
    path.write_text(json.dumps({"all": {"vars": _variables("all.yml"), "children": groups}}, indent=1))
    return path


def _names(apps: int) -> list[str]:
    return [f"app-{number:02}" for number in range(1, apps + 1)]


def _app(name: str) -> dict[str, Any]:
    return {
        "config": {f"SETTING_{number:02}": f"{name} {number:02} value" for number in range(CONFIG_VARS)},
        "formation": {"web": {"quantity": 0, "command": "node server.js"}},
        "domains": [f"{name}.{ZONE}"],
    }


def _variables(group: str) -> dict[str, Any]:
    variables: dict[str, Any] = yaml.safe_load((_VARIABLES / group).read_text())
    return variables
