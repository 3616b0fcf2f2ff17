"""EventBridge Scheduler's dialect: one group, and the schedules in it."""

from __future__ import annotations

from typing import Any, Optional

from botocore.exceptions import ClientError

from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.ecs import Call
from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import code_of, spoken
from ansible_collections.offramp.ecs.plugins.module_utils.engine.change import Change
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door

Json = dict[str, Any]


class JobSchedules:
    """Reads and writes schedules through the door."""

    def __init__(self, region: str, door: Door) -> None:
        self._api = session.client("scheduler", region=region, door=door)

    def make(self, change: Change) -> None:
        """Make the call that a change holds."""
        call: Call = change.payload
        with spoken(change.target):
            getattr(self._api, call.operation)(**call.arguments)

    def look(self, group: str) -> Optional[dict[str, Json]]:
        """The schedules of a group by name, by one read and one for each; None where there is no such group."""
        with spoken(f"schedule group {group}"):
            try:
                pages = self._api.get_paginator("list_schedules").paginate(GroupName=group)
                names = [each["Name"] for page in pages for each in page["Schedules"]]
            except ClientError as error:
                if code_of(error) == "ResourceNotFoundException":
                    return None
                raise
        return {name: self._schedule(group, name) for name in sorted(names)}

    def _schedule(self, group: str, name: str) -> Json:
        with spoken(f"schedule {name} of group {group}"):
            return dict(self._api.get_schedule(GroupName=group, Name=name))


def making_group(group: str, tags: dict[str, str]) -> Change:
    """The group itself."""
    listed = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
    return Change("create", f"schedule group {group}", None, tags, Call("create_schedule_group", _of(group, listed)))


def _of(group: str, tags: list[dict[str, str]]) -> Json:
    return {"Name": group, **({"Tags": tags} if tags else {})}
