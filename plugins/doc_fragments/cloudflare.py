"""The notes of modules that speak to Cloudflare."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible finds a documentation fragment by this name."""

    DOCUMENTATION = """
    options: {}
    requirements:
      - cloudflare
    notes:
      - The token comes from the environment variable C(CLOUDFLARE_API_TOKEN); never from an option.
      - C(CLOUDFLARE_BASE_URL) is obeyed.
    """
