"""The options that name one ECS service."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible finds a documentation fragment by this name."""

    DOCUMENTATION = """
    options:
      cluster:
        description: Name or ARN of the cluster.
        type: str
        required: true
      service:
        description: Name of the service.
        type: str
        required: true
    """
