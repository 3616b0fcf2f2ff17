"""What ECS itself keeps of releases: what a task definition's tags say of one, and which of its settings come back.

A task definition holds most of a release. Its tags say what is not in it: the tag of the image, who released it, and
the grace period, which is the service's and in no revision of it. When it was registered ECS knows by itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import locks
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import Options

Json = Mapping[str, Any]

IMAGE_TAG, BY, GRACE = "offramp-image-tag", "offramp-released-by", "offramp-health-grace"

RETURNING: Options = {
    "returning": {
        "type": "dict",
        "default": {},
        "options": {
            "port": {"type": "int"},
            "health_grace": {"type": "int"},
            "target_group_arn": {"type": "str"},
        },
    }
}
"""What comes back with an earlier release, as :func:`returning` tells it."""

_NOT_IN_TAGS = re.compile(r"[^\w \-.:/=+@]")
_LONGEST_TAG = 256


def tags_of(params: Json, image_tag: str) -> dict[str, str]:
    """The tags of a release that a module's options describe."""
    owner = (params.get("lock") or {}).get("owner", "")
    told = {
        IMAGE_TAG: image_tag,
        BY: locks.owner_of(owner, os.environ),
        GRACE: str(params["process"]["health_grace"]) if "process" in params else "",
    }
    return {key: _NOT_IN_TAGS.sub(" ", value)[:_LONGEST_TAG] for key, value in told.items() if value}


def tags_in(definition: Json) -> dict[str, str]:
    """The tags of a task definition that ECS describes."""
    return {each["key"]: each.get("value", "") for each in definition.get("tags", [])}


def returning(definition: Json, target_group: str) -> dict[str, Any]:
    """The settings of a service that come back with an earlier release.

    Args:
        definition: the earlier release's.
        target_group: ARN of the target group that its tasks go to; "" for none.
    """
    mapped = [each["containerPort"] for part in definition["containerDefinitions"] for each in part["portMappings"]]
    grace = tags_in(definition).get(GRACE, "")
    told: dict[str, Any] = {"port": mapped[0] if mapped else 0}
    if grace.isdigit():
        told["health_grace"] = int(grace)
    return {**told, "target_group_arn": target_group} if target_group else told


def returned(params: Json) -> dict[str, Any]:
    """A module's options with what comes back with an earlier release in place of the inventory's."""
    back = {name: value for name, value in params["returning"].items() if value is not None}
    process = {**params["process"], **{name: back[name] for name in ("port", "health_grace") if name in back}}
    group: Optional[str] = back.get("target_group_arn") or params["target_group_arn"]
    return {**params, "process": process, "target_group_arn": group}
