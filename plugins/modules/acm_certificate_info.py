#!/usr/bin/python
"""Whether a certificate can serve an app's hostname."""

from __future__ import annotations

DOCUMENTATION = """
module: acm_certificate_info
short_description: Check an ACM certificate
description:
  - Reads a certificate and refuses one that a load balancer could not use for the hostname. It must be issued, of the
    stack's region, in force for some days, and of that name.
options:
  arn:
    description: ARN of the certificate.
    type: str
    required: true
  hostname:
    description: Hostname that it must serve.
    type: str
    required: true
  days:
    description: Days for which it must still be in force. ACM renews its own certificates 60 days before their end.
    type: int
    default: 14
extends_documentation_fragment:
  - offramp.ecs.aws
version_added: 0.1.0
author: The Offramp founders (@offramp)
"""

EXAMPLES = """
- name: Check the certificate
  offramp.ecs.acm_certificate_info:
    region: eu-west-1
    arn: arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9
    hostname: api.bond.example
"""

RETURN = """
certificate:
  description: The certificate.
  returned: success
  type: dict
  contains:
    arn: {description: Its ARN., type: str}
    names: {description: The names that it serves., type: list}
    days: {description: "Days until its end, rounded down.", type: int}
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import fault, session
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module

SPEC = spec.spec(
    spec.AWS,
    options={
        "arn": {"type": "str", "required": True},
        "hostname": {"type": "str", "required": True},
        "days": {"type": "int", "default": 14},
    },
)
_A_DAY = 86_400


@dataclass(frozen=True)
class Want:
    """Which certificate must serve which hostname, and how long."""

    arn: str
    hostname: str
    days: int


@dataclass(frozen=True)
class Certificate:
    """A certificate as ACM tells it."""

    arn: str
    status: str
    names: tuple[str, ...]
    days: int


def connect(params: Mapping[str, Any], door: Door) -> Any:
    """ACM in the wanted region."""
    return session.client("acm", region=params["region"], door=door)


def want_of(params: Mapping[str, Any]) -> Want:
    """The wanted certificate; it must be of the region, as its ARN tells."""
    arn, region = params["arn"], params["region"]
    parts = arn.split(":")
    if parts[2:3] != ["acm"] or len(parts) != 6:
        raise BadInput(f"{arn!r} is not the ARN of an ACM certificate.", target="certificate", hint="Correct it.")
    if parts[3] != region:
        raise BadInput(
            f"The certificate {arn} is of {parts[3]}, and a load balancer in {region} cannot use it.",
            target=f"certificate {arn}",
            hint=f"Request one in {region}.",
        )
    return Want(arn, params["hostname"], params["days"])


def observe(api: Any, want: Want) -> Certificate:
    """One read, and the checks."""
    with fault.spoken(f"certificate {want.arn}"):
        found = api.describe_certificate(CertificateArn=want.arn)["Certificate"]
    ends = found.get("NotAfter")
    have = Certificate(
        arn=want.arn,
        status=found["Status"],
        names=tuple(found.get("SubjectAlternativeNames") or [found["DomainName"]]),
        days=int((ends.timestamp() - time.time()) // _A_DAY) if ends else 0,
    )
    wrong = fault_of(have, want)
    if wrong:
        raise BadInput(
            f"The certificate {want.arn} {wrong}.",
            target=f"certificate {want.arn}",
            hint=f"Give the ARN of an issued certificate for {want.hostname}.",
        )
    return have


def fault_of(have: Certificate, want: Want) -> str:
    """What is wrong with a certificate, as the end of a sentence; "" when nothing is. Pure."""
    if have.status != "ISSUED":
        return f"is not issued, but {have.status}"
    if not any(serves(name, want.hostname) for name in have.names):
        return f"is for {', '.join(have.names)}, not for {want.hostname}"
    if have.days < want.days:
        return f"ends in {have.days} days"
    return ""


def serves(name: str, hostname: str) -> bool:
    """Whether a certificate's name covers a hostname; a wildcard stands for exactly one label (RFC 6125, 6.4.3)."""
    name, hostname = name.lower(), hostname.lower()
    return name == hostname or (name.startswith("*.") and hostname.partition(".")[2] == name[2:])


def report(have: Certificate) -> dict[str, Any]:
    """What playbooks use."""
    return {"arn": have.arn, "names": list(have.names), "days": have.days}


MODULE = Module(
    name="acm_certificate_info",
    noun="certificate",
    spec=SPEC,
    connect=connect,
    want=want_of,
    observe=observe,
    report=report,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
