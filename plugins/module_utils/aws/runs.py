"""One task of a task definition, run once to its end: started, found again where an earlier run was cut off, judged.

A release task must not run twice for one release, whatever cuts a run off. So ``startedBy`` says which release it is
for, and the client token which attempt: ECS starts one task for a token, for as long as it knows the token (24 hours
at most, https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import ecs
from ansible_collections.offramp.ecs.plugins.module_utils.aws.reasons import Failure, hint_for_task, of_task
from ansible_collections.offramp.ecs.plugins.module_utils.aws.services import tag_list
from ansible_collections.offramp.ecs.plugins.module_utils.engine import errors
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown

Json = dict[str, Any]
Verdict = Literal["not_due", "coming", "going", "good", "failed"]

_STARTED_BY = 36
"""Characters of startedBy that every tool of AWS shows whole."""
_VISIBLE = 3600
"""Seconds for which a stopped task can be found at least."""
_PREFIX = "offramp-"


@dataclass(frozen=True)
class Subject:
    """A task to run.

    Attributes:
        cluster: name or ARN.
        task_definition: full ARN of the revision.
        container: the container that is judged.
        network: subnets, security groups and public address, in the API's form.
        started_by: what it is started for; the same for a run that takes up an earlier one.
        command: in place of the definition's own; empty for that.
        before: service -> ARN of the revision that it is to get afterwards; empty for a task that is run in any case.
        tags: of the task.
    """

    cluster: str
    task_definition: str
    container: str
    network: Mapping[str, Any]
    started_by: str
    command: tuple[str, ...] = ()
    before: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def family(self) -> str:
        """The family of its task definition."""
        return ecs.name_of(self.task_definition).rpartition(":")[0]


@dataclass(frozen=True)
class Look:
    """The task at one moment.

    Attributes:
        due: whether there is anything to run it for.
        task: the task that counts, as ECS describes it; None where there is none yet.
        watched: whether this run started it, or found it running.
        attempts: ids of the tasks that were started for the same, as far as they were looked for.
        moment: of the look by AWS's clock, in seconds of the epoch.
    """

    due: bool
    task: Optional[Json] = None
    watched: bool = False
    attempts: tuple[str, ...] = ()
    moment: float = 0.0


class Runs:
    """Looks at tasks, and remembers which one it watches: a task that was just started may not be listed yet."""

    def __init__(self, region: str, door: Door) -> None:
        self.ecs = ecs.Ecs(region, door)
        self._watched = ""

    def start(self, change: Change) -> None:
        """Start the task that a change holds, by one call."""
        self._watched = self.ecs.run_task(change)

    def look(self, subject: Subject) -> Look:
        """One read where nothing is due, or while a task is watched; up to five to find one that counts."""
        if self._watched:
            task, moment = self.ecs.task(subject.cluster, self._watched)
            begun = {"taskArn": self._watched, "lastStatus": "PROVISIONING"}
            return Look(True, task or begun, watched=True, moment=moment)
        if not subject.before:
            return Look(True)
        services = [] if is_unknown(subject.cluster) else self.ecs.services(subject.cluster, list(subject.before))
        if not self.is_due(services, subject):
            return Look(False)
        if is_unknown(subject.cluster) or is_unknown(subject.task_definition):
            return Look(True)
        tasks, moment = self.ecs.tasks_of_family(subject.cluster, subject.family)
        ours = [each for each in tasks if each.get("startedBy") == subject.started_by]
        task = self.counting(ours, services, subject)
        if task is not None and not is_over(task):
            self._watched = task["taskArn"]
        return Look(True, task, bool(self._watched), tuple(sorted(map(_id, ours))), moment)

    def is_due(self, services: Sequence[Mapping[str, Any]], subject: Subject) -> bool:
        """Whether the services that are to get other revisions, as ECS describes them, are a reason to run it."""
        return is_due(services, subject.before)

    def counting(
        self, tasks: Sequence[Json], services: Sequence[Mapping[str, Any]], subject: Subject
    ) -> Optional[Json]:
        """Which of the tasks that were started for the same is to be taken up; None where it must be run anew."""
        return counting(tasks, services, subject)


def release_id(task_definition: str, before: Mapping[str, str]) -> str:
    """What a task before a release is started for: the same for the same revisions, whoever asks and whenever.

    Args:
        task_definition: ARN of the task's own revision.
        before: service -> ARN of the revision that it is to get.
    """
    text = "\0".join([task_definition, *(f"{name}={arn}" for name, arn in sorted(before.items()))])
    return (_PREFIX + hashlib.sha256(text.encode()).hexdigest())[:_STARTED_BY]


def is_due(services: Sequence[Mapping[str, Any]], before: Mapping[str, str]) -> bool:
    """Whether any of the services is to get another revision, or to try again one that failed."""
    present = {each["serviceName"]: ecs.primary(each) for each in services}
    return any(
        present.get(name, {}).get("taskDefinition") != wanted or present[name].get("rolloutState") == "FAILED"
        for name, wanted in before.items()
    )


def counting(tasks: Sequence[Json], services: Sequence[Mapping[str, Any]], subject: Subject) -> Optional[Json]:
    """The newest task that was run for this very release: it runs, or has ended well, and since it was started the
    services have got nothing but this release. One that was run for the same revisions before others came between does
    not count, and neither does one that failed: the release is tried anew."""
    good = [each for each in tasks if not is_over(each) or failure_of(each, subject.container) is None]
    newest = max(good, key=lambda each: each["createdAt"], default=None)
    if newest is None:
        return None
    others = [
        primary
        for each in services
        if (primary := ecs.primary(each)) and primary["taskDefinition"] != subject.before[each["serviceName"]]
    ]
    return None if any(each["createdAt"] > newest["createdAt"] for each in others) else newest


def is_over(task: Mapping[str, Any]) -> bool:
    """Whether a task has come to its end."""
    return bool(task["lastStatus"] == "STOPPED")


def exit_code_of(task: Mapping[str, Any], container: str) -> Optional[int]:
    """How a container ("" for the first one) ended; None where it did not."""
    ours = (each for each in task.get("containers", []) if container in ("", each["name"]))
    return next((each.get("exitCode") for each in ours), None)


def failure_of(task: Mapping[str, Any], container: str) -> Optional[Failure]:
    """Why a task that is over is no success; None where its container ended by itself and with 0."""
    by_itself = task.get("stopCode") == "EssentialContainerExited"
    return None if by_itself and exit_code_of(task, container) == 0 else of_task(task)


def verdict_of(subject: Subject, look: Look) -> Verdict:
    """How it stands."""
    if not look.due:
        return "not_due"
    if look.task is None:
        return "coming"
    if not is_over(look.task):
        return "going"
    return "failed" if failure_of(look.task, subject.container) else "good"


def reason_of(subject: Subject, look: Look) -> str:
    """Why a task is no success; "" where it is one, or has not ended."""
    over = look.task is not None and is_over(look.task)
    failure = failure_of(look.task or {}, subject.container) if over else None
    return failure.in_words() if failure else ""


def error(target: str, subject: Subject, look: Look, details: Json) -> errors.Verdict:
    """The verdict on a task that failed, for a person."""
    failure = failure_of(look.task or {}, subject.container)
    untouched = " No service was touched." if subject.before else ""
    why = reason_of(subject, look).rstrip(".")
    hint = hint_for_task(failure) if failure else ""
    return errors.Verdict(f"{target} failed: {why}.{untouched}", target=target, hint=hint, details=details)


def token_of(subject: Subject, look: Look) -> str:
    """The client token of the next attempt.

    Whoever takes up a run that was cut off looks up its task first, and comes to the same token only where the task is
    not listed yet. Whoever tries again sees the attempts before, which are part of the token. Those from which nothing
    is seen any more were begun more than an hour ago, so the hour is part of it, too.
    """
    parts = [subject.started_by, *look.attempts, str(int(look.moment // _VISIBLE))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def starting(subject: Subject, look: Look, target: str) -> list[Change]:
    """The start of a task, where one is due and none counts."""
    if not look.due or look.task is not None:
        return []
    overrides = {"containerOverrides": [{"name": subject.container, "command": list(subject.command)}]}
    arguments = {
        "cluster": subject.cluster,
        "taskDefinition": subject.task_definition,
        "launchType": "FARGATE",
        "networkConfiguration": subject.network,
        "startedBy": subject.started_by,
        "clientToken": token_of(subject, look),
        "enableECSManagedTags": True,
        "tags": tag_list(subject.tags),
        **({"overrides": overrides} if subject.command else {}),
    }
    ordered: Json = {"command": list(subject.command)} if subject.command else {}
    after = {"task definition": _short(subject.task_definition), **ordered}
    return [Change("start", target, None, after, ecs.Call("run_task", arguments))]


def _id(task: Mapping[str, Any]) -> str:
    return ecs.name_of(task["taskArn"])


def _short(arn: str) -> str:
    return ecs.name_of(arn) if arn.startswith("arn:") else arn
