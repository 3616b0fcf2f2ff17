#!/usr/bin/python
"""Old revisions of an app's task definitions, retired."""

from __future__ import annotations

DOCUMENTATION = """
module: ecs_revision_removal
short_description: Retire old revisions of task definitions
description:
  - Deregisters what is older than the newest revisions of a family. A revision stays, whatever its age, that a
    deployment of the service, a running task, a schedule of the app, or one of its last three completed releases names.
    Where nobody may look at the schedules nothing is retired.
  - One read a family where nothing is to be retired, else five more, among the newest hundred. No more than twenty
    revisions are retired in one run, the oldest of them first.
options:
  cluster:
    description: Name or ARN of the cluster.
    type: str
    required: true
  families:
    description: Families of task definitions.
    type: list
    elements: str
    required: true
  services:
    description: The service of each family, in their order; empty for families of tasks that run by themselves.
    type: list
    elements: str
    default: []
  releases:
    description: The present release of each family, in their order, as the ARN of a task definition.
    type: list
    elements: str
    required: true
  schedule_group:
    description: Group of the app's schedules.
    type: str
    required: true
  keep:
    description: How many of a family's newest revisions stay, 3 to 90.
    type: int
    default: 10
extends_documentation_fragment:
  - offramp.ecs.aws
  - offramp.ecs.lock
author: The Offramp authors
"""

EXAMPLES = """
- name: Retire what nobody goes back to
  offramp.ecs.ecs_revision_removal:
    region: eu-west-1
    cluster: offramp-staging
    families: [staging-bond-server-web]
    services: [bond-server-web]
    schedule_group: offramp-staging-bond-server
    releases: ["arn:aws:ecs:eu-west-1:123456789012:task-definition/staging-bond-server-web:17"]
"""

RETURN = """
revisions:
  description: The revisions of each family.
  returned: success
  type: dict
  contains:
    kept: {description: "Number of active revisions among the newest hundred, by family.", type: dict}
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import ecs, job_schedules, locks
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Denied
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown

_LIST = {"type": "list", "elements": "str", "required": True}
_SEEN = 100
_MOST_KEPT = 90
_COMPLETED = 3
"""The present release, the one before, to which ``release_to=previous`` goes, and the one before that."""
_AT_ONCE = 20

SPEC = spec.spec(
    spec.AWS,
    locks.LOCK,
    options={
        "cluster": {"type": "str", "required": True},
        **dict.fromkeys(("families", "releases"), _LIST),
        "services": {"type": "list", "elements": "str", "default": []},
        "schedule_group": {"type": "str", "required": True},
        "keep": {"type": "int", "default": 10},
    },
)


@dataclass(frozen=True)
class Family:
    """A family and its service; ``coming`` where a dry run foresees a revision that is not there yet."""

    name: str
    service: str
    coming: bool


@dataclass(frozen=True)
class Want:
    """Which revisions stay."""

    cluster: str
    families: tuple[Family, ...]
    schedule_group: str
    keep: int


@dataclass(frozen=True)
class Found:
    """A family's active revisions by ARN, newest first, and those that must stay."""

    family: Family
    revisions: tuple[str, ...]
    in_use: frozenset[str] = frozenset()

    def old(self, keep: int) -> list[str]:
        """What is to be retired, the oldest first."""
        beyond = self.revisions[keep - self.family.coming :]
        return [arn for arn in reversed(beyond) if arn not in self.in_use]


@dataclass(frozen=True)
class Have:
    """What was found, and how many revisions this run may still retire."""

    families: tuple[Found, ...]
    left: int


@dataclass
class Api:
    """Who is asked, and how many revisions this run may still retire."""

    ecs: ecs.Ecs
    schedules: job_schedules.JobSchedules
    left: int = _AT_ONCE


def want_of(params: Mapping[str, Any]) -> Want:
    """Which revisions stay.

    Raises:
        BadInput: so few or so many cannot, or a family has no service.
    """
    if not _COMPLETED <= params["keep"] <= _MOST_KEPT:
        hint = f"Keep {_COMPLETED} to {_MOST_KEPT} revisions."
        raise BadInput(f"release_keep is {params['keep']}, and cannot be.", target="task definitions", hint=hint)
    lists = [params[name] for name in ("families", "services", "releases") if params[name] or name != "services"]
    if len({len(each) for each in lists}) > 1:
        raise BadInput("Each family needs its release, and its service or none.", target="task definitions")
    services = params["services"] or [""] * len(params["families"])
    all_of_them = zip(params["families"], services, params["releases"])
    families = tuple(Family(name, service, is_unknown(release)) for name, service, release in all_of_them if name)
    return Want(params["cluster"], families, params["schedule_group"], params["keep"])


def connect(params: Mapping[str, Any], door: Door) -> Api:
    """ECS in the wanted region."""
    return Api(ecs.Ecs(params["region"], door), job_schedules.JobSchedules(params["region"], door))


def observe(api: Api, want: Want) -> Have:
    """One read a family; where there are too many five more, and one for each schedule."""
    families = () if is_unknown(want.cluster) else want.families
    found = [Found(family, tuple(api.ecs.active_revisions(family.name, _SEEN))) for family in families]
    if not any(each.old(want.keep) for each in found):
        return Have(tuple(found), api.left)
    scheduled = _scheduled(api, want.schedule_group)
    if scheduled is None:
        return Have(tuple(found), 0)
    return Have(
        tuple(
            replace(each, in_use=scheduled | _in_use(api.ecs, want, each.family)) if each.old(want.keep) else each
            for each in found
        ),
        api.left,
    )


def _scheduled(api: Api, group: str) -> Optional[frozenset[str]]:
    """What the app's schedules start; None where these credentials may not look."""
    try:
        found = api.schedules.look(group) or {}
    except Denied:
        return None
    return frozenset(each["Target"].get("EcsParameters", {}).get("TaskDefinitionArn", "") for each in found.values())


def _in_use(api: ecs.Ecs, want: Want, family: Family) -> frozenset[str]:
    """What a task may still be started with, or somebody may go back to."""
    running = api.definitions_at_work(want.cluster, family.name)
    service = api.service(want.cluster, family.service) if family.service else None
    if service is None:
        return frozenset(running)
    deployed = {each["taskDefinition"] for each in service["deployments"]}
    completed = dict.fromkeys(each["taskDefinition"] for each in api.completed(want.cluster, family.service))
    return frozenset({*running, *deployed, *list(completed)[: _COMPLETED - family.coming]})


def plan(have: Have, want: Want) -> list[Change]:
    """Each revision that is too old, as far as one run goes."""
    old = [arn for found in have.families for arn in found.old(want.keep)]
    return [
        Change("delete", f"task definition {ecs.name_of(arn)}", {"status": "ACTIVE"}, None, _retirement(arn))
        for arn in old[: have.left]
    ]


def _retirement(arn: str) -> ecs.Call:
    return ecs.Call("deregister_task_definition", {"taskDefinition": arn})


def retire(api: Api, change: Change) -> None:
    """One call."""
    api.left -= 1
    api.ecs.make(change)


def report(have: Have) -> dict[str, Any]:
    """What playbooks use."""
    return {"kept": {found.family.name: len(found.revisions) for found in have.families}}


MODULE = Module(
    name="ecs_revision_removal",
    noun="revisions",
    spec=SPEC,
    connect=connect,
    want=want_of,
    observe=observe,
    report=report,
    plan=plan,
    apply={"delete": retire},
    hold=locks.hold,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
