"""The options of what a secret has besides its value."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible finds a documentation fragment by this name."""

    DOCUMENTATION = """
    options:
      kms_key:
        description:
          - Customer KMS key of the secret (id, ARN or alias). Empty for AWS's own key. Not given, it is left as it is.
        type: str
      replicas:
        description:
          - Regions that have a replica of the secret, as a set. An empty list takes all replicas away. Not given, they
            are left as they are. AWS makes a replica in its own time, which is not waited for.
        type: list
        elements: dict
        suboptions:
          region:
            description: Region of the replica.
            type: str
            required: true
          kms_key:
            description: Customer KMS key in that region.
            type: str
      policy:
        description: Resource policy of the secret. An empty map takes it away. Not given, it is left as it is.
        type: dict
      tags:
        description: Tags that the secret shall have. Others are left as they are.
        type: dict
    """
