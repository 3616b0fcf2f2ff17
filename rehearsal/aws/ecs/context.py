"""What every part of the ECS stand-in works with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rehearsal.aws.ecs.addresses import Addresses
from rehearsal.aws.ecs.logs import LogDriver
from rehearsal.aws.ecs.naming import Naming
from rehearsal.aws.ecs.store import Store
from rehearsal.aws.ecs.surroundings import Surroundings
from rehearsal.aws.ecs.tempo import Tempo


@dataclass(frozen=True)
class Context:
    """One region's ECS: its tables, its neighbours, and what is shared by its tasks."""

    naming: Naming
    store: Store
    surroundings: Surroundings
    logs: LogDriver
    addresses: Addresses
    tempo: Tempo = field(default_factory=Tempo)
    app_environment: Mapping[str, str] = field(default_factory=dict)
    """REHEARSAL_* variables that every app process of the world gets."""
