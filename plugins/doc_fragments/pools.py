"""The options that name the two pools behind a hostname."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible finds a documentation fragment by this name."""

    DOCUMENTATION = """
    options:
      zone:
        description: Name of the Cloudflare zone.
        type: str
        required: true
      hostname:
        description: Name that visitors use, over which the load balancer stands.
        type: str
        required: true
      old:
        description: Name of the old platform's pool.
        type: str
        required: true
      new:
        description: Name of the new platform's pool.
        type: str
        required: true
    """
