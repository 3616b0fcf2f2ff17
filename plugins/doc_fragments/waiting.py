"""The options of modules that wait."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible finds a documentation fragment by this name."""

    DOCUMENTATION = """
    options:
      within:
        description: Deadline of the wait, in seconds.
        type: float
        default: 1800.0
      every:
        description: Seconds from one look to the next while waiting.
        type: float
        default: 10.0
    """
