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
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws.certificates import (
    Certificate,
    Certificates,
    Given,
    given_of,
)
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


def connect(params: Mapping[str, Any], door: Door) -> Certificates:
    """ACM in the wanted region."""
    return Certificates(params["region"], door)


def want_of(params: Mapping[str, Any]) -> Given:
    """The certificate to look at."""
    if not (params["arn"] or params["tags"]):
        raise BadInput("No certificate is given.", target="certificate", hint="Give its ARN or its tags.")
    names = (params["hostname"], *params["alternative_names"])
    return given_of(params["arn"], params["tags"], names, params["days"], params["region"])


def report(have: Certificate) -> dict[str, Any]:
    """What playbooks use."""
    return {"arn": have.arn, "names": list(have.names), "days": have.days}


MODULE = Module(
    name="acm_certificate_info",
    noun="certificate",
    spec=SPEC,
    connect=connect,
    want=want_of,
    observe=Certificates.given,
    report=report,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
