"""Runs the modules that speak to Heroku in the worker."""

from __future__ import annotations

from ansible_collections.offramp.ecs.plugins.plugin_utils.in_process import InProcessAction

try:
    from ansible_collections.offramp.ecs.plugins.module_utils.engine import http_door

    http_door.warm()
    _PROBLEM = ""
except ImportError as error:
    _PROBLEM = f"httpx is not installed ({error}). Install it: pip install httpx"


class ActionModule(InProcessAction):
    """Ansible finds an action plugin by this name."""

    problem = _PROBLEM
