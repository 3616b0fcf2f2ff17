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
    description: ARN of the certificate; empty to find it by its tags.
    type: str
    default: ""
  tags:
    description: Tags that exactly one issued certificate of the region has.
    type: dict
    default: {}
  hostname:
    description: Hostname that it must serve.
    type: str
    required: true
  alternative_names:
    description: Further names that it must serve.
    type: list
    elements: str
    default: []
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

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws.certificates import Certificate, Certificates, serves
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module

SPEC = spec.spec(
    spec.AWS,
    options={
        "arn": {"type": "str", "default": ""},
        "tags": {"type": "dict", "default": {}},
        "hostname": {"type": "str", "required": True},
        "alternative_names": {"type": "list", "elements": "str", "default": []},
        "days": {"type": "int", "default": 14},
    },
)


@dataclass(frozen=True)
class Want:
    """Which certificate (by its ARN, else by its tags) must serve which names, and how long."""

    arn: str
    tags: Mapping[str, str]
    names: tuple[str, ...]
    days: int


def connect(params: Mapping[str, Any], door: Door) -> Certificates:
    """ACM in the wanted region."""
    return Certificates(params["region"], door)


def want_of(params: Mapping[str, Any]) -> Want:
    """The wanted certificate; it must be of the region, as its ARN tells."""
    arn, region = params["arn"], params["region"]
    tags = {str(key): str(value) for key, value in params["tags"].items()}
    parts = arn.split(":")
    if not arn and not tags:
        raise BadInput("No certificate is given.", target="certificate", hint="Give its ARN or its tags.")
    if arn and (parts[2:3] != ["acm"] or len(parts) != 6):
        raise BadInput(f"{arn!r} is not the ARN of an ACM certificate.", target="certificate", hint="Correct it.")
    if arn and parts[3] != region:
        raise BadInput(
            f"The certificate {arn} is of {parts[3]}, and a load balancer in {region} cannot use it.",
            target=f"certificate {arn}",
            hint=f"Request one in {region}.",
        )
    return Want(arn, tags, (params["hostname"], *params["alternative_names"]), params["days"])


def observe(api: Certificates, want: Want) -> Certificate:
    """The certificate, checked."""
    have = api.describe(want.arn or _only(api.tagged(want.tags), want))
    wrong = fault_of(have, want)
    if wrong:
        raise BadInput(
            f"The certificate {have.arn} {wrong}.",
            target=f"certificate {have.arn}",
            hint=f"Give an issued certificate for {', '.join(want.names)}, or none, so that one is requested.",
        )
    return have


def _only(arns: list[str], want: Want) -> str:
    if len(arns) == 1:
        return arns[0]
    tags = ", ".join(f"{key}={value}" for key, value in want.tags.items())
    raise BadInput(
        f"{len(arns) or 'No'} issued certificates have the tags {tags}: {', '.join(sorted(arns)) or 'one is needed'}.",
        target=f"certificate with {tags}",
        hint="Let the tags name exactly one, or give its ARN.",
    )


def fault_of(have: Certificate, want: Want) -> str:
    """What is wrong with a certificate, as the end of a sentence; "" when nothing is. Pure."""
    if have.status != "ISSUED":
        return f"is not issued, but {have.status}"
    unserved = [wanted for wanted in want.names if not any(serves(name, wanted) for name in have.names)]
    if unserved:
        return f"is for {', '.join(have.names)}, not for {', '.join(unserved)}"
    if have.days < want.days:
        return f"ends in {have.days} days"
    return ""


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
