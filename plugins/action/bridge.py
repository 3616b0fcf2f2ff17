"""Runs the modules that join two vendors in the worker."""

from __future__ import annotations

from ansible_collections.offramp.ecs.plugins.plugin_utils.in_process import InProcessAction

try:
    from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
    from ansible_collections.offramp.ecs.plugins.module_utils.engine import http_door

    session.warm()
    http_door.warm()
    _PROBLEM = ""
except ImportError as error:
    _PROBLEM = f"a library is not installed ({error}). Install it: pip install boto3 httpx"


class ActionModule(InProcessAction):
    """Ansible finds an action plugin by this name."""

    problem = _PROBLEM
