"""The options that say who uses a secret."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible finds a documentation fragment by this name."""

    DOCUMENTATION = """
    options:
      cluster:
        description: Name of the ECS cluster whose services use the secret. It need not exist.
        type: str
        default: ""
      services:
        description: Names of the services that use the secret, as far as they exist.
        type: list
        elements: str
        default: []
    """
