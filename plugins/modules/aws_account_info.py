#!/usr/bin/python
"""Who the AWS credentials are, and whether the region is one."""

from __future__ import annotations

DOCUMENTATION = """
module: aws_account_info
short_description: Check AWS credentials and region
description:
  - Asks AWS whose credentials these are, so that a wrong credential, region or endpoint is one clear sentence before
    anything is done.
options:
  id:
    description: Id of the account that the credentials must belong to; empty for any.
    type: str
    default: ""
extends_documentation_fragment:
  - offramp.ecs.aws
version_added: 0.1.0
author: The Offramp founders (@offramp)
"""

EXAMPLES = """
- name: Check the AWS account
  offramp.ecs.aws_account_info:
    region: eu-west-1
"""

RETURN = """
account:
  description: The account.
  returned: success
  type: dict
  contains:
    id: {description: Its id., type: str}
    arn: {description: ARN of the user or role whose credentials were used., type: str}
    region: {description: The region., type: str}
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws import fault, session
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module

SPEC = spec.spec(spec.AWS, options={"id": {"type": "str", "default": ""}})


@dataclass(frozen=True)
class Want:
    """The account that is expected, "" for any, and the region."""

    id: str
    region: str


@dataclass(frozen=True)
class Account:
    """The account as STS tells it."""

    id: str
    arn: str
    region: str


def connect(params: Mapping[str, Any], door: Door) -> Any:
    """STS in the wanted region; asked twice at most, since its first answer tells whether anybody is there at all."""
    return session.client("sts", region=params["region"], door=door, tries=2)


def want_of(params: Mapping[str, Any]) -> Want:
    """The wanted account; the region must be one that AWS has."""
    region = params["region"]
    known = session.regions()
    if region not in known:
        near = difflib.get_close_matches(region, known, n=1)
        raise BadInput(
            f"AWS has no region {region!r}.",
            target=f"region {region}",
            hint=f"Did you mean {near[0]}?" if near else "Correct it, or update boto3 if the region is a new one.",
        )
    return Want(params["id"], region)


def observe(api: Any, want: Want) -> Account:
    """One read."""
    with fault.spoken(f"region {want.region}"):
        said = api.get_caller_identity()
    if want.id and said["Account"] != want.id:
        raise BadInput(
            f"The AWS credentials belong to account {said['Account']}, not to {want.id}.",
            target=f"AWS account {want.id}",
            hint="Use that account's credentials, or correct the inventory.",
        )
    return Account(said["Account"], said["Arn"], want.region)


def report(have: Account) -> dict[str, Any]:
    """What playbooks use."""
    return {"id": have.id, "arn": have.arn, "region": have.region}


MODULE = Module(
    name="aws_account_info", noun="account", spec=SPEC, connect=connect, want=want_of, observe=observe, report=report
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
