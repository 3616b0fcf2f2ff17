"""The option that names the lock of the app that a module's changes need."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible finds a documentation fragment by this name."""

    DOCUMENTATION = """
    options:
      lock:
        description:
          - The lock of the app, which is taken before the first change and renewed while the module waits, see
            M(offramp.ecs.app_lock), which frees it. Without it nothing keeps other runs away.
        type: dict
        suboptions:
          stage:
            description: Name of the stage.
            type: str
            required: true
          app:
            description: Name of the app.
            type: str
            required: true
          purpose:
            description: What it is taken for, for others to read.
            type: str
            required: true
          owner:
            description:
              - A name that a later run of the same person or job has, too, and nobody else. Empty for the job where
                GitLab runs it, else user and host.
            type: str
            default: ""
          break_it:
            description: Whether to take it from another run, which then stops before its next change.
            type: bool
            default: false
          lease:
            description: Seconds after which it is free where nobody renews it.
            type: float
            default: 120.0
    """
