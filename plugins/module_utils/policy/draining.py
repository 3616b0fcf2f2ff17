"""Whether a request that is under way is served to its end when its task goes, and a new task gets the time to come.

A task that is to go is taken from its target group, which sends it nothing new and waits for the deregistration delay;
then it gets SIGTERM, and SIGKILL after its stop timeout. The load balancer itself ends a request that is silent for its
idle timeout. So each of the three must outlast the slowest request. All times are in seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LONGEST_STOP = 120
"""What Fargate allows
(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html, stopTimeout)."""
HEROKU_S = 30.0
"""Heroku's router ends a request without a first byte after so long, so where nothing slower was seen nothing needs to
be slower (https://devcenter.heroku.com/articles/limits#router)."""


@dataclass(frozen=True)
class Balancer:
    """What stands before the tasks."""

    deregistration_delay: int
    idle_timeout: int
    health_interval: int
    healthy_threshold: int

    @property
    def first_healthy(self) -> int:
        """From a task's first answer until it can be healthy."""
        return self.health_interval * self.healthy_threshold


@dataclass(frozen=True)
class Process:
    """A process type behind it; ``boot`` is from its start until it listens, 0 where nobody said."""

    name: str
    stop_timeout: int
    health_grace: int
    boot: int = 0


@dataclass(frozen=True)
class Fault:
    """What is in the wrong order, with the numbers, and what to set."""

    told: str
    hint: str


def processes_of(types: Mapping[str, Mapping[str, Any]], boot: int) -> tuple[Process, ...]:
    """Those process types with a port, by name, with all their settings."""
    return tuple(
        Process(name, each["stop_timeout"], each["health_grace"], boot) for name, each in types.items() if each["port"]
    )


def slowest(stated: float, seen: float) -> float:
    """The slowest request to reckon with: the stated one, or one that was seen and is slower."""
    return max(stated, seen)


def faults(balancer: Balancer, processes: Sequence[Process], request: float, deadline: float = 0) -> list[Fault]:
    """What is in the wrong order.

    Args:
        balancer: what stands before the processes.
        processes: those with a port.
        request: how long the slowest request takes that is to be served to its end.
        deadline: of a rollout; 0 where it is not to be judged.
    """
    of_processes = (fault for process in processes for fault in _process(balancer, process, request, deadline))
    return [*_balancer(balancer, request), *of_processes]


def _balancer(balancer: Balancer, request: float) -> Iterator[Fault]:
    if balancer.deregistration_delay < request:
        yield Fault(
            f"a request may take {request:g} s, and a task that goes is let go after {balancer.deregistration_delay} s "
            "(deregistration delay)",
            f"Set provision_deregistration_delay to {math.ceil(request)} or more.",
        )
    if balancer.idle_timeout < request:
        yield Fault(
            f"a request may take {request:g} s, and the load balancer ends one that is silent for "
            f"{balancer.idle_timeout} s (idle timeout)",
            f"Set provision_idle_timeout to {math.ceil(request)} or more, and the app's keep-alive above it.",
        )


def _process(balancer: Balancer, process: Process, request: float, deadline: float) -> Iterator[Fault]:
    needed = min(math.ceil(request), LONGEST_STOP)
    if not needed <= process.stop_timeout <= LONGEST_STOP:
        yield Fault(
            f"a request may take {request:g} s, and process {process.name} is killed {process.stop_timeout} s after "
            "SIGTERM (stop_timeout)",
            f"Set stop_timeout of {process.name} to {needed} or more, {LONGEST_STOP} at most.",
        )
    healthy = balancer.first_healthy + process.boot
    if process.health_grace < healthy:
        boot = f" after {process.boot} s of booting" if process.boot else ""
        checks = f"{balancer.healthy_threshold} checks, {balancer.health_interval} s apart{boot}"
        yield Fault(
            f"process {process.name} has a grace period of {process.health_grace} s, and can be healthy after "
            f"{healthy} s ({checks})",
            f"Set health_grace of {process.name} to {healthy} or more, or check more often.",
        )
    least = healthy + balancer.deregistration_delay + process.stop_timeout
    if 0 < deadline < least:
        parts = (
            f"{healthy} until a task is healthy, {balancer.deregistration_delay} of draining, {process.stop_timeout}"
        )
        yield Fault(
            f"a rollout is given up after {deadline:g} s, and one of process {process.name} may need {least} s "
            f"({parts} to stop)",
            f"Set release_deadline to more than {least}.",
        )
