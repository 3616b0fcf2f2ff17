"""CloudFormation's change sets: what an order would do to a stack, before it does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import code_of
from ansible_collections.offramp.ecs.plugins.module_utils.aws.template import Template
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Refused
from ansible_collections.offramp.ecs.plugins.module_utils.engine.settle import Waiting, settle

_HOLDS_NOTHING = frozenset(
    {
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        "AWS::Budgets::Budget",
        "AWS::CloudFormation::WaitCondition",
        "AWS::CloudFormation::WaitConditionHandle",
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::EC2::Route",
        "AWS::EC2::SecurityGroupEgress",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPCGatewayAttachment",
        "AWS::IAM::Policy",
    }
)
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
_EXECUTED_BY_ANOTHER = ("InvalidChangeSetStatus", "ChangeSetNotFound", "ChangeSetNotFoundException")
"""One that another run executes has a status in its way; once executed, it and its siblings are gone."""
_WITHIN = 300.0


@dataclass(frozen=True)
class Order:
    """What a stack shall be made from."""

    template: Template
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    capabilities: tuple[str, ...] = ()
    may_lose: tuple[str, ...] = ()
    """Logical ids of the resources that an update may make anew or remove."""

    def arguments(self) -> dict[str, Any]:
        """The order in the API's form."""
        return {
            "TemplateBody": self.template.text,
            "Parameters": [{"ParameterKey": key, "ParameterValue": val} for key, val in self.parameters.items()],
            "Tags": [{"Key": key, "Value": val} for key, val in self.tags.items()],
            "Capabilities": list(self.capabilities),
        }

    def digest(self) -> str:
        """A short name of the order: the same order made again, by a run after a killed one, has the same."""
        return hashlib.sha256(repr(self.arguments()).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class ResourceChange:
    """One line of a change set."""

    resource: str
    type: str
    action: str
    """Add, Modify, Remove, Import or Dynamic."""
    replacement: str
    """True, False or Conditional; "" where the question does not arise."""
    properties: tuple[str, ...] = ()

    @property
    def loses_something(self) -> bool:
        """Whether data, traffic, an address or a name that others use may go with what is there now."""
        gone = self.replacement == "True" or self.action == "Remove"
        return gone and self.type not in _HOLDS_NOTHING

    @property
    def verb(self) -> str:
        """What happens to the resource ("modify", "replace")."""
        return {"True": "replace", "Conditional": "modify or replace"}.get(self.replacement, self.action.lower())

    def in_words(self) -> str:
        """What happens to the resource and by which properties ("modify SecurityGroups (AWS::...)")."""
        return f"{self.verb} {', '.join(self.properties)}".rstrip() + f" ({self.type})"


@dataclass(frozen=True)
class ChangeSet:
    """A change set that is made, or could not be."""

    id: str
    stack: str
    stack_id: str
    changes: tuple[ResourceChange, ...]
    failure: str
    """Why it could not be made; "" where it could."""
    is_empty: bool
    """Whether CloudFormation sees nothing to do."""
    can_be_executed: bool

    def refuse_failed(self) -> None:
        """Raises Refused when it could not be made for another reason than that there is nothing to do."""
        if self.failure and not self.is_empty:
            target = f"stack {self.stack}"
            raise Refused(f"CloudFormation cannot change {target} as ordered: {self.failure}.", target=target)


class ChangeSets:
    """The change sets of one module's run.

    Args:
        client: boto3's CloudFormation client.
        every: seconds between two looks at one that is being made.
    """

    def __init__(self, client: Any, every: float) -> None:
        self._client = client
        self._every = every

    def make(self, stack: str, order: Order, called: str, kind: str) -> ChangeSet:
        """Make one, or take up the one of the same name that a killed run left; returns when it is made or has failed.

        Args:
            stack: the stack's name.
            order: what the stack shall be made from.
            called: the change set's name.
            kind: CREATE or UPDATE.
        """
        arguments = {"StackName": stack, "ChangeSetName": called, "ChangeSetType": kind, **order.arguments()}
        try:
            return self._made(self._client.create_change_set(**arguments)["Id"], stack)
        except ClientError as error:
            if code_of(error) != "AlreadyExistsException":
                raise
        found = self._made(called, stack)
        if found.can_be_executed:
            return found
        self.delete(found)
        return self._made(self._client.create_change_set(**arguments)["Id"], stack)

    def execute(self, made: ChangeSet, token: str) -> bool:
        """Order CloudFormation to do it; False where another run has ordered just that."""
        try:
            self._client.execute_change_set(StackName=made.stack, ChangeSetName=made.id, ClientRequestToken=token)
        except ClientError as error:
            if code_of(error) in _EXECUTED_BY_ANOTHER:
                return False
            raise
        return True

    def delete(self, made: ChangeSet) -> None:
        """Delete one that was not executed."""
        self._client.delete_change_set(StackName=made.stack, ChangeSetName=made.id)

    def _made(self, change_set: str, stack: str) -> ChangeSet:
        found = settle(
            lambda: self._described(change_set, stack),
            Waiting(
                settled=lambda found: found["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"),
                failed=lambda _: None,
                progress=lambda found: str(found["Status"]),
            ),
            what=f"change set of stack {stack}",
            within=_WITHIN,
            every=self._every,
            say=lambda _: None,
        )
        return _change_set(found, stack)

    def _described(self, change_set: str, stack: str) -> dict[str, Any]:
        """The change set with the changes of all pages."""
        where = {"StackName": stack, "ChangeSetName": change_set}
        found: dict[str, Any] = self._client.describe_change_set(**where)
        token = found.get("NextToken")
        while token:
            page = self._client.describe_change_set(**where, NextToken=token)
            found["Changes"] += page["Changes"]
            token = page.get("NextToken")
        return found


def refuse_losses(name: str, order: Order, changes: tuple[ResourceChange, ...]) -> None:
    """Refuse an update that would lose something that the order does not allow to be lost.

    Raises:
        Refused: with the first such resource.
    """
    first = next((one for one in changes if one.loses_something and one.resource not in order.may_lose), None)
    if first is not None:
        raise Refused(
            f"The update of stack {name} would {first.verb} {first.resource} ({first.type}).",
            target=f"stack {name}",
            hint=f"If that is meant, allow it by its name: allow_replacement: [{first.resource}].",
        )


def _change_set(found: dict[str, Any], stack: str) -> ChangeSet:
    reason = str(found.get("StatusReason", "")).strip().rstrip(".")
    failed = found["Status"] == "FAILED"
    return ChangeSet(
        id=found["ChangeSetId"],
        stack=stack,
        stack_id=found["StackId"],
        changes=tuple(_resource_changes(found)),
        failure=(reason or "no reason given") if failed else "",
        is_empty=failed and any(words in reason for words in _NO_CHANGES),
        can_be_executed=not failed and found["ExecutionStatus"] in ("AVAILABLE", "EXECUTE_IN_PROGRESS"),
    )


def _resource_changes(found: dict[str, Any]) -> Iterator[ResourceChange]:
    for line in found.get("Changes", []):
        change = line.get("ResourceChange")
        if not change:
            continue
        targets = [detail.get("Target", {}) for detail in change.get("Details", [])]
        names = {target.get("Name") or target.get("Attribute") or "" for target in targets}
        yield ResourceChange(
            resource=change["LogicalResourceId"],
            type=change.get("ResourceType", ""),
            action=change["Action"],
            replacement=change.get("Replacement", ""),
            properties=tuple(sorted(name for name in names if name)),
        )
