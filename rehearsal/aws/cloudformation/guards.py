"""What CloudFormation refuses of resources that ministack makes itself: names that are taken, policies that are not."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.aws.adapters import server, stacks
from rehearsal.aws.adapters.reach import Patches
from rehearsal.aws.calls import Clients
from rehearsal.aws.cloudformation.resource import Properties, ProvisionError
from rehearsal.aws.identity import policy_exists

Guard = Callable[[Clients, Properties], None]
"""Raises ProvisionError before a resource is made."""


def install(patches: Patches, clients: Clients) -> None:
    """Put the guards in front of ministack's handlers."""
    for name, guard in _GUARDS.items():
        handlers = stacks.resource_handlers()[name]
        patches.entry(stacks.resource_handlers(), name, {**handlers, "create": _guarded(guard, handlers, clients)})


def _guarded(guard: Guard, handlers: stacks.Handlers, clients: Clients) -> Callable[..., Any]:
    def create(logical_id: str, properties: Properties, stack: str) -> Any:
        guard(clients, properties)
        return handlers["create"](logical_id, properties, stack)

    return create


def _refused(message: str, code: str) -> ProvisionError:
    return ProvisionError(
        f'Resource handler returned message: "{message}" (RequestToken: {uuid.uuid4()}, HandlerErrorCode: {code})'
    )


def _free(name: str | None, message: str, find: Callable[[], Any]) -> None:
    """Refuse a name under which ``find`` finds something."""
    if not name:
        return
    try:
        found = find()
    except ClientError:
        return
    if found:
        raise _refused(message, "AlreadyExists")


def _log_group(clients: Clients, properties: Properties) -> None:
    name = properties.get("LogGroupName")

    def find() -> bool:
        groups = clients("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        return any(group["logGroupName"] == name for group in groups)

    taken = f"Resource of type 'AWS::Logs::LogGroup' with identifier '{{\"/properties/LogGroupName\":\"{name}\"}}'"
    _free(name, f"{taken} already exists.", find)


def _repository(clients: Clients, properties: Properties) -> None:
    name = properties.get("RepositoryName")
    taken = f"The repository with name '{name}' already exists in the registry with id '{server.current_account()}'"
    _free(name, taken, lambda: clients("ecr").describe_repositories(repositoryNames=[name])["repositories"])


def _secret(clients: Clients, properties: Properties) -> None:
    name = properties.get("Name")
    taken = f"The operation failed because the secret {name} already exists."
    _free(name, taken, lambda: clients("secretsmanager").describe_secret(SecretId=name))


def _role(clients: Clients, properties: Properties) -> None:
    name = properties.get("RoleName")
    _free(name, f"Role with name {name} already exists.", lambda: clients("iam").get_role(RoleName=name))
    for arn in properties.get("ManagedPolicyArns", []):
        if not policy_exists(arn):
            raise _refused(f"Policy {arn} does not exist or is not attachable.", "NotFound")


def _policy(_: Clients, properties: Properties) -> None:
    name = properties.get("ManagedPolicyName")
    arn = f"arn:aws:iam::{server.current_account()}:policy{properties.get('Path', '/')}{name}"
    _free(name, f"A policy called {name} already exists. Duplicate names are not allowed.", lambda: policy_exists(arn))


_GUARDS: dict[str, Guard] = {
    "AWS::ECR::Repository": _repository,
    "AWS::IAM::ManagedPolicy": _policy,
    "AWS::IAM::Role": _role,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::SecretsManager::Secret": _secret,
}
