"""IAM: what AWS refuses and ministack accepts. (What AWS would *allow* nobody here evaluates.)"""

from __future__ import annotations

import json

from rehearsal.aws.adapters import policies
from rehearsal.aws.errors import RefusedError
from rehearsal.aws.service import Parameters, Service


def service() -> Service:
    """The service with its refusals."""
    iam = Service("iam")
    iam.refuses("CreateRole", "UpdateAssumeRolePolicy")(_trust_is_sound)
    iam.refuses("AttachRolePolicy", "AttachUserPolicy")(_attachable)
    return iam


def policy_exists(arn: str) -> bool:
    """Whether a role may be given this managed policy."""
    owner, _, resource = arn.partition(":iam::")[2].partition(":")
    return resource in policies.aws_managed() if owner == "aws" else policies.has_customer_policy(arn)


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
