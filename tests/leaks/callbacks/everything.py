"""Prints every event with all that Ansible gives a callback, as JSON lines: more than ansible.posix.json shows."""

from __future__ import annotations

import json
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: everything
type: stdout
short_description: Print every event as a line of JSON
description:
  - Takes the place of C(ansible.posix.json), which is not part of ansible-core, and shows more - results with their
    private keys, the arguments and variables of each task, and progress as it is displayed.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible-core ships no types
    """Ansible finds a callback by this name."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "everything"

    def v2_on_any(self, *args: Any, **kwargs: Any) -> None:
        """Print one event."""
        for about in (*args, *kwargs.values()):
            self._display.display(json.dumps(_told(about), default=repr))


def _told(about: Any) -> Any:
    if hasattr(about, "_result"):
        return {"result": about._result, "task": vars(about._task), "host": about._host.get_name()}
    return getattr(about, "__dict__", about)
