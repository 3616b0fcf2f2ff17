"""One warm boto3 session for all tasks of a run, and clients that go through the door.

A new session costs 56-67 ms and a service's first client 18-81 ms (the vendor's models are large JSON files), the next
client 2-3 ms: so the session and the models are loaded once, before Ansible forks its workers.
"""

from __future__ import annotations

from typing import Any

import boto3
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door, Kind
from botocore.config import Config

_SESSION: Any = boto3.session.Session()
_WARM = ("cloudformation", "cloudwatch", "ecr", "ecs", "elbv2", "secretsmanager", "application-autoscaling", "sts")
_READING = ("BatchGet", "Describe", "Filter", "Get", "Head", "List", "Lookup", "Simulate", "Validate")
_PREVIEWS = frozenset({"CreateChangeSet", "DeleteChangeSet"})


def warm() -> None:
    """Load the models of the services that every run needs; for the process that forks the workers."""
    for service in _WARM:
        _SESSION.client(service, region_name="us-east-1")


def client(service: str, *, region: str, door: Door) -> Any:
    """A boto3 client whose every call asks the door.

    Args:
        service: boto3's name of the service.
        region: AWS region.
        door: asked before each call; its ``ordered_by`` is sent as part of the User-Agent.
    """
    config = Config(
        user_agent_extra=door.ordered_by,
        retries={"mode": "standard", "max_attempts": 5},
        connect_timeout=5,
        read_timeout=30,
    )
    made = _SESSION.client(service, region_name=region, config=config)

    def ask(model: Any, **_: Any) -> None:
        door.let_out(kind_of(model.name), f"{service} {model.name}")

    made.meta.events.register("before-call.*.*", ask)
    return made


def kind_of(operation: str) -> Kind:
    """The class of an AWS operation by its name ("DescribeServices" reads)."""
    if operation in _PREVIEWS:
        return "preview"
    return "read" if operation.startswith(_READING) else "write"
