"""CloudFormation's change sets: what an order would do to a stack, before it does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
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
        "AWS::EC2::FlowLog",
        "AWS::EC2::Route",
        "AWS::EC2::SecurityGroupEgress",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPCGatewayAttachment",
        "AWS::IAM::Policy",
        "AWS::Logs::MetricFilter",
        "AWS::SNS::TopicPolicy",
    }
)
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
_GONE = ("ChangeSetNotFound", "ChangeSetNotFoundException")
_EXECUTED_BY_ANOTHER = ("InvalidChangeSetStatus", *_GONE)
"""One that another run executes has a status in its way; once executed, it and its siblings are gone."""
_WITHIN = 300.0
_LOOK = "offramp-preview-"
_FORGOTTEN_AFTER = 2 * _WITHIN
_IDENTITIES = ("Arn", "Id", "Name")
"""How attributes end that a resource keeps for as long as it is not made anew."""
_KIND_OF = {"True": "replaced", "Conditional": "perhaps replaced", "False": "not replaced"}


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
class Cause:
    """A property whose change makes a resource anew, or may.

    Attributes:
        property: its name ("LogGroupName").
        follows: the resource on whose being made anew that depends; "" where it depends on no other.
    """

    property: str
    follows: str = ""


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
    causes: tuple[Cause, ...] = ()
    """Why it is made anew, where it is or may be."""

    @property
    def is_replaced(self) -> bool:
        """Whether it is made anew, or may be as far as CloudFormation knows before it begins."""
        return self.replacement in ("True", "Conditional")

    @property
    def loses_something(self) -> bool:
        """Whether data, traffic, an address or a name that others use may go with what is there now."""
        return (self.is_replaced or self.action == "Remove") and self.type not in _HOLDS_NOTHING

    def loss_in_words(self) -> str:
        """What is lost and why ("replace Logs (AWS::Logs::LogGroup), since LogGroupName changes")."""
        if self.action == "Remove":
            return f"remove {self.resource} ({self.type}), which the wanted template does not make"
        verb = "replace" if self.replacement == "True" else "perhaps replace"
        why = ", ".join(dict.fromkeys(cause.property for cause in self.causes))
        return f"{verb} {self.resource} ({self.type})" + (f", since {why} changes" if why else "")

    def in_words(self) -> str:
        """By which properties it changes, and whether it is made anew ("Name, replaced (AWS::...)"), below its verb."""
        told = [*self.properties, *([_KIND_OF[self.replacement]] if self.replacement in _KIND_OF else [])]
        return f"{', '.join(told)} ({self.type})" if told else self.type


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

    def look(self, stack: str, order: Order, called: str) -> ChangeSet:
        """Make one to look at it; it is deleted again, whatever goes wrong in between, and so are forgotten ones.

        Args:
            stack: the name of an existing stack.
            order: what the stack shall be made from.
            called: what tells this look from others, so that two at once do not take each other's away.
        """
        name = f"{_LOOK}{called}"
        self._delete_forgotten(stack)
        try:
            return self.make(stack, order, name, "UPDATE")
        finally:
            self._delete_if_there(stack, name)

    def _delete_forgotten(self, stack: str) -> None:
        """Delete what killed runs made to look: older than any look takes, by AWS's own clock."""
        where = {"StackName": stack}
        while True:
            page = self._client.list_change_sets(**where)
            now = session.moment_of(page)
            for one in page["Summaries"]:
                if one["ChangeSetName"].startswith(_LOOK) and now - one["CreationTime"].timestamp() > _FORGOTTEN_AFTER:
                    self._delete_if_there(stack, one["ChangeSetName"])
            if not page.get("NextToken"):
                return
            where["NextToken"] = page["NextToken"]

    def _delete_if_there(self, stack: str, name: str) -> None:
        try:
            self._client.delete_change_set(StackName=stack, ChangeSetName=name)
        except ClientError as error:
            if code_of(error) not in _GONE:
                raise

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
        Refused: with the first such resource, and the names of all.
    """
    lost = [one for one in changes if one.loses_something and one.resource not in order.may_lose]
    if not lost:
        return
    others = f" It would lose {len(lost) - 1} more: {', '.join(one.resource for one in lost[1:])}." if lost[1:] else ""
    names = ", ".join(one.resource for one in lost)
    raise Refused(
        f"The update of stack {name} would {lost[0].loss_in_words()}.{others}",
        target=f"stack {name}",
        hint=f"If that is meant, allow it by name: provision_allow_replacement: [{names}].",
        details={"losses": [one.loss_in_words() for one in lost]},
    )


def listed(changes: Iterable[ResourceChange]) -> dict[str, dict[str, str]]:
    """Resources by what happens to them, for a person ({"modify": {"Logs": "RetentionInDays, not replaced (...)"}})."""
    found: dict[str, dict[str, str]] = {}
    for verb in ("Add", "Modify", "Remove", "Import", "Dynamic"):
        told = {one.resource: one.in_words() for one in changes if one.action == verb}
        if told:
            found[verb.lower()] = told
    return found


def _change_set(found: dict[str, Any], stack: str) -> ChangeSet:
    reason = str(found.get("StatusReason", "")).strip().rstrip(".")
    failed = found["Status"] == "FAILED"
    return ChangeSet(
        id=found["ChangeSetId"],
        stack=stack,
        stack_id=found["StackId"],
        changes=_foreseeable(tuple(_resource_changes(found))),
        failure=(reason or "no reason given") if failed else "",
        is_empty=failed and any(words in reason for words in _NO_CHANGES),
        can_be_executed=not failed and found["ExecutionStatus"] in ("AVAILABLE", "EXECUTE_IN_PROGRESS"),
    )


def _foreseeable(changes: tuple[ResourceChange, ...]) -> tuple[ResourceChange, ...]:
    """The changes without replacements that cannot come: those that wait for one of another resource that stays.

    CloudFormation calls each property that names a changing resource a perhaps, though its id and ARN stay.
    """
    going = {one.resource for one in changes if one.replacement == "True"}
    perhaps = [one for one in changes if one.replacement == "Conditional"]
    while grown := {one.resource for one in perhaps if _comes(one, going)} - going:
        going |= grown
    return tuple(
        replace(one, replacement="False", causes=()) if one in perhaps and one.resource not in going else one
        for one in changes
    )


def _comes(change: ResourceChange, going: set[str]) -> bool:
    return not change.causes or any(not cause.follows or cause.follows in going for cause in change.causes)


def _resource_changes(found: dict[str, Any]) -> Iterator[ResourceChange]:
    for line in found.get("Changes", []):
        change = line.get("ResourceChange")
        if not change:
            continue
        details = change.get("Details", [])
        yield ResourceChange(
            resource=change["LogicalResourceId"],
            type=change.get("ResourceType", ""),
            action=change["Action"],
            replacement=change.get("Replacement", ""),
            properties=tuple(sorted({name for detail in details if (name := _property_of(detail))})),
            causes=tuple(dict.fromkeys(_causes(details))),
        )


def _property_of(detail: Mapping[str, Any]) -> str:
    target = detail.get("Target", {})
    return str(target.get("Name") or target.get("Attribute") or "")


def _causes(details: list[dict[str, Any]]) -> Iterator[Cause]:
    """Those of a change's details that make the resource anew, or may."""
    for one in details:
        if one.get("Target", {}).get("RequiresRecreation", "Never") != "Never":
            yield Cause(_property_of(one), _followed(one))


def _followed(detail: Mapping[str, Any]) -> str:
    """The resource whose identity a property takes, where nothing else changes it; "" where there is none."""
    entity, _, attribute = str(detail.get("CausingEntity", "")).partition(".")
    by_reference = detail.get("ChangeSource") == "ResourceReference"
    by_identity = detail.get("ChangeSource") == "ResourceAttribute" and attribute.endswith(_IDENTITIES)
    return entity if by_reference or by_identity else ""
