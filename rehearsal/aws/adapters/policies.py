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


reach("ministack.services.iam", "_policies")
