"""Targets that were taken out of a group: they drain for the group's deregistration delay before they are gone."""

from __future__ import annotations

import time
from collections.abc import Iterable

from rehearsal.aws.adapters.moto_balancers import GroupState

Target = tuple[str, int]
DELAY = "deregistration_delay.timeout_seconds"


class Draining:
    """Notices by comparing: what was registered at the last look and is not any more, drains. For one thread."""

    def __init__(self) -> None:
        self._registered: dict[str, set[Target]] = {}
        self._until: dict[str, dict[Target, float]] = {}

    def look(self, groups: Iterable[GroupState]) -> None:
        """Take note of who left and who came back. A group that no load balancer uses drops its targets at once."""
        now = time.monotonic()
        seen = {group.arn: group for group in groups}
        self._until = {arn: leaving for arn, leaving in self._until.items() if arn in seen}
        for arn, group in seen.items():
            registered = set(group.targets)
            leaving = self._until.setdefault(arn, {})
            delay = float(group.attributes.get(DELAY, 300)) if group.balancers else 0.0
            leaving |= dict.fromkeys(self._registered.get(arn, set()) - registered, now + delay)
            self._until[arn] = {
                target: until for target, until in leaving.items() if target not in registered and until > now
            }
        self._registered = {arn: set(group.targets) for arn, group in seen.items()}

    def of(self, group: str) -> list[Target]:
        """The targets of a group that drain."""
        return sorted(self._until.get(group, {}))

    def next_end(self) -> float | None:
        """Seconds until the next target is through, or None while none drains."""
        ends = [until for leaving in self._until.values() for until in leaving.values()]
        return max(0.0, min(ends) - time.monotonic()) if ends else None
