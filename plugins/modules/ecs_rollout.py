#!/usr/bin/python
"""Watches the rollout of a task definition, judges it, and orders the way back where it is bad."""

from __future__ import annotations

DOCUMENTATION = """
module: ecs_rollout
short_description: Judge the rollout of an ECS service
description:
  - Watches until the wanted task definition is what the service runs, and is judged by its own deployment, not by
    the service being stable. A service that stands at it already costs one read.
  - A rollout whose tasks end again and again for the same reason, or that is not done by its deadline, is stopped with
    a rollback by ECS itself. The first release of a service, which has nothing to go back to, is scaled to 0.
  - Any bad end fails the task, when the old version serves again, with the reasons and what to do.
options:
  task_definition:
    description: Full ARN of the wanted task definition.
    type: str
    required: true
  target_group_arn:
    description: Target group that says which tasks are healthy; empty for a process without a load balancer.
    type: str
    default: ""
  deadline:
    description: Seconds from the start of the deployment by which it must be done.
    type: float
    default: 900.0
  same_reason:
    description: Number of tasks that end for the same reason after which nothing good is expected.
    type: int
    default: 3
  steady:
    description:
      - Seconds for which a completed rollout is still watched. ECS takes it for complete when its tasks were healthy
        once; where they end soon after for the same reason, all of them or I(same_reason), the former release is
        ordered again. A service that was complete for longer already is not watched.
    type: float
    default: 0.0
  show_logs:
    description:
      - Whether the last 20 log lines of a failed task are part of the failure. Values of the pinned secret are blotted
        out of them; what else the app prints is shown as it is.
    type: bool
    default: true
  every:
    description:
      - Seconds from one look to the next from the second minute on; before, a second at first and then more and more.
        With the default a rollout costs at most six calls a minute then, the lock's renewal included.
    type: float
    default: 15.0
extends_documentation_fragment:
  - offramp.ecs.aws
  - offramp.ecs.lock
  - offramp.ecs.service
  - offramp.ecs.waiting
author: The Offramp authors
"""

EXAMPLES = """
- name: Watch the rollout
  offramp.ecs.ecs_rollout:
    region: eu-west-1
    cluster: offramp-staging
    service: bond-server-web
    task_definition: arn:aws:ecs:eu-west-1:123456789012:task-definition/staging-bond-server-web:7
"""

RETURN = """
rollout:
  description: The rollout.
  returned: always
  type: dict
  contains:
    service: {description: Name of the service., type: str}
    verdict: {description: "completed, idle (no task), failed, rolled_back, superseded, going (dry run).", type: str}
    task_definition: {description: ARN of the task definition that was judged., type: str}
    deployment: {description: Id of the deployment that was judged., type: str}
    desired: {description: Number of tasks that the service keeps., type: int}
    healthy: {description: Number of them that are healthy., type: int}
    serving: {description: ARN of the task definition that serves., type: str}
    reasons: {description: Why tasks failed., type: list, elements: str}
log:
  description: The last log lines of a failed task. They are no part of the ledger.
  returned: failure, with show_logs
  type: list
  elements: str
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import ecs, locks, rollouts, tasklogs, verdicts
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import OfframpError
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module
from ansible_collections.offramp.ecs.plugins.module_utils.engine.settle import Waiting, quick_at_first
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown

_TEXT = {"type": "str", "required": True}
_LINES = 20

SPEC = spec.spec(
    spec.AWS,
    locks.LOCK,
    spec.WAITING,
    ecs.SERVICE,
    options={
        "task_definition": _TEXT,
        "target_group_arn": {"type": "str", "default": ""},
        "deadline": {"type": "float", "default": 900.0},
        "same_reason": {"type": "int", "default": 3},
        "steady": {"type": "float", "default": 0.0},
        "show_logs": {"type": "bool", "default": True},
        "every": {"type": "float", "default": 15.0},
    },
)


@dataclass(frozen=True)
class Api:
    """Rollouts, and the logs of what failed."""

    rollouts: rollouts.Rollouts
    logs: tasklogs.TaskLogs


@dataclass(frozen=True)
class Want:
    """What is watched, and by which limits."""

    subject: rollouts.Subject
    limits: verdicts.Limits
    show_logs: bool


@dataclass(frozen=True)
class Have:
    """The rollout at one moment, with log lines of a failed task where it has come to a bad end."""

    want: Want
    look: rollouts.Look
    log: tuple[str, ...] = ()


def want_of(params: Mapping[str, Any]) -> Want:
    """The rollout to watch."""
    named = (params[name] for name in ("cluster", "service", "task_definition", "target_group_arn", "steady"))
    limits = verdicts.Limits(params["deadline"], params["same_reason"], params["steady"])
    return Want(rollouts.Subject(*named), limits, params["show_logs"])


def connect(params: Mapping[str, Any], door: Door) -> Api:
    """The clients."""
    return Api(rollouts.Rollouts(params["region"], door), tasklogs.TaskLogs(params["region"], door))


def observe(api: Api, want: Want) -> Have:
    """One look, none at what does not exist yet; log lines only at a bad end."""
    if is_unknown(want.subject):
        return Have(want, rollouts.Look("absent"))
    look = api.rollouts.look(want.subject)
    ended = verdicts.is_bad_end(look, want.subject, want.limits) and want.show_logs
    failed = sorted(look.failures, key=lambda each: each.over)  # a task that ended tells more than an unhealthy one
    if not (ended and failed):
        return Have(want, look)
    return Have(want, look, api.logs.last_lines(want.subject.task_definition, failed[-1].task, _LINES))


def plan(have: Have, want: Want) -> list[Change]:
    """Nothing while it may become good; else the way back."""
    return verdicts.way_back(have.look, want.subject, want.limits)


def settled(have: Have) -> bool:
    """Whether it is done, or something must be done."""
    return verdicts.is_steady(have.look, have.want.limits) or bool(plan(have, have.want))


def failed(have: Have) -> Optional[OfframpError]:
    """The verdict, when nothing is left to do."""
    if not verdicts.is_bad_end(have.look, have.want.subject, have.want.limits):
        return None
    return verdicts.error(have.look, have.want.subject, {"rollout": report(have), "log": list(have.log)})


def progress(have: Have) -> str:
    """How many of the wanted tasks are healthy."""
    return verdicts.progress(have.look, have.want.subject, have.want.limits)


def report(have: Have) -> dict[str, Any]:
    """What playbooks use, and the ledger keeps."""
    look, subject = have.look, have.want.subject
    return {
        "service": subject.service,
        "verdict": look.state,
        "task_definition": subject.task_definition,
        "deployment": look.deployment,
        "desired": look.desired,
        "healthy": look.healthy,
        "serving": look.serving,
        "reasons": sorted({each.in_words() for each in look.failures}),
    }


def make(api: Api, change: Change) -> None:
    """One call."""
    api.rollouts.make(change)


def stop(api: Api, change: Change) -> None:
    """One call, which may come too late."""
    api.rollouts.stop(change)


def foresee(have: Have, want: Want) -> Have:
    """A rollout that a dry run cannot judge is going to be watched."""
    if have.look.state in ("completed", "idle"):
        return have
    return Have(want, rollouts.Look("going"))


def headline(have: Have) -> list[str]:
    """How it stands, in one sentence."""
    look, subject = have.look, have.want.subject
    if look.state == "completed":
        short = ecs.name_of(subject.task_definition)
        return [f"ECS service {subject.service}: {short} runs with {look.healthy} of {look.desired} tasks"]
    idle = f"ECS service {subject.service}: keeps no task, so {ecs.name_of(subject.task_definition)} is not proven"
    return [idle] if look.state == "idle" else []


MODULE = Module(
    name="ecs_rollout",
    noun="rollout",
    spec=SPEC,
    connect=connect,
    want=want_of,
    observe=observe,
    report=report,
    plan=plan,
    apply={"stop": stop, "scale": make, "update": make},
    foresee=foresee,
    headline=headline,
    waiting=Waiting(settled, failed, progress, quick_at_first),
    hold=locks.hold,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
