"""The option that describes one process type of an app."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible finds a documentation fragment by this name."""

    DOCUMENTATION = """
    options:
      process:
        description: Settings of one process type, as the inventory gives them. Each module uses those that concern it.
        type: dict
        required: true
        suboptions:
          command:
            description: Command and arguments; empty for the image's own.
            type: list
            elements: str
            default: []
          size:
            description:
              - A dyno size of Heroku (C(standard-2x)) in place of C(cpu) and C(memory); it becomes the smallest task of
                Fargate that has at least as much of both.
            type: str
            default: ""
          cpu:
            description: CPU units of a task (1024 are one vCPU), one of Fargate's sizes; 256 without a C(size).
            type: int
          memory:
            description: MiB of memory of a task, one that Fargate has with C(cpu); 512 without a C(size).
            type: int
          architecture:
            description: The processor that the image is built for.
            type: str
            choices: [X86_64, ARM64]
            default: X86_64
          port:
            description: Port on which the process listens behind the load balancer; 0 for a process without one.
            type: int
            default: 0
          environment:
            description: Plain settings that are no secret, for this process type alone.
            type: dict
            default: {}
          stop_timeout:
            description: Seconds from SIGTERM to SIGKILL, at most 120.
            type: int
            default: 30
          health_command:
            description: Command that checks the container's health from inside, C(CMD-SHELL) first; empty for none.
            type: list
            elements: str
            default: []
          health_grace:
            description: Seconds after a task's start for which failed health checks do not count.
            type: int
            default: 60
          desired:
            description: Number of tasks at the service's creation. It belongs to autoscaling afterwards.
            type: int
            default: 1
          minimum:
            description: Fewest tasks that autoscaling keeps.
            type: int
            default: 1
          maximum:
            description: Most tasks that autoscaling starts; 0 for no autoscaling.
            type: int
            default: 0
          target_cpu:
            description: Percent of CPU that autoscaling aims at; 0 for no such policy.
            type: int
            default: 60
          target_memory:
            description: Percent of memory that autoscaling aims at; 0 for no such policy.
            type: int
            default: 75
          target_requests:
            description: Requests a minute and task that autoscaling aims at, where there is a port; 0 for none.
            type: int
            default: 1000
          scale_in:
            description: Whether policies may take tasks away; without it they only add some.
            type: bool
            default: true
          scale_in_cooldown:
            description: Seconds after tasks were taken away before more are.
            type: int
            default: 300
          scale_out_cooldown:
            description: Seconds after tasks were added before more are, for a load that has not grown since.
            type: int
            default: 60
          schedule:
            description:
              - Bounds that change by the clock. Each stays in force until the next one that sets it, so an entry that
                lowers a bound needs one that raises it again.
            type: list
            elements: dict
            default: []
            suboptions:
              name:
                description: Name of the scheduled action, of letters, digits and hyphens.
                type: str
                required: true
              when:
                description: When it acts, as C(cron(0 22 * * ? *)), C(rate(1 day)) or C(at(2030-12-24T18:00:00)).
                type: str
                required: true
              timezone:
                description: Time zone of C(when), such as V(Europe/Berlin).
                type: str
                default: UTC
              minimum:
                description: Fewest tasks from then on; unchanged where it is not given.
                type: int
              maximum:
                description: Most tasks from then on; unchanged where it is not given.
                type: int
    """
