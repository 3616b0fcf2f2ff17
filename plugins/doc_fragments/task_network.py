"""The options that say where tasks run."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible finds a documentation fragment by this name."""

    DOCUMENTATION = """
    options:
      subnets:
        description: Ids of the subnets that tasks run in.
        type: list
        elements: str
        default: []
      security_groups:
        description: Ids of the tasks' security groups.
        type: list
        elements: str
        default: []
      public_ip:
        description: Whether tasks have public addresses.
        type: bool
        default: false
    """
