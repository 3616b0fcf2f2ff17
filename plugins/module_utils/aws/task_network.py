"""Where tasks run: the options that say so, and their form in the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import Options

OPTIONS: Options = {
    "subnets": {"type": "list", "elements": "str", "default": []},
    "security_groups": {"type": "list", "elements": "str", "default": []},
    "public_ip": {"type": "bool", "default": False},
}
"""As a module's options (documentation fragment ``offramp.ecs.task_network``)."""


def written(params: Mapping[str, Any]) -> dict[str, Any]:
    """A ``networkConfiguration``, from the arguments of a module with these options."""
    return {
        "awsvpcConfiguration": {
            "subnets": list(params["subnets"]),
            "securityGroups": list(params["security_groups"]),
            "assignPublicIp": "ENABLED" if params["public_ip"] else "DISABLED",
        }
    }
