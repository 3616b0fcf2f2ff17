"""Runs the modules that join Heroku and AWS in the worker."""

from __future__ import annotations

from ansible_collections.offramp.ecs.plugins.plugin_utils.in_process import InProcessAction

try:
    import httpx  # noqa: F401 - imported here, before the fork, so that every worker has it

    from ansible_collections.offramp.ecs.plugins.module_utils.aws import session

    session.warm()
    _PROBLEM = ""
except ImportError as error:
    _PROBLEM = f"a library is not installed ({error}). Install it: pip install boto3 httpx"


class ActionModule(InProcessAction):
    """Ansible finds an action plugin by this name."""

    problem = _PROBLEM
