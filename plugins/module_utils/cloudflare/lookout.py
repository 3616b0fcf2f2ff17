"""Looks, while a step is judged, whether other hands have changed the steering since the run wrote it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare import session
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.balancing import Balancing
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.seen import refuse_changed, seen_of
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Throttled, Unreachable

_EVERY_S = 5.0
"""Two requests a look, of the 1,200 in five minutes that a token has for all its apps."""


class Lookout:
    """Looks by two requests, at most every five seconds.

    Args:
        door: asked before each request.
        zone: name of the Cloudflare zone.
        hostname: over which the load balancer stands.
        pools: the old platform's pool and the new one's.
        after: what the run was told last of the steering; empty to look at nothing.
    """

    def __init__(self, door: Door, zone: str, hostname: str, pools: tuple[str, str], after: Mapping[str, Any]) -> None:
        self._door, self._zone, self._hostname, self._pools, self._after = door, zone, hostname, pools, after
        self._balancing: Optional[Balancing] = None
        self._due = 0.0

    def look(self) -> None:
        """Look, unless that was done just now. An API that does not answer is no reason to stop: traffic goes on.

        Raises:
            Refused: other hands have changed the steering; with both states.
        """
        if not self._after or time.monotonic() < self._due:
            return
        self._balancing = self._balancing or Balancing(session.client(self._door))
        try:
            ground = self._balancing.glance(self._zone, self._hostname, self._pools)
        except (Unreachable, Throttled):
            return
        self._due = time.monotonic() + _EVERY_S
        refuse_changed(self._hostname, seen_of(ground, *self._pools), self._after, *self._pools)
