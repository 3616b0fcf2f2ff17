"""The options that say which config vars travel, and under which name."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible finds a documentation fragment by this name."""

    DOCUMENTATION = """
    options:
      include:
        description:
          - Patterns of keys that travel. A key written out here travels even when the platform or an add-on owns it.
        type: list
        elements: str
        default: ["*"]
      exclude:
        description: Patterns of keys that do not travel.
        type: list
        elements: str
        default: []
      rename:
        description: Key at Heroku to name on AWS. A key named here travels.
        type: dict
        default: {}
      constants:
        description:
          - Name on AWS to its text. It wins over a key from Heroku of that name. Ansible shows it, as it does every
            argument, so a constant is no place for a secret. Numbers and switches must be in quotes.
        type: dict
        default: {}
      references:
        description:
          - Name on AWS to the secret that its value is read from, by name or full ARN, with C(:KEY) where the secret is
            a map (C(production/memorydb:url)). It wins over a key from Heroku of that name, which is how an add-on's
            key gets its service's new home.
        type: dict
        default: {}
    """
