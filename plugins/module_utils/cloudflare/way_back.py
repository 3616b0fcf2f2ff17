"""The way back to the old platform: what of a balancer's steering stands in its way, and is set right. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.parts import Ground
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Missing


@dataclass(frozen=True)
class Road:
    """The steering as far as the way back asks for it.

    Attributes:
        old_open: whether the old pool is enabled; None where there is none.
        new_open: whether the new pool is enabled.
        leads_to_new: whether the load balancer names the new pool.
        astray: whether it does not steer by weights, or falls back elsewhere than on the old pool.
    """

    old_open: Optional[bool] = True
    new_open: bool = True
    leads_to_new: bool = True
    astray: bool = False


def road_of(ground: Ground, old: str, new: str) -> Road:
    """The road as it is."""
    there = {name: bool(ground.pools[name].owned["enabled"]) for name in (old, new) if name in ground.pools}
    owned = ground.balancer.owned if ground.balancer else {}
    astray = bool(owned) and (owned["steering_policy"], owned["fallback_pool"]) != ("random", old)
    return Road(there.get(old), there.get(new, False), new in owned.get("pools", ()), astray)


def open_and_close(road: Road, hostname: str, old: str, new: str) -> list[Change]:
    """Open the old pool before the new one is closed, so that there is always one.

    Raises:
        Missing: no traffic can come back, since no load balancer sends any away, or there is no old pool.
    """
    if not road.leads_to_new:
        raise Missing(
            f"No Cloudflare load balancer divides the traffic of {hostname} between {old} and {new}.",
            target=f"Cloudflare load balancer {hostname}",
            hint="Run playbooks/shift.yml first; until then all traffic goes where the DNS record points.",
        )
    if road.old_open is None:
        raise Missing(
            f"Cloudflare has no pool {old}, so no traffic of {hostname} can go back to it.",
            target=f"Cloudflare pool {old}",
            hint="Make it again under that name, or delete the load balancer: then the DNS record serves.",
        )
    closed, opened = {"enabled": False}, {"enabled": True}
    opening = [] if road.old_open else [Change("start", f"Cloudflare pool {old}", closed, opened, (old, opened))]
    closing = [Change("stop", f"Cloudflare pool {new}", opened, closed, (new, closed))] if road.new_open else []
    return opening + closing


def routing(old_id: str, new_id: str) -> dict[str, Any]:
    """The fields of a load balancer beside its weights that lead back, whatever other hands have made of them."""
    return {"steering_policy": "random", "default_pools": [old_id, new_id], "fallback_pool": old_id}
