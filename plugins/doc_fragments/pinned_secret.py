"""The options that name the version of a secret that a task definition pins."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible finds a documentation fragment by this name."""

    DOCUMENTATION = """
    options:
      secret_arn:
        description: Full ARN of the secret with the configuration.
        type: str
        required: true
      secret_version:
        description: Id of the secret's version to pin.
        type: str
        required: true
      secret_keys:
        description: Names of the keys in that version; each becomes an environment variable.
        type: list
        elements: str
        required: true
    """
