"""IAM: what AWS refuses and ministack accepts, and what a role's policies decide.

Nobody's calls are held to that: a rehearsal's credentials may do everything. It is told where it is asked for, by
SimulatePrincipalPolicy.
"""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

from rehearsal.aws.adapters import policies
from rehearsal.aws.adapters.reach import Patches
from rehearsal.aws.errors import RefusedError
from rehearsal.aws.request import nested
from rehearsal.aws.service import Parameters, Service


def service(patches: Patches) -> Service:
    """The service with its refusals."""
    policies.answer_simulations_by(patches, _simulated)
    iam = Service("iam")
    iam.refuses("SimulatePrincipalPolicy")(_role_exists)
    iam.refuses("CreateRole", "UpdateAssumeRolePolicy")(_trust_is_sound)
    iam.refuses("AttachRolePolicy", "AttachUserPolicy")(_attachable)
    return iam


def policy_exists(arn: str) -> bool:
    """Whether a role may be given this managed policy."""
    owner, _, resource = arn.partition(":iam::")[2].partition(":")
    return resource in policies.aws_managed() if owner == "aws" else policies.has_customer_policy(arn)


def _role_exists(parameters: Parameters) -> None:
    arn = parameters["PolicySourceArn"]
    if ":role/" not in arn:
        raise RefusedError("NotImplemented", f"The rehearsal simulates roles alone, not {arn}.", 501)
    if not policies.has_role(_name_of(arn)):
        raise RefusedError("NoSuchEntity", f"The role with name {_name_of(arn)} cannot be found.", 404)


def _simulated(flat: dict[str, Any]) -> str:
    """The decision on each combination of an action and a resource, as AWS lists them."""
    asked = nested(flat)
    role = _name_of(asked["PolicySourceArn"])
    context = {
        entry["ContextKeyName"].lower(): entry["ContextKeyValues"][0] for entry in asked.get("ContextEntries", [])
    }
    results = "".join(
        f"<member><EvalActionName>{escape(action)}</EvalActionName>"
        f"<EvalResourceName>{escape(resource)}</EvalResourceName>"
        f"<EvalDecision>{policies.decide(role, action, resource, context)}</EvalDecision>"
        "<MatchedStatements/><MissingContextValues/></member>"
        for action in asked["ActionNames"]
        for resource in asked.get("ResourceArns", ["*"])
    )
    return f"<EvaluationResults>{results}</EvaluationResults><IsTruncated>false</IsTruncated>"


def _name_of(arn: str) -> str:
    return arn.rpartition("/")[2]


def _trust_is_sound(parameters: Parameters) -> None:
    try:
        document = json.loads(parameters.get("AssumeRolePolicyDocument") or parameters.get("PolicyDocument") or "")
    except ValueError as error:
        raise RefusedError("MalformedPolicyDocument", "This policy contains invalid Json") from error
    if not isinstance(document, dict) or not document.get("Statement"):
        raise RefusedError("MalformedPolicyDocument", "Syntax errors in policy.")


def _attachable(parameters: Parameters) -> None:
    arn = parameters["PolicyArn"]
    if not policy_exists(arn):
        raise RefusedError("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.", 404)
