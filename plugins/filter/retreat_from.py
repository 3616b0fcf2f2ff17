"""The filter that tells a role how much traffic may stay where a ramp ended early."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.policy import stepping


def retreat_from(judged: Mapping[str, Any], unattended: Any) -> int:
    """The share in percent that may stay, see :func:`stepping.retreat`; ``judged`` may be a task that failed."""
    verdict = (judged.get("health") or {}).get("verdict", "")
    return stepping.retreat(str(verdict), int(unattended))


class FilterModule:
    """Ansible finds filters by this name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file."""
        return {"retreat_from": retreat_from}
