"""Runs the modules that speak to Cloudflare in the worker."""

from __future__ import annotations

from ansible_collections.offramp.ecs.plugins.plugin_utils.in_process import InProcessAction

try:
    from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare import session

    session.warm()
    _PROBLEM = ""
except ImportError as error:
    _PROBLEM = f"the Cloudflare library is not installed ({error}). Install it: pip install cloudflare"


class ActionModule(InProcessAction):
    """Ansible finds an action plugin by this name."""

    problem = _PROBLEM
