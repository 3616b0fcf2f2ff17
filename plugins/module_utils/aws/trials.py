"""A trial: one task of the release to come, beside the service and without traffic, before the service moves.

A rolling deployment gives a build traffic at its first health, and soon the old tasks are gone. A build that dies after
that harms visitors until it is rolled back; in a trial it dies alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import ecs, runs
from ansible_collections.offramp.ecs.plugins.module_utils.aws.reasons import Failure, hint, of_task
from ansible_collections.offramp.ecs.plugins.module_utils.engine import errors
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown

Json = dict[str, Any]
Verdict = Literal["not_due", "coming", "going", "passed", "failed"]

_PREFIX = "offramp-trial-"
_PASSED = "offramp: passed its trial"
_ENDED = "offramp: ended before its trial was over"
"""What our StopTask gives as its reason, which ECS keeps as the task's stoppedReason."""


@dataclass(frozen=True)
class Trial:
    """What is to be tried.

    Attributes:
        subject: the task; ``before`` names the one service that is to get the revision.
        seconds: for which it must run.
        checked: whether its container has a health command, and so must be healthy in the end.
    """

    subject: runs.Subject
    seconds: float
    checked: bool

    @property
    def service(self) -> str:
        """The service that is to get the revision."""
        return next(iter(self.subject.before))


def trial_id(task_definition: str) -> str:
    """What the task of a trial is started for: the same for the same revision, whoever asks and whenever."""
    return _PREFIX + hashlib.sha256(task_definition.encode()).hexdigest()[:22]


class Trials(runs.Runs):
    """Looks at the tasks of trials, which are due for other reasons than runs, and count by other marks."""

    def is_due(self, services: Sequence[Mapping[str, Any]], subject: runs.Subject) -> bool:
        """Whether the service serves, and is to get another revision."""
        return is_due(services, subject.before)

    def counting(
        self, tasks: Sequence[Json], _services: Sequence[Mapping[str, Any]], _subject: runs.Subject
    ) -> Optional[Json]:
        """The one that runs or has passed, whatever the service has got since."""
        return counting(tasks)

    def running(self, subject: runs.Subject) -> tuple[list[Json], float]:
        """The tasks of trials of the family that are to run, whatever revision they try, and the moment."""
        if is_unknown(subject.cluster) or is_unknown(subject.task_definition):
            return [], 0.0
        tasks, moment = self.ecs.tasks_of_family(subject.cluster, subject.family)
        ours = [each for each in tasks if str(each.get("startedBy", "")).startswith(_PREFIX)]
        return [each for each in ours if each.get("desiredStatus") != "STOPPED"], moment


def is_due(services: Sequence[Mapping[str, Any]], before: Mapping[str, str]) -> bool:
    """Whether the service serves, and is to get another revision. Before a first release nobody can be harmed."""
    return any(each["desiredCount"] > 0 for each in services) and runs.is_due(services, before)


def counting(tasks: Sequence[Json]) -> Optional[Json]:
    """The newest task of a trial that runs, or that has passed. One that failed is tried anew."""
    good = [each for each in tasks if each.get("desiredStatus") != "STOPPED" or _has_passed(each)]
    return max(good, key=lambda each: each["createdAt"], default=None)


def verdict_of(trial: Trial, look: runs.Look) -> Verdict:
    """How it stands."""
    if not look.due:
        return "not_due"
    if look.task is None:
        return "coming"
    if failure_of(look.task) is not None:
        return "failed"
    return "passed" if is_proven(trial, look.task, look.moment) else "going"


def is_proven(trial: Trial, task: Mapping[str, Any], moment: float) -> bool:
    """Whether a task has run for so long, and is healthy where it can tell; or has passed before."""
    if _has_passed(task):
        return True
    healthy = task.get("healthStatus") == "HEALTHY" or not trial.checked
    return task["lastStatus"] == "RUNNING" and healthy and age_of(task, moment) >= trial.seconds


def age_of(task: Mapping[str, Any], moment: float) -> float:
    """Seconds for which a task has run."""
    return moment - task["startedAt"].timestamp() if task.get("startedAt") else 0.0


def failure_of(task: Mapping[str, Any]) -> Optional[Failure]:
    """Why a task did not pass: it ended, whatever the exit code, or its container is unhealthy."""
    if runs.is_over(task):
        return None if _has_passed(task) else of_task(task)
    if task.get("healthStatus") == "UNHEALTHY":
        return Failure(ecs.name_of(task["taskArn"]), "Its container health checks fail", over=False)
    return None


def error(target: str, look: runs.Look, details: Json) -> errors.Verdict:
    """The verdict on a trial that failed, for a person."""
    failure = failure_of(look.task or {})
    why = failure.in_words().rstrip(".") if failure else "nobody knows why"
    advice = hint([failure]) if failure else ""
    return errors.Verdict(
        f"{target} failed: {why}. No service was touched.", target=target, hint=advice, details=details
    )


def ending(trial: Trial, tasks: Sequence[Json], moment: float, target: str) -> list[Change]:
    """The end of each task."""
    return [
        Change(
            "stop",
            target,
            "running",
            "stopped",
            ecs.Call(
                "stop_task",
                {
                    "cluster": trial.subject.cluster,
                    "task": each["taskArn"],
                    "reason": _PASSED if is_proven(trial, each, moment) else _ENDED,
                },
            ),
        )
        for each in tasks
    ]


def _has_passed(task: Mapping[str, Any]) -> bool:
    return bool(task.get("stoppedReason") == _PASSED)
