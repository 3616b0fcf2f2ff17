"""Runs the modules that speak to Heroku in the worker."""

from __future__ import annotations

from ansible_collections.offramp.ecs.plugins.plugin_utils.in_process import InProcessAction

try:
    import httpx  # noqa: F401 - imported here, before the fork, so that every worker has it

    _PROBLEM = ""
except ImportError as error:
    _PROBLEM = f"httpx is not installed ({error}). Install it: pip install httpx"


class ActionModule(InProcessAction):
    """Ansible finds an action plugin by this name."""

    problem = _PROBLEM
