"""The options and notes of modules that speak AWS."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible finds a documentation fragment by this name."""

    DOCUMENTATION = """
    options:
      region:
        description: AWS region.
        type: str
        required: true
    requirements:
      - boto3
    notes:
      - Credentials come from the standard AWS environment variables, profile or role; never from an option.
      - C(AWS_ENDPOINT_URL) is obeyed.
    """
