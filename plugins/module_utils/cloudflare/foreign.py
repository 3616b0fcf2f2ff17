"""What of other hands we leave alone, and say so."""

from __future__ import annotations

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.parts import (
    Ground,
    is_open,
    weighted_share,
    weights_of,
)
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Refused


def refuse_foreign(ground: Ground, hostname: str, old: str, new: str) -> None:
    """Refuse what somebody made for another purpose, and what would move traffic by being converged.

    Args:
        ground: what there is.
        hostname: over which the load balancer stands, or shall stand.
        old: name of the old platform's pool.
        new: name of the new platform's pool.

    Raises:
        Refused: with what is there and what to do.
    """
    balancer = ground.balancer
    if ground.elsewhere:
        raise Refused(
            f"The pools {old} and {new} serve {', '.join(ground.elsewhere)} already, not {hostname}.",
            target=hostname,
            hint="Check the hostname, or give this one pools of its own.",
        )
    if balancer is None:
        return
    pools, policy = balancer.owned["pools"], balancer.owned["steering_policy"]
    if set(pools) != {old, new} or policy != "random":
        raise Refused(
            f"{balancer.target} is not ours: it steers by {policy!r} between the pools {', '.join(pools) or 'none'}.",
            target=balancer.target,
            hint=f"Delete it, or let it steer by 'random' between {old} and {new}, then run again.",
        )
    share = weighted_share(weights_of(balancer, ground.pools), new)
    if share and not is_open(ground, new):
        raise Refused(
            f"{balancer.target} gives {share} % to pool {new}, and one of the two is disabled.",
            target=balancer.target,
            hint="Finish the way back with playbooks/rollback.yml first, then shift again.",
        )


def refuse_closed(ground: Ground, new: str) -> None:
    """Refuse to open a new pool that somebody closed: a rollback does so on purpose.

    Raises:
        Refused: with what the load balancer's description says of it.
    """
    pool = ground.pools.get(new)
    if pool is None or pool.owned["enabled"]:
        return
    said = str(ground.balancer.raw.get("description") or "") if ground.balancer else ""
    raise Refused(
        f"{pool.target} is closed, as a rollback leaves it{f' (the load balancer says: {said!r})' if said else ''}.",
        target=pool.target,
        hint="When traffic may move to it again, say so: playbooks/shift.yml -e shift_reopen=true.",
    )
