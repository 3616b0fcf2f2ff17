"""CloudFormation's stacks: as they are, what they can be ordered to do, and how that goes."""

from __future__ import annotations

import getpass
import re
import socket
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from ansible_collections.offramp.ecs.plugins.module_utils.aws import stack_events, template
from ansible_collections.offramp.ecs.plugins.module_utils.aws.change_sets import (
    ChangeSet,
    ChangeSets,
    Order,
    ResourceChange,
    refuse_losses,
)
from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import code_of, spoken
from ansible_collections.offramp.ecs.plugins.module_utils.aws.stack_events import Event, finished, first_failure
from ansible_collections.offramp.ecs.plugins.module_utils.aws.template import Template
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import OfframpError, Refused, Verdict

USABLE = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}
)
NOTHING = frozenset({"", "REVIEW_IN_PROGRESS", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"})
"""There is no stack, or soon none; REVIEW_IN_PROGRESS is the shell of one whose first change set was never executed."""
REMAINS = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "ROLLBACK_IN_PROGRESS"})
"""What a failed creation leaves: CloudFormation lets it only be deleted."""
STUCK: dict[str, str] = {
    "CREATE_FAILED": (
        "somebody kept its failed creation for a look. "
        "Delete it when you have seen enough: aws cloudformation delete-stack --stack-name {name}"
    ),
    "UPDATE_FAILED": (
        "somebody kept its failed update for a look. "
        "Take it back: aws cloudformation rollback-stack --stack-name {name}"
    ),
    "DELETE_FAILED": (
        "somebody deleted it, and some of it could not be. Remove what is in the way and delete it again, "
        "or leave that out: aws cloudformation delete-stack --stack-name {name} --retain-resources RESOURCE"
    ),
    "IMPORT_ROLLBACK_FAILED": (
        "somebody imported resources into it, and neither that nor the way back came to an end. "
        "Take the way back up in the CloudFormation console"
    ),
}
"""States that somebody else's orders led to and only they know the way out of, with what to do."""
HALF_BACK = "UPDATE_ROLLBACK_FAILED"

_OURS = re.compile(r"offramp--(?P<user>.+?)--(?P<host>.+)--[0-9a-f]{8}")
_AT_WORK = re.compile(r"is in (?!REVIEW)\w+_IN_PROGRESS state")
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
        self._change_sets = ChangeSets(client, min(every, 2.0))
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
        """The stack with its template when it is at rest (two reads), with its latest events when it is not."""
        stack = self.describe(name)
        if stack.id and (stack.attempt is not None or stack.moving or stack.status in STUCK):
            since = stack.attempt.since if stack.attempt is not None else ""
            with spoken(f"stack {name}"):
                stack = replace(stack, events=stack_events.latest(self._client, stack.id, since))
        if stack.moving or stack.status in NOTHING | REMAINS:
            return stack
        with spoken(f"stack {name}"):
            body = self._client.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
        return replace(stack, template=template.parse(body))

    def preview(self, name: str, order: Order) -> tuple[ResourceChange, ...]:
        """What the order would do to an existing stack; the change set that tells is deleted again."""
        with spoken(f"stack {name}"):
            made = self._change_sets.look(name, order, uuid.uuid4().hex)
        made.refuse_failed()
        return made.changes

    def deploy(self, name: str, order: Order, verb: str) -> None:
        """Create or update the stack by a change set; returns when CloudFormation has begun.

        Where another run was quicker nothing is ordered: this one waits for that, and then sees what is left to do.
        """
        with spoken(f"stack {name}"):
            kind = "CREATE" if verb == "create" else "UPDATE"
            self._attempt = None
            try:
                made = self._change_sets.make(name, order, f"offramp-{order.digest()}", kind)
            except ClientError as error:
                if _AT_WORK.search(str(error)):
                    return
                raise
            try:
                made.refuse_failed()
                refuse_losses(name, order, made.changes)  # again: the preview may be missing, or of another state
            except Refused:
                self._clear_away(made, verb)
                raise
            if made.is_empty:
                self._clear_away(made, verb)
                return
            attempt = Attempt(verb, stack_events.newest(self._client, made.stack_id), len(made.changes))
            self._attempt = attempt if self._change_sets.execute(made, _token()) else None

    def _clear_away(self, made: ChangeSet, verb: str) -> None:
        """Remove a change set that comes to nothing, and the empty shell of a stack that it made."""
        self._change_sets.delete(made)
        if verb == "create":
            self._client.delete_stack(StackName=made.stack_id)

    def delete(self, stack: Stack) -> None:
        """Begin to delete the stack."""
        with spoken(f"stack {stack.name}"):
            self._attempt = Attempt("delete", stack_events.newest(self._client, stack.id))
            self._client.delete_stack(StackName=stack.id, ClientRequestToken=_token())

    def continue_rollback(self, stack: Stack) -> None:
        """Take up the rollback that failed."""
        with spoken(f"stack {stack.name}"):
            self._attempt = Attempt("start", stack_events.newest(self._client, stack.id))
            self._client.continue_update_rollback(StackName=stack.id, ClientRequestToken=_token())


def stuck(stack: Stack) -> OfframpError | None:
    """The error where the stack is in a state that only its owner can lead it out of."""
    if stack.status not in STUCK:
        return None
    first = first_failure(stack.events)
    why = f" {first.resource} failed: {first.reason or first.status}." if first else ""
    what, _, todo = STUCK[stack.status].partition(". ")
    return Refused(
        f"Stack {stack.name} is at {stack.status}:{why} {what[0].upper()}{what[1:]}.",
        target=f"stack {stack.name}",
        hint=f"{todo.format(name=stack.name)}, then run again.",
    )


def holder_of(events: tuple[Event, ...]) -> str:
    """Who ordered what the stack is at ("ann on laptop"; another tool's token as it is); "" where nobody says."""
    token = next((event.ordered_by for event in events if event.ordered_by), "")
    ours = _OURS.fullmatch(token)
    return f"{ours['user']} on {ours['host']}" if ours else token


def progress(stack: Stack) -> str:
    """How far CloudFormation is with the stack, in half a sentence."""
    done, failure = finished(stack.events), first_failure(stack.events)
    if failure is not None:
        return f"{stack.name} is going back, because {failure.resource} failed: {failure.reason or failure.status}"
    if stack.attempt is None:
        holder = holder_of(stack.events)
        return f"{stack.name}, which is being changed{' by ' * bool(holder)}{holder}, {len(done)} resources finished"
    total = f" of {stack.attempt.total}" if stack.attempt.total >= len(done) else ""
    last = f", last {done[-1].resource} ({done[-1].type})" if done else ""
    return f"{stack.name}, {len(done)}{total} resources finished{last}"


def failed(stack: Stack) -> OfframpError | None:
    """The error when what this run ordered has ended badly, the first failed resource first."""
    attempt = stack.attempt
    if attempt is None or stack.moving or stack.status not in _BAD_ENDS[attempt.verb]:
        return None
    first = first_failure(stack.events)
    what = f"{first.resource} of stack {stack.name} failed" if first else f"Stack {stack.name} failed"
    reason = (first and first.reason) or (first and first.status) or stack.status
    return Verdict(
        f"{what}: {reason}. {_BAD_ENDS[attempt.verb][stack.status].format(name=stack.name)}",
        target=f"stack {stack.name}",
        hint="Correct the cause, then run again.",
        details={"failures": [_failure(event) for event in stack.events if event.status.endswith("_FAILED")]},
    )


def _failure(event: Event) -> dict[str, str]:
    return {"resource": event.resource, "type": event.type, "status": event.status, "reason": event.reason}


def _token() -> str:
    """The name of an order, which tells whoever finds the stack at work who gave it (see :func:`holder_of`)."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "somebody"
    parts = (_word(user, 40), _word(socket.gethostname(), 60), uuid.uuid4().hex[:8])
    return "--".join(("offramp", *parts))


def _word(text: str, longest: int) -> str:
    """As a part of a token, which CloudFormation wants of letters, digits and hyphens, 128 at most."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text)[:longest].strip("-") or "unknown"
