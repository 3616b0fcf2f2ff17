"""Runs the modules that speak AWS in the worker."""

from __future__ import annotations

from ansible_collections.offramp.ecs.plugins.plugin_utils.in_process import InProcessAction

try:
    from ansible_collections.offramp.ecs.plugins.module_utils.aws import session

    session.warm()
    _PROBLEM = ""
except ImportError as error:
    _PROBLEM = f"boto3 is not installed ({error}). Install it: pip install boto3"


class ActionModule(InProcessAction):
    """Ansible finds an action plugin by this name."""

    problem = _PROBLEM
