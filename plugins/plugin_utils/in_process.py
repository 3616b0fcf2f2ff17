"""The in-process path: runs a module's own functions inside Ansible's worker, where its vendor library is warm."""

from __future__ import annotations

import ctypes
import json
import signal
import sys
from importlib import import_module
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import filter_loader, test_loader

from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec  # noqa: F401 - workers inherit it

_MODULES = "ansible_collections.offramp.ecs.plugins.modules"
_PR_SET_PDEATHSIG = 1  # linux/prctl.h

# The process that forks the workers loads Ansible's own filters and tests, or two of three workers would: 8 ms each.
filter_loader.get("default")
test_loader.get("defined")


class InProcessAction(ActionBase):  # type: ignore[misc]  # ansible-core ships no types
    """Base of the vendors' action plugins. ``problem`` says what to install where a vendor library is missing."""

    problem = ""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the task's module here, or the ordinary way where the task goes to another host."""
        super().run(tmp, task_vars)
        if self._connection.transport != "local":
            return dict(self._execute_module(module_name=self._task.action, task_vars=task_vars))
        name = self._task.action.rpartition(".")[2]
        if self.problem:
            return _failed(f"{name} cannot run: {self.problem}")
        _die_with_the_run()
        try:
            module = import_module(f"{_MODULES}.{name}").MODULE
        except ImportError as error:  # a library that only this module needs
            return _failed(f"{name} cannot run: a library is not installed ({error}).")
        checked = ArgumentSpecValidator(**module.spec).validate(_plain(self._task.args))
        if checked.error_messages:
            return _failed(f"{name} has wrong arguments: {'; '.join(checked.error_messages)}.")
        result = runner.run_in_worker(module, checked.validated_parameters, self._task, self._say)
        return dict(_plain(result))

    def _say(self, line: str) -> None:
        self._display.display(f"  .. {line}")


def _plain(value: Any) -> Any:
    """Plain JSON values: Ansible's tagged types must not reach vendor libraries, nor ours reach Ansible."""
    return json.loads(json.dumps(value))


def _failed(msg: str) -> dict[str, Any]:
    return {"failed": True, "changed": False, "msg": msg, "kind": "bad_input", "hint": "", "target": ""}


def _die_with_the_run() -> None:
    """Ask the kernel to end this worker when ansible-playbook dies; elsewhere the door's own check must do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
