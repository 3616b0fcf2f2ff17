"""The managed policies of AWS, which moto ships, and those of the account."""

from __future__ import annotations

import json
from functools import cache

from rehearsal.aws.adapters.reach import reach


@cache
def aws_managed() -> frozenset[str]:
    """The ARNs of AWS's managed policies, without partition and account: "policy/service-role/Name"."""
    known = json.loads(reach("moto.iam.aws_managed_policies", "aws_managed_policies_data"))
    return frozenset(f"policy{policy['Path']}{name}" for name, policy in known.items())


def has_customer_policy(arn: str) -> bool:
    """Whether the current account has a policy of this ARN."""
    return arn in reach("ministack.services.iam", "_policies")


def trust_of(role: str) -> str:
    """The text of the trust policy of a role of the current account, by its ARN; empty where there is none."""
    found = reach("ministack.services.iam", "_roles").get(role.rpartition("/")[2], {})
    trust = found.get("AssumeRolePolicyDocument", "")
    return trust if isinstance(trust, str) else json.dumps(trust)


reach("ministack.services.iam", "_roles")
reach("ministack.services.iam", "_policies")
