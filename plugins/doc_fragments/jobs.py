"""The option that names an app's scheduled jobs."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible finds a documentation fragment by this name."""

    DOCUMENTATION = """
    options:
      jobs:
        description: Jobs that run by the clock, as the inventory gives them (C(release_jobs)).
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: Name of the job, of letters, digits, hyphens and underscores.
            type: str
            required: true
          when:
            description: When it runs, as C(cron(30 3 * * ? *)), C(rate(10 minutes)) or C(at(2030-12-24T18:00:00)).
            type: str
            required: true
          timezone:
            description: Time zone of C(when), such as V(Europe/Berlin).
            type: str
            default: UTC
          process:
            description: What it runs, as option C(process) of M(offramp.ecs.ecs_task_definition); a command at least.
            type: dict
            required: true
    """
