"""The summary at the end of a run: what each module has to say in a sentence, per app and stage."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: summary
type: aggregate
short_description: Sum up a run in sentences
description:
  - Prints at the end of a run, per host, the sentences that the modules of this collection gave for it, in the order
    of the tasks. A later sentence about the same thing replaces an earlier one.
  - After a failure it prints the failure last, with what to do about it.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible-core ships no types
    """Ansible finds a callback by this name."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "offramp.ecs.summary"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, display: Any = None) -> None:
        super().__init__(display)
        self._sentences: dict[str, list[str]] = {}
        self._previews: Counter[str] = Counter()

    def v2_runner_on_ok(self, result: Any) -> None:
        """Keep what a task says of itself, and count its previews."""
        self._keep(result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        """Keep what one round of a loop says of itself."""
        self._keep(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Keep why a task failed."""
        self._keep_failure(result)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        """Keep why one round of a loop failed."""
        self._keep_failure(result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Print the summary."""
        for host, sentences in self._sentences.items():
            self._display.banner(f"SUMMARY [{host}]")
            for sentence in sentences:
                self._display.display(f"- {sentence}")
            if self._previews[host]:
                self._display.display(f"- Previews: {self._previews[host]} calls that write to look, undone again.")

    def _keep(self, result: Any) -> None:
        self._count(result)
        told = self._sentences.setdefault(result._host.get_name(), [])
        for sentence in result._result.get("headline", []):
            about = sentence.partition(":")[0]
            told[:] = [other for other in told if other.partition(":")[0] != about] + [sentence]
        if not told:
            del self._sentences[result._host.get_name()]

    def _count(self, result: Any) -> None:
        self._previews[result._host.get_name()] += result._result.get("previews", 0)

    def _keep_failure(self, result: Any) -> None:
        self._count(result)
        sentence = failure_of(result._result)
        if sentence:
            self._sentences.setdefault(result._host.get_name(), []).append(f"FAILED: {sentence}")


def failure_of(result: dict[str, Any]) -> str:
    """Why a task failed, on one line; nothing where its rounds told that already.

    Ansible's own tasks fail, too: an assertion on a verdict, a rescue that says what it did.
    """
    return "" if "results" in result else " ".join(str(result.get("msg", "")).split())
