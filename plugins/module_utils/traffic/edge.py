"""What a judge asks Cloudflare: who approved which step, and how the edge divided the traffic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Optional

from cloudflare import Cloudflare

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare import session
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.analytics import EdgeCounts
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.approval import Approvals
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.balancing import NOT_PROBED, Balancing
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import Options
from ansible_collections.offramp.ecs.plugins.module_utils.policy.counts import Divided

EDGE: Options = {name: {"type": "str", "default": ""} for name in ("zone", "hostname", "old_pool", "new_pool")}
"""Where Cloudflare is asked."""


Edge = tuple[Callable[[], int], Callable[[float, float], Optional[Divided]], Callable[[], Optional[str]]]


def edge_of(params: Mapping[str, Any], door: Door) -> Edge:
    """Gives the approved share; how the traffic was divided between two moments; and why the new pool is unhealthy.

    The last two are None where it is not known, and where it is not. All raise an OfframpError where Cloudflare does
    not tell, and make no client before they are called.
    """
    zone, hostname, old, new = (params[name] for name in ("zone", "hostname", "old_pool", "new_pool"))

    @cache
    def client() -> Cloudflare:
        return session.client(door)

    @cache
    def approvals() -> Approvals:
        return Approvals(client(), zone, hostname)

    @cache
    def counts() -> EdgeCounts:
        return EdgeCounts(client(), zone, hostname)

    def divide(since: float, until: float) -> Optional[Divided]:
        if not (old and new):
            return None
        found = counts().by_pool(since, until)
        (to_old, one), (to_new, other) = (found.get(pool, (0, 1.0)) for pool in (old, new))
        return Divided(to_new, to_old, max(one, other))

    def sick() -> Optional[str]:
        if not (old and new):
            return None
        balancing = Balancing(client())
        balancing.ground(zone, hostname, [old, new])
        reason = balancing.unhealthy(new)
        return None if reason == NOT_PROBED else reason

    return (lambda: approvals().share()), divide, sick
