"""The filters that tell roles which process types of an app are services, and which one runs before them, and all their
settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import processes


class FilterModule:
    """Ansible finds filters by this name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file."""
        return {
            "services_of": processes.services_of,
            "gates_of": processes.gates_of,
            "described_of": processes.described_of,
        }
