#!/usr/bin/python
"""Runs one task to its end and judges it."""

from __future__ import annotations

DOCUMENTATION = """
module: ecs_task_run
short_description: Run one task of a task definition to its end
description:
  - Runs one task on Fargate, waits for its end and judges it. Good is a container that ended by itself with exit code
    0; all else fails, with the reason, the exit code, what to do, and the last log lines.
  - With O(releases) it is the task before a release. It is run where any of these services is to get another revision,
    and once for them; where all of them stand at theirs this costs one read. A run that was cut off is taken up, as
    long as ECS still knows the task, which is an hour after its end. One that failed is run anew by the next run.
  - With O(service) and O(command) it is a one-off task of the release that serves, and each call is a new one.
options:
  name:
    description: What the task is called in sentences.
    type: str
    required: true
  cluster:
    description: Name or ARN of the cluster.
    type: str
    required: true
  task_definition:
    description: Full ARN of the revision to run; by default that at which O(service) stands.
    type: str
    default: ""
  container:
    description: Name of the container that is judged; by default the first one.
    type: str
    default: ""
  services:
    description: Names of the services that are released afterwards.
    type: list
    elements: str
    default: []
  releases:
    description: ARNs of the revisions that they are to get, in the same order.
    type: list
    elements: str
    default: []
  service:
    description: Name of the service whose present release is run, where and as its tasks are.
    type: str
    default: ""
  command:
    description:
      - Command and arguments in place of the container's own, as a list, or as a line that is split as a shell would.
        No shell runs it. It is shown and kept in the ledger, so it must hold no secret.
    type: raw
  log_lines:
    description:
      - How many of the last log lines are returned. Values of the task's secrets are blotted out of them; what else the
        app prints is shown as it is. They are no part of the ledger.
    type: int
    default: 20
  tags:
    description: Tags of the task.
    type: dict
    default: {}
extends_documentation_fragment:
  - offramp.ecs.aws
  - offramp.ecs.lock
  - offramp.ecs.task_network
  - offramp.ecs.waiting
author: The Offramp authors
"""

EXAMPLES = """
- name: Migrate the database before any service moves
  offramp.ecs.ecs_task_run:
    region: eu-west-1
    name: release of bond-server
    cluster: offramp-staging
    task_definition: arn:aws:ecs:eu-west-1:123456789012:task-definition/staging-bond-server-release:7
    container: release
    subnets: [subnet-1, subnet-2]
    security_groups: [sg-1]
    services: [bond-server-web]
    releases: [arn:aws:ecs:eu-west-1:123456789012:task-definition/staging-bond-server-web:7]

- name: Look something up
  offramp.ecs.ecs_task_run:
    region: eu-west-1
    name: one-off task of bond-server
    cluster: offramp-staging
    service: bond-server-web
    command: node count-users.js --all
"""

RETURN = """
run:
  description: The task.
  returned: always
  type: dict
  contains:
    name: {description: What it is called., type: str}
    verdict:
      description: "good, failed, going, coming (dry run), or not_due where nothing is to be released."
      type: str
    task: {description: Its id., type: str}
    task_definition: {description: ARN of the revision that it runs., type: str}
    exit_code: {description: How its container ended; null where it did not., type: int}
    reason: {description: Why it is no success., type: str}
    log: {description: "The last lines that it printed, where this run waited for it.", type: list, elements: str}
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import ecs, locks, one_off, runs, task_network, tasklogs
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import OfframpError
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module
from ansible_collections.offramp.ecs.plugins.module_utils.engine.settle import Waiting

_TEXT = {"type": "str", "default": ""}
_LIST = {"type": "list", "elements": "str", "default": []}

SPEC = spec.spec(
    spec.AWS,
    locks.LOCK,
    spec.WAITING,
    task_network.OPTIONS,
    options={
        "name": {"type": "str", "required": True},
        "cluster": {"type": "str", "required": True},
        "task_definition": _TEXT,
        "container": _TEXT,
        "services": _LIST,
        "releases": _LIST,
        "service": _TEXT,
        "command": {"type": "raw"},
        "log_lines": {"type": "int", "default": 20},
        "tags": {"type": "dict", "default": {}},
    },
)


@dataclass(frozen=True)
class Want:
    """The task to run; of a one-off task the service's present release is yet to be found."""

    name: str
    subject: runs.Subject
    service: str
    log_lines: int

    @property
    def target(self) -> str:
        """It in sentences."""
        return f"ECS task {self.name}"


@dataclass(frozen=True)
class Have:
    """The task at one moment, with log lines where this run saw its end."""

    want: Want
    subject: runs.Subject
    look: runs.Look
    log: tuple[str, ...] = ()

    @property
    def over(self) -> bool:
        """Whether there is a task that has come to its end."""
        return self.look.task is not None and runs.is_over(self.look.task)


@dataclass
class Api:
    """Tasks and their logs, and which release a one-off task is of: the one that served when it was asked for."""

    tasks: runs.Runs
    logs: tasklogs.TaskLogs
    subject: Optional[runs.Subject] = field(default=None)

    def subject_of(self, want: Want) -> runs.Subject:
        """The task to run, looked up once.

        Raises:
            Missing: there is no such service.
        """
        if self.subject is None:
            served = want.service and one_off.served(self.tasks.ecs, want.subject, want.service, want.target)
            self.subject = served or want.subject
        return self.subject


def want_of(params: Mapping[str, Any]) -> Want:
    """The task to run.

    Raises:
        BadInput: it is not said what to run.
    """
    target = f"ECS task {params['name']}"
    return Want(params["name"], one_off.subject_of(params, target), params["service"], params["log_lines"])


def connect(params: Mapping[str, Any], door: Door) -> Api:
    """The clients."""
    return Api(runs.Runs(params["region"], door), tasklogs.TaskLogs(params["region"], door))


def observe(api: Api, want: Want) -> Have:
    """One look; log lines at the end of a task that this run waited for."""
    subject = api.subject_of(want)
    have = Have(want, subject, api.tasks.look(subject))
    if not (have.over and have.look.watched and want.log_lines):
        return have
    task = (have.look.task or {})["taskArn"]
    return replace(have, log=api.logs.last_lines(subject.task_definition, task, want.log_lines))


def plan(have: Have, want: Want) -> list[Change]:
    """A start where one is due, and no task is there that counts."""
    return runs.starting(have.subject, have.look, want.target)


def settled(have: Have) -> bool:
    """Whether nothing runs."""
    return have.look.task is None or have.over


def failed(have: Have) -> Optional[OfframpError]:
    """The verdict on a task that this run waited for."""
    if not have.look.watched or runs.verdict_of(have.subject, have.look) != "failed":
        return None
    return runs.error(have.want.target, have.subject, have.look, {"run": report(have)})


def progress(have: Have) -> str:
    """Where it stands."""
    task = have.look.task or {}
    return f"task {ecs.name_of(task['taskArn'])} is {task['lastStatus']}"


def report(have: Have) -> dict[str, Any]:
    """What playbooks use. The ledger keeps it without the log."""
    task = have.look.task or {}
    return {
        "name": have.want.name,
        "verdict": runs.verdict_of(have.subject, have.look),
        "task": ecs.name_of(task.get("taskArn", "")),
        "task_definition": have.subject.task_definition,
        "exit_code": runs.exit_code_of(task, have.subject.container),
        "reason": runs.reason_of(have.subject, have.look),
        "log": list(have.log),
    }


def headline(have: Have) -> list[str]:
    """How it ended, in one sentence."""
    if not have.over:
        return []
    return [f"{have.want.target}: ended well with {ecs.name_of(have.subject.task_definition)}"]


def start(api: Api, change: Change) -> None:
    """One call."""
    api.tasks.start(change)


MODULE = Module(
    name="ecs_task_run",
    noun="run",
    spec=SPEC,
    connect=connect,
    want=want_of,
    observe=observe,
    report=report,
    plan=plan,
    apply={"start": start},
    headline=headline,
    waiting=Waiting(settled, failed, progress),
    hold=locks.hold,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
