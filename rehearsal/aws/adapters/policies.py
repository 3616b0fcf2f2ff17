"""Policies: the managed ones of AWS, which moto ships, those of the account, and what a role's decide."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Literal

from rehearsal.aws.adapters import server
from rehearsal.aws.adapters.reach import Patches, reach

Decision = Literal["allowed", "explicitDeny", "implicitDeny"]

_EVALUATOR = "ministack.core.iam_evaluator"
_DECISIONS: dict[str, Decision] = {"Allow": "allowed", "Deny": "explicitDeny"}


@cache
def aws_managed() -> frozenset[str]:
    """The ARNs of AWS's managed policies, without partition and account: "policy/service-role/Name"."""
    known = json.loads(reach("moto.iam.aws_managed_policies", "aws_managed_policies_data"))
    return frozenset(f"policy{policy['Path']}{name}" for name, policy in known.items())


def has_customer_policy(arn: str) -> bool:
    """Whether the current account has a policy of this ARN."""
    return arn in reach("ministack.services.iam", "_policies")


def has_role(name: str) -> bool:
    """Whether the current account has a role of this name."""
    return name in reach("ministack.services.iam", "_roles")


def decide(role: str, action: str, resource: str, context: Mapping[str, Any]) -> Decision:
    """What a role's policies and its permissions boundary decide, with these context keys (in lower case)."""
    account = server.current_account()
    asked = reach(_EVALUATOR, "EvalContext")(
        principal_arn=f"arn:aws:iam::{account}:role/{role}",
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=server.current_region(),
        service_context=dict(context),
    )
    policies = reach(_EVALUATOR, "_gather_role_policies")(role, account)
    limits = reach(_EVALUATOR, "_permissions_boundary")(reach("ministack.services.iam", "_roles"), role, account)
    return _DECISIONS.get(reach(_EVALUATOR, "evaluate")(asked, policies, *limits).decision, "implicitDeny")


def answer_simulations_by(patches: Patches, answer: Callable[[dict[str, Any]], str]) -> None:
    """Let SimulatePrincipalPolicy be answered by others, by the XML of its result.

    ministack looks at the first resource alone, and at no context keys.
    """

    def simulate(flat: dict[str, Any]) -> Any:
        told = answer({name: value[0] if isinstance(value, list) else value for name, value in flat.items()})
        inner = f"<SimulatePrincipalPolicyResult>{told}</SimulatePrincipalPolicyResult>"
        return reach("ministack.services.iam", "_xml")(200, "SimulatePrincipalPolicyResponse", inner)

    patches.entry(reach("ministack.services.iam", "_IAM_HANDLERS"), "SimulatePrincipalPolicy", simulate)


def trust_of(role: str) -> str:
    """The text of the trust policy of a role of the current account, by its ARN; empty where there is none."""
    found = reach("ministack.services.iam", "_roles").get(role.rpartition("/")[2], {})
    trust = found.get("AssumeRolePolicyDocument", "")
    return trust if isinstance(trust, str) else json.dumps(trust)


for _name in ("_policies", "_roles", "_xml", "_IAM_HANDLERS"):
    reach("ministack.services.iam", _name)
for _name in ("EvalContext", "evaluate", "_gather_role_policies", "_permissions_boundary"):
    reach(_EVALUATOR, _name)
