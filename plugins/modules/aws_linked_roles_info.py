#!/usr/bin/python
"""Whether an account has the service-linked roles that its services work with."""

from __future__ import annotations

DOCUMENTATION = """
module: aws_linked_roles_info
short_description: Look for service-linked roles
description:
  - Looks whether the account has the roles with which ECS, Elastic Load Balancing and Application Auto Scaling act in
    it. AWS makes one that is missing at its first use, where the credentials allow C(iam:CreateServiceLinkedRole), so a
    missing role is told with the command that makes it, and does not fail.
  - What the credentials may not read is told as not checked.
options:
  services:
    description: The services to look for.
    type: list
    elements: str
    choices: [ecs, elasticloadbalancing, application-autoscaling]
    default: [ecs, elasticloadbalancing, application-autoscaling]
extends_documentation_fragment:
  - offramp.ecs.aws
version_added: 0.1.0
author: The Offramp founders (@offramp)
"""

EXAMPLES = """
- name: Look for the service-linked roles
  offramp.ecs.aws_linked_roles_info:
    region: eu-west-1
"""

RETURN = """
linked_roles:
  description: The roles.
  returned: success
  type: dict
  contains:
    present: {description: Names of those that are there., type: list}
    missing: {description: Names of those that are not., type: list}
    not_checked: {description: Names of those that could not be read., type: list}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import code_of, spoken
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Denied
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module

ROLES = {
    "ecs": ("AWSServiceRoleForECS", "ecs.amazonaws.com"),
    "elasticloadbalancing": ("AWSServiceRoleForElasticLoadBalancing", "elasticloadbalancing.amazonaws.com"),
    "application-autoscaling": (
        "AWSServiceRoleForApplicationAutoScaling_ECSService",
        "ecs.application-autoscaling.amazonaws.com",
    ),
}
"""By service: the role's name, and the name by which AWS makes it."""
SPEC = spec.spec(
    spec.AWS, options={"services": {"type": "list", "elements": "str", "choices": [*ROLES], "default": [*ROLES]}}
)


@dataclass(frozen=True)
class Have:
    """Services by what was found of their roles."""

    present: tuple[str, ...]
    missing: tuple[str, ...]
    unread: tuple[str, ...]


def connect(params: Mapping[str, Any], door: Door) -> Any:
    """IAM, which is of no region."""
    return session.client("iam", region=params["region"], door=door)


def observe(api: Any, want: tuple[str, ...]) -> Have:
    """One read for each role."""
    found = {service: _is_there(api, ROLES[service][0]) for service in want}
    return Have(*(tuple(one for one, state in found.items() if state is wanted) for wanted in (True, False, None)))


def _is_there(api: Any, role: str) -> bool | None:
    """Whether there is such a role; None where nobody may tell."""
    try:
        with spoken(f"role {role}"):
            try:
                api.get_role(RoleName=role)
            except ClientError as error:
                if code_of(error) == "NoSuchEntity":
                    return False
                raise
    except Denied:
        return None
    return True


def report(have: Have) -> dict[str, Any]:
    """What playbooks use."""
    sides = {"present": have.present, "missing": have.missing, "not_checked": have.unread}
    return {side: [ROLES[service][0] for service in services] for side, services in sides.items()}


def headline(have: Have) -> list[str]:
    """What is missing and how it comes to be; what was not checked."""
    told = [
        f"The account has no service-linked role {ROLES[service][0]}: AWS makes it at the first use where the "
        "credentials allow iam:CreateServiceLinkedRole, else run aws iam create-service-linked-role "
        f"--aws-service-name {ROLES[service][1]}"
        for service in have.missing
    ]
    unread = ", ".join(ROLES[service][0] for service in have.unread)
    return told + [f"Service-linked roles were not checked, the credentials lack iam:GetRole: {unread}"] * bool(unread)


MODULE = Module(
    name="aws_linked_roles_info",
    noun="linked_roles",
    spec=SPEC,
    connect=connect,
    want=lambda params: tuple(params["services"]),
    observe=observe,
    report=report,
    headline=headline,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
