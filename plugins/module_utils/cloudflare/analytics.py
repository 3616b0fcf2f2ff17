"""How Cloudflare's edge divided the traffic of a load balancer, from its GraphQL analytics.

The data set loadBalancingRequestsAdaptiveGroups counts requests by pool; it is sampled, late, and of the Pro plan on
(https://developers.cloudflare.com/load-balancing/reference/load-balancing-analytics/). It needs Analytics: Read.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any, Optional

from cloudflare import Cloudflare

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.fault import spoken
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.parts import Zone
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.zones import find_zone
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Denied, Unreachable

_QUERY = """{ viewer { zones(filter: {zoneTag: %s}) {
  loadBalancingRequestsAdaptiveGroups(limit: 100, filter: {lbName: %s, datetime_geq: %s, datetime_lt: %s}) {
    count avg { sampleInterval } dimensions { selectedPoolName } } } } }"""


class EdgeCounts:
    """Asks how many requests went to each pool; one request a look once the zone is known."""

    def __init__(self, api: Cloudflare, zone: str, hostname: str) -> None:
        self._api, self._zone_name, self._hostname = api, zone, hostname
        self._zone: Optional[Zone] = None

    def by_pool(self, since: float, until: float) -> dict[str, tuple[int, float]]:
        """Pool -> its requests and of how many each counted one stands, between two moments since the epoch.

        Raises:
            OfframpError: Cloudflare does not tell; Denied where token or plan do not allow it.
        """
        zone = self._zone = self._zone or find_zone(self._api, self._zone_name)
        asked = (zone.id, self._hostname, _time(since), _time(until))
        body = {"query": _QUERY % tuple(json.dumps(value) for value in asked)}
        with spoken(f"analytics of zone {zone.name}", scope=f"Analytics: Read on zone {zone.name}"):
            answer = self._api.post("/graphql", cast_to=object, body=body)
        return dict(_rows(answer, zone.name))


def _rows(answer: Any, zone: str) -> list[tuple[str, tuple[int, float]]]:
    said = answer.get("errors") if isinstance(answer, dict) else None
    if said:
        raise Denied(
            f"Cloudflare does not tell the analytics of zone {zone} ({said[0].get('message', 'no reason given')}).",
            target=f"zone {zone}",
            hint="They need the Pro plan, and a token with Analytics: Read.",
        )
    try:
        (told,) = answer["data"]["viewer"]["zones"]
        groups = told["loadBalancingRequestsAdaptiveGroups"]
        return [
            (str(it["dimensions"]["selectedPoolName"]), (int(it["count"]), float(it["avg"]["sampleInterval"])))
            for it in groups
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise Unreachable(f"Cloudflare's analytics of zone {zone} are not what they were.", target=zone) from error


def _time(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
