"""The ledger: one line of JSON for each change and each verdict, as evidence. Nothing ever reads it back as state."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

from ansible_collections.offramp.ecs.plugins.plugin_utils.ramp_plot import ramps, svg

DOCUMENTATION = """
name: ledger
type: notification
short_description: Keep a ledger of changes and verdicts
description:
  - Writes one line of JSON for each change that a module of this collection planned or made, for each verdict, for
    each failure, for calls that had to write to look (previews, which are undone), and for each period of counts that a
    ramp was judged by (windows), to a file of its own per run.
  - At the end of a run with a ramp it draws it, beside that file and from its lines alone (docs/guard.md).
  - Lines of a dry run say C("dry":true).
  - Secret values are in no result of this collection, so they are in no line.
options:
  path:
    description: Folder for the ledger's files. It is made when the first line is written.
    type: path
    default: ledger
    env:
      - name: OFFRAMP_LEDGER
    ini:
      - section: offramp
        key: ledger
"""

_VERDICTS: dict[str, Callable[[Any], bool]] = {
    "drift": lambda report: bool(report["resources"]),
    "ground": lambda report: bool(report["differs"]),
    "health": lambda _report: True,
    "preflight": lambda report: any(finding["verdict"] != "good" for finding in report["findings"]),
    "rollout": lambda _report: True,
    "run": lambda report: report["verdict"] != "not_due",
    "use": lambda report: bool(report["stale"]),
}
"""Reports that judge something, by their key in a result, and when they are worth a line."""
_WINDOWS = "windows"
"""The part of a report that has a line for each of its members: the periods by which a ramp was judged."""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible-core ships no types
    """Ansible finds a callback by this name."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "offramp.ecs.ledger"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, display: Any = None) -> None:
        super().__init__(display)
        self._playbook = ""
        self._file: Path | None = None
        self._lines: list[dict[str, Any]] = []

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Remember which playbook runs."""
        self._playbook = os.path.basename(playbook._file_name)

    def v2_runner_on_ok(self, result: Any) -> None:
        """Write what a task changed or judged."""
        self._write(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Write why a task failed."""
        self._write(result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        """Write what one round of a loop changed or judged."""
        self._write(result)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        """Write why one round of a loop failed."""
        self._write(result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Draw the ramps of this run."""
        for ramp in ramps(self._lines):
            picture = self._open_file().with_suffix(f".{ramp.host}.svg")
            picture.write_text(svg(ramp), encoding="utf-8")
            self._display.display(f"The ramp of {ramp.host} is drawn in {picture}")

    def _write(self, result: Any) -> None:
        lines = [{**self._about(result), **entry} for entry in entries(result._result)]
        if lines:
            with self._open_file().open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(line) + "\n" for line in lines)
        self._lines += lines

    def _about(self, result: Any) -> dict[str, Any]:
        return {
            "at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds"),
            "playbook": self._playbook,
            "host": result._host.get_name(),
            "task": result._task.get_name(),
        }

    def _open_file(self) -> Path:
        if self._file is None:
            folder = Path(self.get_option("path"))
            folder.mkdir(parents=True, exist_ok=True)
            now = datetime.datetime.now(datetime.timezone.utc)
            self._file = folder / f"{now:%Y%m%dT%H%M%S}-{os.getpid()}.jsonl"
        return self._file


def entries(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The ledger's entries for one module result; none for results of other collections' modules.

    A task with ``changed_when: false`` only looks ahead: what it would change is no change of its run.
    """
    if "dry" not in result:
        return []
    changes = result["changes"] if result.get("changed") else []
    found: list[dict[str, Any]] = [{"entry": "change", "dry": result["dry"], **change} for change in changes]
    judged = {key: result[key] for key, telling in _VERDICTS.items() if key in result and telling(result[key])}
    for key, report in judged.items():
        told = {name: value for name, value in _without_log(report).items() if name != _WINDOWS}
        found += [{"entry": "window", "dry": result["dry"], "window": it} for it in report.get(_WINDOWS, ())]
        found.append({"entry": "verdict", "dry": result["dry"], key: told})
    if result.get("previews"):
        found.append({"entry": "preview", "dry": result["dry"], "calls": result["previews"]})
    if "kind" in result:
        about = {key: result[key] for key in ("msg", "kind", "target", "hint")}
        found.append({"entry": "failure", "dry": result["dry"], **about})
    return found


def _without_log(report: dict[str, Any]) -> dict[str, Any]:
    """What an app prints is for the person who waits, and not for keeping."""
    return {key: value for key, value in report.items() if key != "log"}
