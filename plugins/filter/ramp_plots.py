"""The filter that draws the ramps of an old ledger."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.offramp.ecs.plugins.plugin_utils.ramp_plot import ramps, svg


def ramp_plots(ledger: str) -> list[dict[str, str]]:
    """``host`` and ``svg`` of each ramp that a ledger's text tells of."""
    try:
        lines = [json.loads(line) for line in ledger.splitlines() if line.strip()]
        drawn = [{"host": ramp.host, "svg": svg(ramp)} for ramp in ramps(lines)]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise AnsibleFilterError("This is no ledger of offramp.ecs: its lines are not what it writes.") from None
    if not drawn:
        raise AnsibleFilterError(
            "This ledger tells of no ramp: it has no windows. Give that of a run that shifted traffic."
        )
    return drawn


class FilterModule:
    """Ansible finds filters by this name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file."""
        return {"ramp_plots": ramp_plots}
