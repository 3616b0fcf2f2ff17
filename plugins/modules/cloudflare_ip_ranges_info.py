#!/usr/bin/python
"""The addresses from which Cloudflare connects to origins."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any

from cloudflare import Cloudflare

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare import session
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.fault import spoken
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Unreachable
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import spec

DOCUMENTATION = """
module: cloudflare_ip_ranges_info
short_description: Read Cloudflare's published address ranges
version_added: 0.1.0
author: The Offramp founders (@offramp)
description:
  - Reads the ranges from which Cloudflare connects to origins. No token is needed, and none is sent.
  - An answer that cannot be whole (empty, too short, not ranges, private or far too wide ones) is refused, so that it
    can never become a list that admits nobody or everybody.
options: {}
extends_documentation_fragment:
  - offramp.ecs.cloudflare
"""

EXAMPLES = """
- name: Read Cloudflare's ranges
  offramp.ecs.cloudflare_ip_ranges_info:
  register: cloudflare
"""

RETURN = """
ip_ranges:
  description: The ranges, sorted by address.
  returned: success
  type: dict
  sample:
    ipv4: [103.21.244.0/22, 103.22.200.0/22]
    ipv6: ["2400:cb00::/32"]
"""

SPEC = spec(options={})
_TARGET = "Cloudflare's address ranges"
_LEAST = {"ipv4": 5, "ipv6": 3}
"""Ranges below which an answer is held for broken: for years there have been 15 and 7."""
_WIDEST = {"ipv4": 8, "ipv6": 24}
"""The shortest prefix that is believed; the widest published ones have been /13 and /29."""


@dataclass(frozen=True)
class Ranges:
    """Ranges in their normal form, sorted by address."""

    ipv4: tuple[str, ...]
    ipv6: tuple[str, ...]


def connect(_params: runner.Params, door: Door) -> Cloudflare:
    """The client, without a token."""
    return session.client(door, anonymous=True)


def observe(api: Cloudflare, _want: None) -> Ranges:
    """One read."""
    with spoken(_TARGET):
        told = session.read_openly(api, "/ips")
    if not isinstance(told, dict):
        raise broken("it is not an object")
    return Ranges(normal(told.get("ipv4_cidrs"), "ipv4"), normal(told.get("ipv6_cidrs"), "ipv6"))


def normal(told: Any, family: str) -> tuple[str, ...]:
    """Ranges in their normal form, sorted by address; pure.

    Raises:
        Unreachable: this cannot be what Cloudflare publishes.
    """
    ranges = told if isinstance(told, list) else []
    if len(set(map(str, ranges))) < _LEAST[family]:
        raise broken(f"it has {len(ranges)} ranges of {family}, and at least {_LEAST[family]} are expected")
    return tuple(str(one) for one in sorted({_network(text, family) for text in ranges}))


def _network(text: Any, family: str) -> Any:
    kind = ipaddress.IPv4Network if family == "ipv4" else ipaddress.IPv6Network
    try:
        found = kind(str(text))
    except ValueError as error:
        raise broken(f"{str(text)[:50]!r} is no range of {family}") from error
    if found.prefixlen < _WIDEST[family] or not found.is_global:
        raise broken(f"{found} is not a range that Cloudflare can have")
    return found


def broken(why: str) -> Unreachable:
    """The refusal of an answer."""
    return Unreachable(
        f"Cloudflare's list of its address ranges cannot be whole: {why}.",
        target=_TARGET,
        hint="Nothing was changed; compare https://www.cloudflare.com/ips and CLOUDFLARE_BASE_URL, then run again.",
    )


def report(have: Ranges) -> dict[str, Any]:
    """What playbooks may use."""
    return {"ipv4": list(have.ipv4), "ipv6": list(have.ipv6)}


MODULE = runner.Module[Cloudflare, None, Ranges](
    name="cloudflare_ip_ranges_info",
    noun="ip_ranges",
    spec=SPEC,
    connect=connect,
    want=lambda _params: None,
    observe=observe,
    report=report,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
