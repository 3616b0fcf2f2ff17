"""A person's approval of a step: it travels in the load balancer's description, behind the marker of who set the share.

Two terminals see the same load balancer, and nothing else in common: so neither needs a file.
"""

from __future__ import annotations

import re
from typing import Optional

from cloudflare import Cloudflare

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.fault import spoken
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.parts import Row, Zone
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.session import read
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.zones import find_zone

_APPROVED = re.compile(r"; approved to (\d+) %$")


def approved_in(description: str) -> int:
    """The highest share in percent that is approved; 0 where nothing is."""
    found = _APPROVED.search(description)
    return int(found[1]) if found else 0


def without_approval(description: str) -> str:
    """The description as it is without any approval."""
    return _APPROVED.sub("", description)


def with_approval(description: str, share: int) -> str:
    """The description with the approval of all steps up to a share; of none with 0."""
    bare = without_approval(description)
    return f"{bare}; approved to {share} %" if share else bare


class Approvals:
    """Reads what is approved for a hostname, by one request a look once its zone is known."""

    def __init__(self, api: Cloudflare, zone: str, hostname: str) -> None:
        self._api, self._zone_name, self._hostname = api, zone, hostname
        self._zone: Optional[Zone] = None

    def share(self) -> int:
        """The highest share in percent that is approved; 0 where nothing is.

        Raises:
            OfframpError: Cloudflare does not tell.
        """
        zone = self._zone = self._zone or find_zone(self._api, self._zone_name)
        with spoken(f"load balancers of zone {zone.name}", scope=f"Load Balancers: Read on zone {zone.name}"):
            rows: list[Row] = read(self._api, f"/zones/{zone.id}/load_balancers") or []
        mine = next((row for row in rows if row["name"] == self._hostname), {})
        return approved_in(str(mine.get("description") or ""))
