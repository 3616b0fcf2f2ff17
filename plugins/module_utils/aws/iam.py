"""IAM's dialect: whom a role trusts, and what it may do as IAM itself evaluates that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Literal

from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import spoken
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door

Json = Mapping[str, Any]
Decision = Literal["allowed", "explicitDeny", "implicitDeny"]
Decisions = Mapping[tuple[str, str], Decision]
"""(action, ARN of a resource) -> decision."""

_TASKS = "ecs-tasks.amazonaws.com"


class Iam:
    """Reads IAM, through the door. IAM is global: the region chooses the partition."""

    def __init__(self, region: str, door: Door) -> None:
        self._client = session.client("iam", region=region, door=door)

    def trust_of(self, role: str) -> Json:
        """The trust policy of a role, by its ARN."""
        with spoken(f"role {name_of(role)}"):
            document: Json = self._client.get_role(RoleName=name_of(role))["Role"]["AssumeRolePolicyDocument"]
        return document

    def decisions(
        self, role: str, actions: Sequence[str], resources: Sequence[str], context: Mapping[str, str]
    ) -> Decisions:
        """What a role's policies decide on each action with each resource, by one simulation.

        Resource policies, and those of KMS keys, are not part of it.
        """
        entries = [
            {"ContextKeyName": name, "ContextKeyValues": [value], "ContextKeyType": "string"}
            for name, value in context.items()
        ]
        found: dict[tuple[str, str], Decision] = {}
        with spoken(f"role {name_of(role)}"):
            pages = self._client.get_paginator("simulate_principal_policy").paginate(
                PolicySourceArn=role, ActionNames=list(actions), ResourceArns=list(resources), ContextEntries=entries
            )
            for page in pages:
                for one in page["EvaluationResults"]:
                    found[one["EvalActionName"], one.get("EvalResourceName", "*")] = one["EvalDecision"]
                    for part in one.get("ResourceSpecificResults", []):
                        found[one["EvalActionName"], part["EvalResourceName"]] = part["EvalResourceDecision"]
        return found


def name_of(role: str) -> str:
    """A role's name, from its ARN with or without a path."""
    return role.rpartition("/")[2]


def account_of(arn: str) -> tuple[str, str]:
    """(partition, account) of an ARN."""
    parts = arn.split(":")
    return parts[1], parts[4]


def trusts_tasks(trust: Json, role: str, region: str) -> bool:
    """Whether ECS may give a role to tasks of its own account and this region, by its trust policy."""
    partition, account = account_of(role)
    asked = {"aws:sourceaccount": account, "aws:sourcearn": f"arn:{partition}:ecs:{region}:{account}:cluster/any"}
    return any(_lets_tasks(each, asked) for each in _listed(trust.get("Statement")))


def _lets_tasks(statement: Json, asked: Mapping[str, str]) -> bool:
    principal = statement.get("Principal", {})
    services = _listed(principal.get("Service")) if isinstance(principal, Mapping) else []
    assumes = any(fnmatchcase("sts:assumerole", str(one).lower()) for one in _listed(statement.get("Action")))
    conditions = [
        (str(key).lower(), _listed(wanted))
        for keys in statement.get("Condition", {}).values()
        for key, wanted in keys.items()
    ]
    fits = all(any(fnmatchcase(asked[key], str(one)) for one in wanted) for key, wanted in conditions if key in asked)
    return bool(statement.get("Effect") == "Allow" and _TASKS in services and assumes and fits)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [] if value is None else [value]
