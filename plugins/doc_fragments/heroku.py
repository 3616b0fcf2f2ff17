"""The notes of modules that speak to Heroku."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible finds a documentation fragment by this name."""

    DOCUMENTATION = """
    options: {}
    requirements:
      - httpx
    notes:
      - The token comes from the environment variable C(HEROKU_API_KEY); never from an option.
      - C(HEROKU_API_URL) replaces https://api.heroku.com.
    """
