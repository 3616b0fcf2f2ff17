"""How much faster than AWS the ECS stand-in is where nothing is learnt from waiting."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tempo:
    """Durations in seconds. What a request states (grace periods, stop timeouts, drain delays) is honoured as it is."""

    tick: float = 0.2
    """At most this long between two looks of the service scheduler."""
    provision: float = 0.1
    """Attaching the network interface (some 10 s on Fargate)."""
    settle: float = 1.0
    """A task without any health check counts as good when it has run this long; no deployment completes sooner."""
    bake: float = 2.0
    """Deployment alarms are watched this long after a deployment's tasks are good (AWS: minutes, as the alarms say)."""
    restart: float = 0.5
    """First pause before the next start once three starts in a row failed; doubles each time (AWS: minutes)."""
    restart_longest: float = 8.0
    """The longest such pause (AWS: about 27 minutes)."""
    keep_stopped: float = 3600.0
    """Stopped tasks can be described for an hour, as on AWS."""
