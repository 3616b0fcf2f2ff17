"""Tags of any resource by ARN, and account settings."""

from __future__ import annotations

from rehearsal.aws.ecs.ecs import Ecs
from rehearsal.aws.ecs.errors import invalid
from rehearsal.aws.ecs.model import Json, Tags
from rehearsal.aws.ecs.operations.paging import page
from rehearsal.aws.ecs.store import listed_tags, to_tags

_MOST = 50
_SETTINGS = {
    "awsvpcTrunking": "disabled",
    "containerInsights": "disabled",
    "containerInstanceLongArnFormat": "enabled",
    "dualStackIPv6": "enabled",
    "fargateFIPSMode": "disabled",
    "fargateTaskRetirementWaitPeriod": "7",
    "guardDutyActivate": "off",
    "serviceLongArnFormat": "enabled",
    "tagResourceAuthorization": "off",
    "taskLongArnFormat": "enabled",
}


def tag_resource(ecs: Ecs, request: Json) -> Json:
    """TagResource."""
    tags = _tags_of(ecs, request["resourceArn"])
    wanted = tags | to_tags(request["tags"])
    if len(wanted) > _MOST:
        raise invalid(f"Number of tags exceeds the maximum of {_MOST}.")
    tags.update(wanted)
    return {}


def untag_resource(ecs: Ecs, request: Json) -> Json:
    """UntagResource."""
    tags = _tags_of(ecs, request["resourceArn"])
    for key in request["tagKeys"]:
        tags.pop(key, None)
    return {}


def list_tags_for_resource(ecs: Ecs, request: Json) -> Json:
    """ListTagsForResource."""
    return {"tags": listed_tags(_tags_of(ecs, request["resourceArn"]))}


def list_account_settings(ecs: Ecs, request: Json) -> Json:
    """ListAccountSettings: the defaults of a new account; nothing is listed unless effective settings are asked for."""
    shown = _SETTINGS if request.get("effectiveSettings") else {}
    settings = [
        {"name": name, "value": value, "principalArn": ecs.naming.caller, "type": "user"}
        for name, value in shown.items()
        if request.get("name") in (None, name) and request.get("value") in (None, value)
    ]
    return page("settings", settings, request, default=10, most=100)


def _tags_of(ecs: Ecs, arn: str) -> Tags:
    store = ecs.store
    known = (
        [each.arn for each in store.clusters.values()]
        + [each.arn for each in store.services.values()]
        + [each.arn for each in store.tasks.values()]
        + [each.arn for revisions in store.families.values() for each in revisions]
    )
    if arn not in known:
        raise invalid("The specified resource could not be found.")
    return store.tags.setdefault(arn, {})
