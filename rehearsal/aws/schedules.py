"""EventBridge Scheduler: what AWS refuses and ministack accepts, and the clock by which schedules run tasks.

Sources: the API reference of EventBridge Scheduler, and "Setting up" in its user guide for the role.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from botocore.exceptions import ClientError

from rehearsal.aws.adapters import schedules, server
from rehearsal.aws.adapters.reach import Patches
from rehearsal.aws.calls import Clients
from rehearsal.aws.ecs.errors import EcsError
from rehearsal.aws.errors import RefusedError
from rehearsal.aws.lookout import Lookout
from rehearsal.aws.scaler.schedule import is_due
from rehearsal.aws.service import Parameters, Service

logger = logging.getLogger(__name__)
Json = dict[str, Any]
RunTask = Callable[[str, str, Json], Any]
"""(account, region, request) -> what ECS answers."""

_NAME = re.compile(r"[0-9a-zA-Z-_.]{1,64}")
_CLUSTER = re.compile(r"arn:aws[a-z-]*:ecs:[a-z0-9-]+:\d{12}:cluster/[\w-]{1,255}")
_SERVICE = "scheduler.amazonaws.com"
_CREATED = {"CreateSchedule": "ScheduleArn", "CreateScheduleGroup": "ScheduleGroupArn"}
LOOKS_EVERY = 0.25
"""Seconds from one look of the clock to the next. AWS is precise to the minute."""


def service(patches: Patches, clients: Clients) -> Service:
    """The service with its refusals."""
    schedules.leave_time_to_us(patches)
    scheduler = Service("scheduler")
    made = _Made()
    for operation, key in _CREATED.items():
        scheduler.own[operation] = partial(made.again, operation, key)
    for operation in ("CreateSchedule", "UpdateSchedule"):
        scheduler.refuses(operation)(_named)
        scheduler.refuses(operation)(_group_is_there)
        scheduler.refuses(operation)(_when_is_one)
        scheduler.refuses(operation)(_target_is_one)
        scheduler.gates[operation].append(lambda asked: _role_is_trusting(asked, clients))
    scheduler.refuses("CreateScheduleGroup")(_named)
    for operation in ("DeleteSchedule", "GetSchedule", "ListSchedules"):
        scheduler.refuses(operation)(_group_is_there)
    return scheduler


def _here() -> tuple[str, str]:
    return server.current_account(), server.current_region()


def _invalid(message: str) -> RefusedError:
    return RefusedError("ValidationException", message)


def _named(asked: Parameters) -> None:
    if not _NAME.fullmatch(asked["Name"]):
        raise _invalid(
            f"1 validation error detected: Value '{asked['Name']}' at 'name' failed to satisfy constraint: Member must "
            "satisfy regular expression pattern: ^[0-9a-zA-Z-_.]+$"
        )


def _group_is_there(asked: Parameters) -> None:
    group = asked.get("GroupName")
    if group and not schedules.is_group(group):
        raise RefusedError("ResourceNotFoundException", f"Schedule group {group} does not exist.", 404)


def _when_is_one(asked: Parameters) -> None:
    now = time.time()
    try:
        ZoneInfo(asked.get("ScheduleExpressionTimezone") or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        raise _invalid("Invalid Schedule Expression Timezone.") from None
    try:
        is_due(asked["ScheduleExpression"], "UTC", now, now, now)
    except (KeyError, ValueError):
        raise _invalid(f"Invalid Schedule Expression {asked['ScheduleExpression']}.") from None


def _target_is_one(asked: Parameters) -> None:
    target = asked["Target"]
    if not _CLUSTER.fullmatch(target["Arn"]) or not target.get("EcsParameters"):
        raise _invalid("The rehearsal's EventBridge Scheduler runs ECS tasks alone: give a cluster and EcsParameters.")
    network = target["EcsParameters"].get("NetworkConfiguration", {}).get("awsvpcConfiguration", {})
    if target["EcsParameters"].get("LaunchType") == "FARGATE" and not network.get("Subnets"):
        raise _invalid("NetworkConfiguration is required for FARGATE tasks.")


def _role_is_trusting(asked: Parameters, clients: Clients) -> None:
    name = asked["Target"]["RoleArn"].rpartition("/")[2]
    try:
        trust = clients("iam").get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    except ClientError:
        trust = ""
    if _SERVICE not in json.dumps(trust):
        raise _invalid("The execution role you provide must allow AWS EventBridge Scheduler to assume the role.")


class _Made:
    """What client tokens stand for: the same call again, whose answer was lost, makes nothing anew."""

    def __init__(self) -> None:
        self._known: set[tuple[str, ...]] = set()

    def again(self, operation: str, key: str, asked: Parameters) -> Parameters | None:
        """The answer to a call that was made before; None for a new one."""
        name, group = asked["Name"], asked.get("GroupName") or schedules.DEFAULT_GROUP
        call = (*_here(), operation, group, name, asked.get("ClientToken", ""))
        if call in self._known:
            kind = f"schedule/{group}/{name}" if key == "ScheduleArn" else f"schedule-group/{name}"
            account, region = _here()
            return {key: f"arn:aws:scheduler:{region}:{account}:{kind}"}
        self._known.add(call)
        return None


class Clock(Lookout):
    """Runs the tasks of schedules that are due, from :meth:`start` to :meth:`stop`; :meth:`hold` keeps it from it."""

    def __init__(self, run_task: RunTask) -> None:
        super().__init__("schedules")
        self._run_task = run_task

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Nothing is run within the block, and what would have been due in it never is."""
        with self._acting:
            yield
            self._looked = time.time()

    def _pause(self) -> float:
        return LOOKS_EVERY

    def look(self, now: float) -> None:
        """Run what became due since the last look, each once."""
        for account, region, schedule in schedules.everywhere():
            zone, made = schedule["ScheduleExpressionTimezone"], schedule["CreationDate"]
            since = max(self._looked, made)
            if schedule["State"] == "ENABLED" and is_due(schedule["ScheduleExpression"], zone, made, since, now):
                self._run(account, region, schedule)
        self._looked = now

    def _run(self, account: str, region: str, schedule: Json) -> None:
        try:
            self._run_task(account, region, request_of(schedule))
        except EcsError as error:  # as on AWS, nobody hears of it but the metrics and a dead-letter queue
            logger.warning("schedule %s ran nothing: %s", schedule["Name"], error.message)


def request_of(schedule: Mapping[str, Any]) -> Json:
    """The RunTask that a schedule makes."""
    target = schedule["Target"]
    told = target["EcsParameters"]
    network = told.get("NetworkConfiguration", {}).get("awsvpcConfiguration", {})
    small = {name[0].lower() + name[1:]: value for name, value in network.items()}
    return {
        "cluster": target["Arn"],
        "taskDefinition": told["TaskDefinitionArn"],
        "launchType": told.get("LaunchType", "FARGATE"),
        "count": told.get("TaskCount", 1),
        "networkConfiguration": {"awsvpcConfiguration": small},
        "overrides": json.loads(target.get("Input", "{}")),
        "startedBy": f"chronos-schedule/{schedule['Name']}"[:128],
    }
