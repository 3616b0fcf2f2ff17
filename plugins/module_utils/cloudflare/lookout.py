"""Looks, while a step is judged, whether other hands have changed the steering since the run wrote it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare import session
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.balancing import Balancing
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.parts import POOLS
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.seen import AFTER, refuse_changed, seen_of
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Throttled, Unreachable
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import Options

STEERING: Options = {"steering": {"type": "dict", "options": {**POOLS, **AFTER}}}
"""The two pools behind a hostname, and what the run was told last of their steering; without it nobody looks."""

_EVERY_S = 5.0
"""Two requests a look, of the 1,200 in five minutes that a token has for all its apps."""


class Lookout:
    """Looks by two requests, at most every five seconds.

    Args:
        steering: the option of that name.
        door: asked before each request.
    """

    def __init__(self, steering: Mapping[str, Any], door: Door) -> None:
        self._steering, self._door = steering, door
        self._balancing: Optional[Balancing] = None
        self._due = 0.0

    def look(self) -> None:
        """Look, unless that was done just now. An API that does not answer is no reason to stop: traffic goes on.

        Raises:
            Refused: other hands have changed the steering; with both states.
        """
        if not self._steering["after"] or time.monotonic() < self._due:
            return
        hostname, old, new = (self._steering[name] for name in ("hostname", "old", "new"))
        self._balancing = self._balancing or Balancing(session.client(self._door))
        try:
            ground = self._balancing.glance(self._steering["zone"], hostname, [old, new])
        except (Unreachable, Throttled):
            return
        self._due = time.monotonic() + _EVERY_S
        refuse_changed(hostname, seen_of(ground, old, new), self._steering["after"], old, new)
