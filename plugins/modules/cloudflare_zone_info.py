#!/usr/bin/python
"""What a Cloudflare zone says about a hostname."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare import session
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.balancing import Balancing
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.parts import Ground
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import spec

DOCUMENTATION = """
module: cloudflare_zone_info
short_description: A Cloudflare zone, and what it has for a hostname
version_added: 0.1.0
author: The Offramp founders (@offramp)
description:
  - Finds the zone, the DNS records of the hostname, how Cloudflare speaks to origins, and whether a load balancer
    stands over the hostname.
options:
  zone:
    description: Name of the Cloudflare zone.
    type: str
    required: true
  hostname:
    description: Name that visitors use.
    type: str
    required: true
extends_documentation_fragment:
  - offramp.ecs.cloudflare
"""

EXAMPLES = """
- name: Look at the zone
  offramp.ecs.cloudflare_zone_info:
    zone: bond.example
    hostname: api.bond.example
"""

RETURN = """
zone:
  description: The zone. C(ssl) is empty where the token may not see it.
  returned: success
  type: dict
  sample:
    name: bond.example
    status: active
    plan: Pro Website
    ssl: strict
    hostname: api.bond.example
    records: [{type: CNAME, content: mighty-fjord.herokudns.com, proxied: true}]
    load_balancer: false
"""

SPEC = spec(options={"zone": {"type": "str", "required": True}, "hostname": {"type": "str", "required": True}})


@dataclass(frozen=True)
class Want:
    """What to look for."""

    zone: str
    hostname: str


@dataclass(frozen=True)
class Have:
    """What was found."""

    hostname: str
    ground: Ground
    records: tuple[dict[str, Any], ...]
    ssl: str


def connect(_params: runner.Params, door: Door) -> Balancing:
    """The client."""
    return Balancing(session.client(door))


def observe(api: Balancing, want: Want) -> Have:
    """Read the zone, its load balancers, the records of the hostname and the TLS mode."""
    ground = api.ground(want.zone, want.hostname, [])
    return Have(want.hostname, ground, tuple(api.records(want.hostname)), api.ssl_mode())


def report(have: Have) -> dict[str, Any]:
    """What playbooks may use."""
    zone = have.ground.zone
    return {
        "name": zone.name,
        "status": zone.status,
        "plan": zone.plan,
        "ssl": have.ssl,
        "hostname": have.hostname,
        "records": list(have.records),
        "load_balancer": have.ground.balancer is not None,
    }


MODULE = runner.Module[Balancing, Want, Have](
    name="cloudflare_zone_info",
    noun="zone",
    spec=SPEC,
    connect=connect,
    want=lambda params: Want(params["zone"], params["hostname"]),
    observe=observe,
    report=report,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
