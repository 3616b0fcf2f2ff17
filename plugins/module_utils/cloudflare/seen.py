"""What Cloudflare says of a balancer's steering at one moment, and whether other hands have changed it since.

Cloudflare has no compare-and-swap. So each write of the weights carries a marker (who, which run, which share) in the
balancer's description, in the same request, and a run remembers what it saw last. What differs from that, and does not
carry the run's own marker with the weights that it tells, was done by somebody else.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.approval import without_approval
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.parts import Ground, weights_for, weights_of
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Refused
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import Options

Seen = Mapping[str, Any]
"""``weights`` by pool, ``description``, ``steering_policy``, ``session_affinity``, and what is ``disabled``."""

AFTER: Options = {"after": {"type": "dict", "default": {}}}
"""What the run was told last of the steering: ``run`` and ``seen`` of a report."""

_MARK = re.compile(r" (?P<run>[0-9a-f]{6}): (?P<share>\d+) % on ")


def new_run() -> str:
    """A name for this run, which tells its writes from those of other runs."""
    return secrets.token_hex(3)


def mark(marker: str, run: str, share: int, new: str) -> str:
    """The description of a balancer whose weights a run has set."""
    return f"{marker} {run}: {share} % on {new}"


def seen_of(ground: Ground, old: str, new: str) -> dict[str, Any]:
    """The steering as it is, without a person's approval of a step; without a load balancer there is none."""
    balancer = ground.balancer
    disabled = [
        f"pool {name}" for name in (old, new) if name in ground.pools and not ground.pools[name].owned["enabled"]
    ]
    if balancer is None:
        return {"weights": {}, "description": "", "steering_policy": "", "session_affinity": "", "disabled": disabled}
    return {
        "weights": weights_of(balancer, ground.pools),
        "description": without_approval(str(balancer.raw.get("description") or "")),
        "steering_policy": balancer.owned["steering_policy"],
        "session_affinity": balancer.owned["session_affinity"],
        "disabled": disabled + ([] if balancer.owned["enabled"] else ["the load balancer"]),
    }


def refuse_changed(hostname: str, now: Seen, after: Mapping[str, Any], old: str, new: str) -> None:
    """Refuse to go on where other hands have changed the steering since the run looked last. Pure.

    Args:
        hostname: over which the load balancer stands.
        now: what Cloudflare says.
        after: what the run was told last; empty where it was told nothing, and then nothing is refused.
        old: name of the old platform's pool.
        new: name of the new platform's pool.

    Raises:
        Refused: with both states.
    """
    if not after or now == after["seen"] or _is_own(now, after, old, new):
        return
    raise Refused(
        f"Other hands changed Cloudflare load balancer {hostname}: this run knew {told(after['seen'])}; "
        f"Cloudflare says {told(now)}. Nothing more was moved.",
        target=f"Cloudflare load balancer {hostname}",
        hint="Who changed it wins. Look who that was; playbooks/shift.yml, run again, goes on from what is there.",
    )


def _is_own(now: Seen, after: Mapping[str, Any], old: str, new: str) -> bool:
    """Whether the run itself wrote what is there, in a request whose answer it never got."""
    found = _MARK.search(now["description"])
    if found is None or found["run"] != after["run"]:
        return False
    written = {"weights": weights_for(old, new, int(found["share"])), "description": now["description"]}
    return now == {**after["seen"], **written}


def told(seen: Seen) -> str:
    """The steering in half a sentence."""
    if not seen["steering_policy"]:
        return ", ".join(["no load balancer", *(f"{name} disabled" for name in seen["disabled"])])
    weights = ", ".join(f"{name} {100 * weight:g} %" for name, weight in seen["weights"].items())
    affinity = f", affinity by {seen['session_affinity']}" if seen["session_affinity"] != "none" else ""
    disabled = "".join(f", {name} disabled" for name in seen["disabled"])
    return f"{weights} (by {seen['steering_policy']}{affinity}{disabled}; described as {seen['description']!r})"
