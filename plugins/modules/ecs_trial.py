#!/usr/bin/python
"""Tries a release by one task beside its service, without traffic."""

from __future__ import annotations

DOCUMENTATION = """
module: ecs_trial
short_description: Try a release by one task beside the service, before the service moves
version_added: 0.1.0
author: The Offramp founders (@offramp)
description:
  - Runs one task of the revision that a service is to get, outside the load balancer. It passes when it has run for
    O(seconds) without an end, and is healthy where it has a health command. A task that ends, or is unhealthy, fails
    the run, with the reason, the exit code, what to do, and the last log lines; the service was not touched then.
  - Only a service behind a load balancer is tried, where it serves and is to get another revision. In every other case
    this costs one read. A trial that was cut off is taken up, and one that passed counts for an hour.
  - O(state=ended) stops the tasks of all trials of the family, which a killed run may have left.
options:
  state:
    description: Whether to try the revision, or to end what is left of trials.
    type: str
    choices: [passed, ended]
    default: passed
  task_definition:
    description: Full ARN of the revision that the service is to get.
    type: str
    required: true
  container:
    description: Name of its container.
    type: str
    required: true
  seconds:
    description: For how long the task must run.
    type: float
    default: 60.0
  foreseen:
    description: The C(trial.verdict) of the trial before, by which a dry run knows what there will be to end.
    type: str
    default: ""
  log_lines:
    description:
      - How many of the last log lines of a task that failed are returned. Values of the task's secrets are blotted out
        of them; what else the app prints is shown as it is. They are no part of the ledger.
    type: int
    default: 20
  tags:
    description: Tags of the task.
    type: dict
    default: {}
extends_documentation_fragment:
  - offramp.ecs.aws
  - offramp.ecs.lock
  - offramp.ecs.process
  - offramp.ecs.service
  - offramp.ecs.task_network
  - offramp.ecs.waiting
"""

EXAMPLES = """
- name: See that the release lives for a minute before anybody gets it
  offramp.ecs.ecs_trial:
    region: eu-west-1
    cluster: offramp-staging
    service: bond-server-web
    task_definition: arn:aws:ecs:eu-west-1:123456789012:task-definition/staging-bond-server-web:7
    container: web
    process: {port: 8080}
    subnets: [subnet-1, subnet-2]
    security_groups: [sg-1]
"""

RETURN = """
trial:
  description: The trial.
  returned: always
  type: dict
  contains:
    service: {description: The service that is to get the revision., type: str}
    verdict:
      description: "passed, failed, going, coming (dry run), or not_due where nobody could be harmed."
      type: str
    task: {description: Its id., type: str}
    task_definition: {description: ARN of the revision., type: str}
    reason: {description: Why it did not pass., type: str}
    log: {description: "The last lines that it printed, where it failed.", type: list, elements: str}
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import (
    ecs,
    locks,
    processes,
    runs,
    task_network,
    tasklogs,
    trials,
)
from ansible_collections.offramp.ecs.plugins.module_utils.aws.tagged import tags_of
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import OfframpError
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module
from ansible_collections.offramp.ecs.plugins.module_utils.engine.settle import Waiting
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown

_TEXT = {"type": "str", "required": True}

SPEC = spec.spec(
    spec.AWS,
    locks.LOCK,
    ecs.SERVICE,
    processes.PROCESS,
    spec.WAITING,
    task_network.OPTIONS,
    options={
        "state": {"type": "str", "choices": ["passed", "ended"], "default": "passed"},
        "task_definition": _TEXT,
        "container": _TEXT,
        "seconds": {"type": "float", "default": 60.0},
        "foreseen": {"type": "str", "default": ""},
        "log_lines": {"type": "int", "default": 20},
        "tags": {"type": "dict", "default": {}},
    },
)


@dataclass(frozen=True)
class Want:
    """The trial; with ``ends`` none is to be left, and a dry run knows whether one is ``coming``."""

    trial: trials.Trial
    serves: bool
    ends: bool
    coming: bool
    log_lines: int

    @property
    def target(self) -> str:
        """It in sentences."""
        return f"ECS trial of {self.trial.service}"


@dataclass(frozen=True)
class Have:
    """The trial at one moment, with log lines where it failed; ``left`` are tasks that are to be ended."""

    want: Want
    look: runs.Look
    left: list[dict[str, Any]] = field(default_factory=list)
    log: tuple[str, ...] = ()

    @property
    def verdict(self) -> trials.Verdict:
        """How it stands."""
        return trials.verdict_of(self.want.trial, self.look)


@dataclass(frozen=True)
class Api:
    """Tasks and their logs."""

    trials: trials.Trials
    logs: tasklogs.TaskLogs


def want_of(params: Mapping[str, Any]) -> Want:
    """The wanted trial."""
    arn, process = params["task_definition"], params["process"]
    subject = runs.Subject(
        params["cluster"],
        arn,
        params["container"],
        task_network.written(params),
        trials.trial_id(arn),
        before={params["service"]: arn},
        tags=tags_of(params["tags"]),
    )
    trial = trials.Trial(subject, params["seconds"], bool(process["health_command"]))
    ends, coming = params["state"] == "ended", params["foreseen"] == "coming"
    return Want(trial, process["port"] > 0, ends, coming, params["log_lines"])


def connect(params: Mapping[str, Any], door: Door) -> Api:
    """The clients."""
    return Api(trials.Trials(params["region"], door), tasklogs.TaskLogs(params["region"], door))


def observe(api: Api, want: Want) -> Have:
    """One look; log lines where the task that this run waited for failed."""
    if not want.serves:
        return Have(want, runs.Look(False))
    if want.ends:
        left, moment = api.trials.running(want.trial.subject)
        arn = Unknown(f"ARN of the task of {want.target}", "playbooks/release.yml")
        coming = [{"taskArn": arn, "lastStatus": "RUNNING"}] if want.coming else left
        return Have(want, runs.Look(False, moment=moment), coming)
    have = Have(want, api.trials.look(want.trial.subject))
    if have.verdict != "failed" or not have.look.watched or not want.log_lines:
        return have
    task = (have.look.task or {})["taskArn"]
    return replace(have, log=api.logs.last_lines(want.trial.subject.task_definition, task, want.log_lines))


def plan(have: Have, want: Want) -> list[Change]:
    """A start where one is due, and no task is there that counts; or the end of all that run."""
    if want.ends:
        return trials.ending(want.trial, have.left, have.look.moment, want.target)
    return runs.starting(want.trial.subject, have.look, want.target)


def settled(have: Have) -> bool:
    """Whether there is nothing to wait for."""
    return have.verdict != "going"


def failed(have: Have) -> Optional[OfframpError]:
    """The verdict on a task that this run waited for."""
    if not have.look.watched or have.verdict != "failed":
        return None
    return trials.error(have.want.target, have.look, {"trial": report(have)})


def progress(have: Have) -> str:
    """Where it stands."""
    task = have.look.task or {}
    age, seconds = trials.age_of(task, have.look.moment), have.want.trial.seconds
    return f"task {ecs.name_of(task['taskArn'])} is {task['lastStatus']}, {age:.0f} of {seconds:.0f} s"


def report(have: Have) -> dict[str, Any]:
    """What playbooks use. The ledger keeps it without the log."""
    task = have.look.task or {}
    failure = trials.failure_of(task) if have.verdict == "failed" else None
    return {
        "service": have.want.trial.service,
        "verdict": have.verdict,
        "task": ecs.name_of(task.get("taskArn", "")),
        "task_definition": have.want.trial.subject.task_definition,
        "reason": failure.in_words() if failure else "",
        "log": list(have.log),
    }


def headline(have: Have) -> list[str]:
    """That it passed, in one sentence."""
    if have.verdict != "passed":
        return []
    revision = ecs.name_of(have.want.trial.subject.task_definition)
    return [f"{have.want.target}: {revision} passed, {have.want.trial.seconds:.0f} s without traffic"]


def start(api: Api, change: Change) -> None:
    """One call."""
    api.trials.start(change)


def stop(api: Api, change: Change) -> None:
    """One call."""
    api.trials.ecs.make(change)


MODULE = Module(
    name="ecs_trial",
    noun="trial",
    spec=SPEC,
    connect=connect,
    want=want_of,
    observe=observe,
    report=report,
    plan=plan,
    apply={"start": start, "stop": stop},
    headline=headline,
    waiting=Waiting(settled, failed, progress),
    hold=locks.hold,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
