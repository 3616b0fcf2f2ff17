#!/usr/bin/python
"""The scheduled jobs of one app."""

from __future__ import annotations

DOCUMENTATION = """
module: ecs_schedule
short_description: Keep an app's scheduled jobs at their release
description:
  - Keeps one schedule of EventBridge Scheduler for each job, which runs a task of the job's own revision. All of them
    stand in one schedule group of the app, and what else stands in it is removed.
  - Schedules act where C(owner) is C(aws), and are there but disabled while the Heroku Scheduler owns the jobs, so that
    none is ever run by both.
  - Without jobs, and without a group, one read is all.
options:
  group:
    description: Name of the schedule group.
    type: str
    required: true
  task_definitions:
    description: ARNs of the jobs' revisions, in the order of C(jobs).
    type: list
    elements: str
    default: []
  cluster:
    description: Name or ARN of the cluster.
    type: str
    required: true
  role_arn:
    description: Role with which EventBridge Scheduler runs tasks.
    type: str
    default: ""
  owner:
    description: Whose clock runs the jobs.
    type: str
    choices: [heroku, aws]
    default: heroku
  tags:
    description: Tags of the group.
    type: dict
    default: {}
extends_documentation_fragment:
  - offramp.ecs.aws
  - offramp.ecs.jobs
  - offramp.ecs.lock
  - offramp.ecs.task_network
author: The Offramp authors
"""

EXAMPLES = """
- name: Keep the jobs at this release, disabled until Heroku's are off
  offramp.ecs.ecs_schedule:
    region: eu-west-1
    group: offramp-staging-bond-server
    jobs:
      - {name: nightly, when: "cron(30 3 * * ? *)", timezone: Europe/Berlin, process: {command: [node, nightly.js]}}
    task_definitions: [arn:aws:ecs:eu-west-1:123456789012:task-definition/staging-bond-server-job-nightly:7]
    cluster: offramp-staging
    role_arn: arn:aws:iam::123456789012:role/scheduler
    subnets: [subnet-1, subnet-2]
    security_groups: [sg-1]
"""

RETURN = """
schedules:
  description: The jobs' schedules.
  returned: success
  type: dict
  contains:
    group: {description: Name of the group., type: str}
    owner: {description: Whose clock runs the jobs., type: str}
    checked: {description: Whether they could be looked at, which matters where no job is wanted., type: bool}
    jobs: {description: "Each job: when, timezone, state, task definition.", type: dict}
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import job_schedules, jobs, locks, task_network
from ansible_collections.offramp.ecs.plugins.module_utils.aws.ecs import Call
from ansible_collections.offramp.ecs.plugins.module_utils.aws.tagged import tags_of
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change, Verb
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Denied
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module

SPEC = spec.spec(
    spec.AWS,
    locks.LOCK,
    jobs.JOBS,
    task_network.OPTIONS,
    options={
        "group": {"type": "str", "required": True},
        "task_definitions": {"type": "list", "elements": "str", "default": []},
        "cluster": {"type": "str", "required": True},
        "role_arn": {"type": "str", "default": ""},
        "owner": {"type": "str", "choices": ["heroku", "aws"], "default": "heroku"},
        "tags": {"type": "dict", "default": {}},
    },
)


@dataclass(frozen=True)
class Want:
    """The schedules by name, in the API's form."""

    group: str
    owner: str
    schedules: Mapping[str, Mapping[str, Any]]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Have:
    """The schedules of the group; None where there is no group, and not ``checked`` where nobody may look."""

    want: Want
    schedules: Optional[Mapping[str, Mapping[str, Any]]] = field(default=None)
    checked: bool = True


def want_of(params: Mapping[str, Any]) -> Want:
    """The wanted schedules.

    Raises:
        BadInput: a job cannot be, or lacks its revision or the role.
    """
    wanted, arns = jobs.described(params["jobs"]), params["task_definitions"]
    target = f"schedule group {params['group']}"
    if len(wanted) != len(arns):
        raise BadInput(
            "Each job needs its task definition.", target=target, hint="Give task_definitions in their order."
        )
    if wanted and not params["role_arn"]:
        raise BadInput(
            "Jobs need a role for EventBridge Scheduler.", target=target, hint="Run playbooks/provision.yml."
        )
    place = jobs.Place(
        jobs.cluster_arn(params["cluster"], params["role_arn"], params["region"]),
        params["role_arn"],
        task_network.written(params),
        params["owner"] == "aws",
    )
    schedules = {job.name: jobs.schedule(job, arn, place) for job, arn in zip(wanted, arns)}
    return Want(params["group"], params["owner"], schedules, tags_of(params["tags"]))


def connect(params: Mapping[str, Any], door: Door) -> job_schedules.JobSchedules:
    """EventBridge Scheduler in the wanted region."""
    return job_schedules.JobSchedules(params["region"], door)


def observe(api: job_schedules.JobSchedules, want: Want) -> Have:
    """One read, and one for each schedule. Who wants no jobs need not be allowed to look for them."""
    try:
        return Have(want, api.look(want.group))
    except Denied:
        if want.schedules:
            raise
        return Have(want, checked=False)


def plan(have: Have, want: Want) -> list[Change]:
    """The group, then each schedule that differs, then those that nobody wants any more."""
    new_group = have.schedules is None and bool(want.schedules)
    changes = [job_schedules.making_group(want.group, dict(want.tags))] if new_group else []
    there = have.schedules or {}
    for name, wanted in want.schedules.items():
        before = jobs.normalised(there[name]) if name in there else None
        if before != jobs.normalised(wanted):
            call = Call(
                "update_schedule" if before else "create_schedule", {**wanted, "Name": name, "GroupName": want.group}
            )
            told = before and jobs.readable(before)
            verb: Verb = "update" if before else "create"
            changes.append(Change(verb, _target(name, want), told, jobs.readable(wanted), call))
    for name in sorted(there.keys() - want.schedules.keys()):
        call = Call("delete_schedule", {"Name": name, "GroupName": want.group})
        changes.append(Change("delete", _target(name, want), jobs.readable(there[name]), None, call))
    return changes


def _target(name: str, want: Want) -> str:
    return f"schedule {name} of group {want.group}"


def make(api: job_schedules.JobSchedules, change: Change) -> None:
    """One call."""
    api.make(change)


def foresee(_have: Have, want: Want) -> Have:
    """The schedules as they will be."""
    return Have(want, want.schedules)


def report(have: Have) -> dict[str, Any]:
    """What playbooks use."""
    told = {name: jobs.readable(each) for name, each in (have.schedules or {}).items()}
    return {"group": have.want.group, "owner": have.want.owner, "checked": have.checked, "jobs": told}


def headline(have: Have) -> list[str]:
    """Whose clock runs how many jobs, in one sentence."""
    named = f"Schedule group {have.want.group}"
    if not have.checked:
        return [f"{named}: not checked for jobs that are no longer wanted (scheduler:ListSchedules is not allowed)"]
    if not have.want.schedules:
        return []
    whose = "enabled" if have.want.owner == "aws" else "disabled, since Heroku's Scheduler owns them"
    return [f"{named}: jobs {', '.join(have.want.schedules)} are {whose}"]


MODULE = Module(
    name="ecs_schedule",
    noun="schedules",
    spec=SPEC,
    connect=connect,
    want=want_of,
    observe=observe,
    report=report,
    plan=plan,
    apply={"create": make, "update": make, "delete": make},
    foresee=foresee,
    headline=headline,
    hold=locks.hold,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
