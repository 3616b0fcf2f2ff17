"""The filter that tells a role how many tasks a share of the traffic needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.policy import capacity


def tasks_for(dynos: Any, share: Any, per_dyno: Any, process: Mapping[str, Any]) -> int:
    """The fewest tasks, see :func:`capacity.tasks_for`; ``process`` is the process type of the inventory."""
    try:
        return capacity.tasks_for(int(dynos), int(share), float(per_dyno), int(process.get("maximum", 0)))
    except BadInput as error:
        raise AnsibleFilterError(error.sentence()) from None  # Ansible would print both


class FilterModule:
    """Ansible finds filters by this name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file."""
        return {"tasks_for": tasks_for}
