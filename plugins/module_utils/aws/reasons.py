"""Why tasks of a release failed: what ECS and the load balancer say of them, in a person's words, with what to do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

_BY_PLAN = ("Scaling activity initiated by", "Service deployment", "ECS rollback")
_IDS = re.compile(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b[0-9a-f]{32}\b|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b|ID: \S+")
_TARGET_GROUP = re.compile(r"\(target-group \S*?targetgroup/([^/)]+)[^)]*\)")
_KILLED = 137


@dataclass(frozen=True)
class Failure:
    """A task that ended, or that the load balancer finds unhealthy.

    Attributes:
        task: the task's id.
        reason: what ECS says of the task ("Essential container in task exited").
        detail: what it says of the container ("OutOfMemoryError: ...").
        exit_code: how the container ended; None where it never ran or still runs.
        over: whether the task has ended, which an unhealthy one need not.
    """

    task: str
    reason: str
    detail: str = ""
    exit_code: Optional[int] = None
    over: bool = True

    @property
    def signature(self) -> str:
        """The same for two tasks that failed for the same reason."""
        return _IDS.sub("*", self.in_words())

    def in_words(self) -> str:
        """One line."""
        by_itself = self.exit_code or self.reason.startswith("Essential container")
        code = f", exit code {self.exit_code}" if self.exit_code is not None and by_itself else ""
        detail = f" ({self.detail})" if self.detail and self.detail != self.reason else ""
        return f"{self.reason}{detail}{code}"


def of_task(task: Mapping[str, Any]) -> Optional[Failure]:
    """The failure of a stopped task; None where it was stopped by plan."""
    reason = str(task.get("stoppedReason", ""))
    if task.get("stopCode") == "ServiceSchedulerInitiated" and reason.startswith(_BY_PLAN):
        return None
    if task.get("stopCode") == "UserInitiated":
        reason = reason or "Task stopped by user"
    containers = [each for each in task.get("containers", []) if each.get("exitCode") or each.get("reason")]
    worst = containers[0] if containers else next(iter(task.get("containers", [])), {})
    return Failure(
        task["taskArn"].rpartition("/")[2],
        _TARGET_GROUP.sub(r"(target group \1)", reason) or "Task stopped",
        str(worst.get("reason", "")),
        worst.get("exitCode"),
    )


def commonest(failures: Sequence[Failure]) -> tuple[Optional[Failure], int]:
    """The reason that most tasks have, and how many have it."""
    if not failures:
        return None, 0
    signature, count = Counter(each.signature for each in failures).most_common(1)[0]
    return next(each for each in failures if each.signature == signature), count


_HINTS: tuple[tuple[str, str], ...] = (
    (
        r"did not contain json key|retrieved secret .* key|json key",
        "The pinned secret version lacks a key: run playbooks/copy.yml, then release again.",
    ),
    (
        r"secretsmanager.*(AccessDenied|not authorized)|unable to pull secrets.*(AccessDenied|not authorized)",
        "The execution role may not read the secret: run playbooks/provision.yml.",
    ),
    (
        r"Secrets Manager can't find|ResourceNotFoundException",
        "The pinned secret version is gone: run playbooks/copy.yml, then release again.",
    ),
    (
        r"marked for deletion",
        "The secret is to be deleted: restore it (aws secretsmanager restore-secret), then release again.",
    ),
    (
        r"descriptor matching platform|exec format error",
        "The image is built for another processor: build it for the process's architecture, or set architecture.",
    ),
    (
        r"CannotPull.*(not found|manifest unknown|does not exist)",
        "The image is gone from the repository: push it again.",
    ),
    (
        r"(CannotPull|ResourceInitializationError).*(timeout|dial tcp|deadline|i/o)",
        "The subnets have no route to ECR or Secrets Manager: check NAT or the VPC endpoints.",
    ),
    (r"unable to assume the role", "The role is missing or does not trust ECS: run playbooks/provision.yml."),
    (r"OutOfMemory", "The process needs more memory: raise memory in release_processes."),
    (
        r"codes? \[404\]",
        "The app has no such health path: correct provision_health_path, or let the app answer it.",
    ),
    (
        r"ResponseCodeMismatch|failed with these codes|codes \[5\d\d\]",
        "The app answers its health check with an error: read its log, it may miss a service or a setting.",
    ),
    (
        r"Request timed out|Target\.Timeout|Connection|FailedHealthChecks|ELB health checks",
        "The app does not answer its health check: it must listen on 0.0.0.0 and the port in PORT, and in time.",
    ),
    (r"executable file not found", "The image has no such command: run it in the image by hand."),
    (r"container health checks", "The container's own health command fails: run it in the image by hand."),
    (r"Essential container in task exited", "The app ends as soon as it has started: read its last log lines."),
)


def hint(failures: Sequence[Failure]) -> str:
    """What to do about the commonest failure; "" where nothing is known of it."""
    worst, _ = commonest(failures)
    if worst is None:
        return ""
    if worst.exit_code == _KILLED and "OutOfMemory" not in worst.detail:
        return "The process was killed: it used all its memory, or did not end in time (exit code 137)."
    said = worst.in_words()
    return next((advice for pattern, advice in _HINTS if re.search(pattern, said, re.IGNORECASE)), "")


def hint_for_task(failure: Failure) -> str:
    """What to do about a task that was to end by itself, and well."""
    if failure.exit_code and failure.exit_code != _KILLED:
        return "Read its last log lines, mend it, and run again."
    return hint([failure]) or "Look at it in ECS, then run again."
