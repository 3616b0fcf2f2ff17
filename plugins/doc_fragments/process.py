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
          cpu:
            description: CPU units of a task (1024 are one vCPU), one of Fargate's sizes.
            type: int
            default: 256
          memory:
            description: MiB of memory of a task, one that Fargate has with C(cpu).
            type: int
            default: 512
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
    """
