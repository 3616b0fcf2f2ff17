"""Runs the modules that speak to no vendor in the worker."""

from __future__ import annotations

from ansible_collections.offramp.ecs.plugins.plugin_utils.in_process import InProcessAction


class ActionModule(InProcessAction):
    """Ansible finds an action plugin by this name."""
