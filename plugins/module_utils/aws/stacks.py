"""CloudFormation's dialect: stacks as they are, change sets, and the events of what a stack is doing."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from ansible_collections.offramp.ecs.plugins.module_utils.aws import template
from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import code_of, spoken
from ansible_collections.offramp.ecs.plugins.module_utils.aws.template import Template
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import OfframpError, Refused, Verdict
from ansible_collections.offramp.ecs.plugins.module_utils.engine.settle import Waiting, settle

USABLE = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}
)
NOTHING = frozenset({"", "REVIEW_IN_PROGRESS", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"})
"""There is no stack, or soon none; REVIEW_IN_PROGRESS is the shell of one whose first change set was never executed."""
REMAINS = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "ROLLBACK_IN_PROGRESS"})
"""What a failed creation leaves: CloudFormation lets it only be deleted."""
STUCK = frozenset({"CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED", "IMPORT_ROLLBACK_FAILED"})
"""States that somebody else's orders led to, and only they know the way out of."""
HALF_BACK = "UPDATE_ROLLBACK_FAILED"

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
_STARTS = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS"})
_STUCK_BACK = (
    "Stack {name} could not go back either and is at UPDATE_ROLLBACK_FAILED; the next run takes the rollback up again, "
    "and a resource that cannot go back can be left out with "
    "aws cloudformation continue-update-rollback --stack-name {name} --resources-to-skip RESOURCE."
)
_BAD_ENDS: dict[str, dict[str, str]] = {
    "create": {
        "": "CloudFormation has removed the stack again.",
        "ROLLBACK_COMPLETE": "What had been created was removed again.",
        "ROLLBACK_FAILED": "Some of what had been created could not be removed; the next run tries that again.",
        "CREATE_FAILED": "The stack was left as it is.",
        "DELETE_COMPLETE": "CloudFormation has removed the stack again.",
    },
    "update": {
        "UPDATE_ROLLBACK_COMPLETE": "The stack is back in the state before the update.",
        HALF_BACK: _STUCK_BACK,
        "UPDATE_FAILED": "The stack was left as it is.",
    },
    "delete": {"DELETE_FAILED": "The remains of the failed creation are still there."},
    "start": {HALF_BACK: _STUCK_BACK},
}
_WRAPPED = re.compile(r'Resource handler returned message: "(.*)" \(RequestToken: ', re.DOTALL)
_TECHNICAL = re.compile(r"\s*\((?:Service|RequestToken): [^()]*\)")
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
_CHANGE_SET_WITHIN = 300.0


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
class Event:
    """One event of a stack."""

    id: str
    resource: str
    type: str
    status: str
    reason: str
    is_stack: bool


@dataclass(frozen=True)
class Attempt:
    """What this run has ordered CloudFormation to do with the stack.

    Attributes:
        verb: create, update, delete or start (the rollback that got stuck).
        since: the stack's newest event before the order; only newer ones speak of it.
        total: resources that it touches, 0 where nobody knows.
    """

    verb: str
    since: str = ""
    total: int = 0


@dataclass(frozen=True)
class Stack:
    """A stack as it is; ``status`` is "" where there is none."""

    name: str
    status: str = ""
    id: str = ""
    template: Template | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    attempt: Attempt | None = None
    events: tuple[Event, ...] = ()
    """Of the latest operation, oldest first; read only while it runs, or after this run's own."""
    preview: tuple[ResourceChange, ...] | None = None
    """What an update would do; None where nobody asked, empty where CloudFormation sees nothing to do."""

    @property
    def moving(self) -> bool:
        """Whether CloudFormation is at work on it, or has not yet said that it ended what this run ordered."""
        if self.attempt is not None and self.id:
            own = [event for event in self.events if event.is_stack]
            if not own or own[-1].status != self.status:
                return True
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"


class Stacks:
    """CloudFormation as one module's run uses it.

    Args:
        client: boto3's CloudFormation client.
        every: seconds between two looks at a change set that is being made.
    """

    def __init__(self, client: Any, every: float = 1.0) -> None:
        self._client = client
        self._every = min(every, 2.0)
        self._attempt: Attempt | None = None

    def describe(self, name: str) -> Stack:
        """The stack without its template: one read."""
        with spoken(f"stack {name}"):
            try:
                found = self._client.describe_stacks(StackName=name)["Stacks"][0]
            except ClientError as error:
                if code_of(error) == "ValidationError" and "does not exist" in str(error):
                    return Stack(name, attempt=self._attempt)
                raise
        return Stack(
            name,
            status=found["StackStatus"],
            id=found["StackId"],
            parameters={one["ParameterKey"]: one.get("ParameterValue", "") for one in found.get("Parameters", [])},
            tags={one["Key"]: one["Value"] for one in found.get("Tags", []) if not one["Key"].startswith("aws:")},
            outputs={one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])},
            attempt=self._attempt,
        )

    def observe(self, name: str) -> Stack:
        """The stack with its template when it is at rest (two reads), with its latest events when it is at work."""
        stack = self.describe(name)
        if stack.attempt is not None and stack.id:
            stack = replace(stack, events=tuple(self._latest(stack, stack.attempt.since)))
        elif stack.moving:
            stack = replace(stack, events=tuple(self._latest(stack, "")))
        if stack.moving or stack.status in NOTHING | REMAINS:
            return stack
        with spoken(f"stack {name}"):
            body = self._client.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
        return replace(stack, template=template.parse(body))

    def preview(self, name: str, order: Order) -> tuple[ResourceChange, ...]:
        """What the order would do to an existing stack; the change set that tells is deleted again.

        Its name is its own, so that two runs which look at once do not take each other's away. One that a killed run
        leaves behind goes with the stack's next update, as all that were not executed do.
        """
        with spoken(f"stack {name}"):
            made = self._change_set(name, order, f"offramp-preview-{uuid.uuid4().hex}", "UPDATE")
            self._client.delete_change_set(StackName=name, ChangeSetName=made["ChangeSetId"])
        _refuse_failed(name, made)
        return tuple(_resource_changes(made))

    def deploy(self, name: str, order: Order, verb: str) -> None:
        """Create or update the stack by a change set; returns when CloudFormation has begun."""
        kind = "CREATE" if verb == "create" else "UPDATE"
        with spoken(f"stack {name}"):
            made = self._change_set(name, order, f"offramp-{order.digest()}", kind)
            if made["Status"] == "FAILED":
                self._clear_away(name, made, kind)
                _refuse_failed(name, made)
                return
            changes = tuple(_resource_changes(made))
            refuse_losses(name, order, changes)  # again: the preview may be missing, or of another state
            self._attempt = Attempt(verb, self._newest_event(made["StackId"]), len(changes))
            try:
                self._client.execute_change_set(StackName=name, ChangeSetName=made["ChangeSetId"])
            except ClientError as error:
                if code_of(error) != "InvalidChangeSetStatus":  # another run executes the same one: wait for it
                    raise

    def delete(self, stack: Stack) -> None:
        """Begin to delete the stack."""
        with spoken(f"stack {stack.name}"):
            self._attempt = Attempt("delete", self._newest_event(stack.id))
            self._client.delete_stack(StackName=stack.id)

    def continue_rollback(self, stack: Stack) -> None:
        """Take up the rollback that failed."""
        with spoken(f"stack {stack.name}"):
            self._attempt = Attempt("start", self._newest_event(stack.id))
            self._client.continue_update_rollback(StackName=stack.id)

    def _change_set(self, name: str, order: Order, called: str, kind: str) -> dict[str, Any]:
        """Make a change set, or take up the one that a killed run made of the same order; wait until it is made."""

        def create() -> str:
            arguments = {"StackName": name, "ChangeSetName": called, "ChangeSetType": kind, **order.arguments()}
            return str(self._client.create_change_set(**arguments)["Id"])

        try:
            made = self._made(create())
        except ClientError as error:
            if code_of(error) != "AlreadyExistsException":
                raise
            made = self._made(called, name)
            if made["Status"] == "FAILED" or made["ExecutionStatus"] not in ("AVAILABLE", "EXECUTE_IN_PROGRESS"):
                self._client.delete_change_set(StackName=name, ChangeSetName=called)
                made = self._made(create())
        return made

    def _made(self, change_set: str, name: str = "") -> dict[str, Any]:
        """The change set with all its changes, when it is made or has failed."""
        where = {"ChangeSetName": change_set, **({"StackName": name} if name else {})}

        def look() -> dict[str, Any]:
            found: dict[str, Any] = self._client.describe_change_set(**where)
            page = found
            while page.get("NextToken"):
                page = self._client.describe_change_set(**where, NextToken=page["NextToken"])
                found["Changes"] += page["Changes"]
            return found

        return settle(
            look,
            Waiting(
                settled=lambda found: found["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"),
                failed=lambda _: None,
                progress=lambda found: str(found["Status"]),
            ),
            what=f"change set {change_set}",
            within=_CHANGE_SET_WITHIN,
            every=self._every,
            say=lambda _: None,
        )

    def _clear_away(self, name: str, made: dict[str, Any], kind: str) -> None:
        """Remove a change set that came to nothing, and the empty shell of a stack that it made."""
        self._client.delete_change_set(StackName=name, ChangeSetName=made["ChangeSetId"])
        if kind == "CREATE":
            self._client.delete_stack(StackName=made["StackId"])

    def _newest_event(self, stack_id: str) -> str:
        page = self._client.describe_stack_events(StackName=stack_id)["StackEvents"]
        return str(page[0]["EventId"]) if page else ""

    def _latest(self, stack: Stack, since: str) -> list[Event]:
        """The events of the stack's latest operation, oldest first."""
        return list(reversed(list(_until_start(self._events(stack), since))))

    def _events(self, stack: Stack) -> Iterator[Event]:
        """Newest first, as many pages as are asked for."""
        token: dict[str, str] = {}
        while True:
            with spoken(f"stack {stack.name}"):
                page = self._client.describe_stack_events(StackName=stack.id, **token)
            for event in page["StackEvents"]:
                yield _event(event)
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}


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


def first_failure(events: tuple[Event, ...]) -> Event | None:
    """The resource that failed first; those that were given up because of it do not count."""
    for event in events:
        if event.status.endswith("_FAILED") and not event.is_stack and "ancelled" not in event.reason:
            return event
    return next((event for event in events if event.status.endswith("_FAILED")), None)


def finished(events: tuple[Event, ...]) -> list[Event]:
    """The last event of each resource that is done, in the order in which they were."""
    last = {event.resource: event for event in events if not event.is_stack}
    done = [event for event in events if last.get(event.resource) is event]
    return [event for event in done if event.status.endswith("_COMPLETE")]


def progress(stack: Stack) -> str:
    """How far CloudFormation is with the stack, in half a sentence."""
    done, failure = finished(stack.events), first_failure(stack.events)
    if failure is not None:
        return f"{stack.name} is going back, because {failure.resource} failed: {failure.reason or failure.status}"
    expected = stack.attempt.total if stack.attempt is not None else 0
    total = f" of {expected}" if expected >= len(done) else ""
    last = f", last {done[-1].resource} ({done[-1].type})" if done else ""
    return f"{stack.name}, {len(done)}{total} resources finished{last}"


def failed(stack: Stack) -> OfframpError | None:
    """The error when what this run ordered has ended badly, the first failed resource first."""
    attempt = stack.attempt
    if attempt is None or stack.moving or stack.status not in _BAD_ENDS[attempt.verb]:
        return None
    first = first_failure(stack.events)
    what = f"{first.resource} of stack {stack.name} failed" if first else f"Stack {stack.name} failed"
    reason = first.reason if first else stack.status
    return Verdict(
        f"{what}: {reason}. {_BAD_ENDS[attempt.verb][stack.status].format(name=stack.name)}",
        target=f"stack {stack.name}",
        hint="Correct the cause, then run again.",
        details={"failures": [_failure(event) for event in stack.events if event.status.endswith("_FAILED")]},
    )


def _failure(event: Event) -> dict[str, str]:
    return {"resource": event.resource, "type": event.type, "status": event.status, "reason": event.reason}


def _until_start(newest_first: Iterator[Event], since: str) -> Iterator[Event]:
    for event in newest_first:
        if event.id == since:
            return
        yield event
        if not since and event.is_stack and event.status in _STARTS:
            return


def _event(event: dict[str, Any]) -> Event:
    return Event(
        id=event["EventId"],
        resource=event["LogicalResourceId"],
        type=event.get("ResourceType", ""),
        status=event.get("ResourceStatus", ""),
        reason=_said(event.get("ResourceStatusReason", "")),
        is_stack=event.get("PhysicalResourceId") == event["StackId"],
    )


def _said(reason: str) -> str:
    """What the service said, out of the wrapping that resource handlers put around it."""
    found = _WRAPPED.search(reason)
    return _TECHNICAL.sub("", found.group(1) if found else reason).strip().rstrip(".")


def _resource_changes(made: dict[str, Any]) -> Iterator[ResourceChange]:
    for line in made.get("Changes", []):
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


def _refuse_failed(name: str, made: dict[str, Any]) -> None:
    reason = str(made.get("StatusReason", "")).strip().rstrip(".")
    if made["Status"] == "FAILED" and not any(words in reason for words in _NO_CHANGES):
        raise Refused(f"CloudFormation cannot change stack {name} as ordered: {reason}.", target=f"stack {name}")
