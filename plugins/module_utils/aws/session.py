"""One warm boto3 session for all tasks of a run, and clients that go through the door.

A new session costs 56-67 ms and a service's first client 18-81 ms (the vendor's models are large JSON files), the next
client 2-3 ms: so the session and the models are loaded once, before Ansible forks its workers.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from importlib import import_module
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError
from botocore.loaders import Loader

from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door, Kind

_SESSION: Any = boto3.session.Session()
_WARM = (
    *("application-autoscaling", "cloudformation", "cloudwatch", "ec2", "ecr", "ecs", "elbv2", "iam", "logs"),
    *("secretsmanager", "service-quotas", "ssm", "sts"),
)
_SHARED = ("ecs", "fault", "stacks")
_READING = ("BatchGet", "Describe", "Detect", "Filter", "Get", "Head", "List", "Lookup", "Simulate", "Validate")
_PREVIEWS = frozenset({"CreateChangeSet", "DeleteChangeSet"})
_MADE_TWICE = frozenset({"RegisterTaskDefinition"})
"""Writes that make another thing each time and take no client token."""
_NEVER_SENT = (ConnectTimeoutError, EndpointConnectionError)
_ARGUMENTS = "offramp_arguments"
_XML = re.compile(rb"<[A-Za-z]+Response[\s>]")


def _is_json_object(body: bytes) -> bool:
    return body.startswith(b"{") and body.endswith(b"}")


_LOOKS: dict[str, Callable[[bytes], Any]] = {
    "json": _is_json_object,
    "rest-json": _is_json_object,
    "query": lambda body: _XML.search(body[:500]),
    "ec2": lambda body: _XML.search(body[:500]),
}
"""How the beginning and end of an answer look in each of AWS's protocols that we check."""


class UnreadableError(Exception):
    """The answer is not in the form that AWS gives answers of this service."""


def warm() -> None:
    """Load the models of the services that most runs need, and our parts that most modules share.

    For the process that forks the workers: each of them would load EC2's model again, which costs 55 ms.
    """
    for service in _WARM:
        _SESSION.client(service, region_name="us-east-1")
    for part in _SHARED:
        import_module(f"{__package__}.{part}")


def client(service: str, *, region: str, door: Door, tries: int = 5) -> Any:
    """A boto3 client whose every request asks the door, repeats included.

    boto3 repeats a call whose answer is lost. A write that would then be done twice is not repeated, but fails: whether
    it was done, the next run sees.

    Args:
        service: boto3's name of the service.
        region: AWS region.
        door: asked before each call; its ``ordered_by`` is sent as part of the User-Agent.
        tries: how often a call is made at most, when AWS throttles it or does not answer.
    """
    config = Config(
        user_agent_extra=door.ordered_by,
        retries={"mode": "standard", "total_max_attempts": tries},
        connect_timeout=5,
        read_timeout=30,
    )
    made = _SESSION.client(service, region_name=region, config=config)

    def note(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context[_ARGUMENTS] = params

    def ask(request: Any, operation_name: str, **_: Any) -> None:
        door.let_out(kind_of(operation_name, request.context[_ARGUMENTS]), f"{service} {operation_name}")

    # A call's own arguments are seen before they are serialised only, and the door is asked right before it leaves.
    made.meta.events.register("before-parameter-build.*.*", note)
    made.meta.events.register("request-created.*.*", ask)
    made.meta.events.register("response-received.*.*", _refuse_to_do_twice)
    made.meta.events.register("before-parse.*.*", _refuse_garbage)
    return made


def regions() -> list[str]:
    """All regions of all partitions that botocore knows, from a small file (boto3's own list costs 85 ms)."""
    partitions = Loader().load_data("partitions")["partitions"]
    names = (name for partition in partitions for name in partition["regions"])
    return sorted(name for name in names if not name.endswith("-global"))


def kind_of(operation: str, arguments: Mapping[str, Any]) -> Kind:
    """The class of an AWS call by its operation ("DescribeServices" reads).

    A change set is made to look at what an update would do, unless it is to create a stack: it then makes one at once,
    if an empty one.
    """
    if operation in _PREVIEWS:
        return "preview" if arguments.get("ChangeSetType", "UPDATE") == "UPDATE" else "write"
    return "read" if operation.startswith(_READING) else "write"


def is_done_twice(operation: str, arguments: Mapping[str, Any]) -> bool:
    """Whether the same call again would do it again: no token, name or version tells AWS that it is the same."""
    return operation in _MADE_TWICE or bool(arguments.get("forceNewDeployment"))


def _refuse_to_do_twice(
    event_name: str, context: dict[str, Any], exception: Any, parsed_response: Any, response_dict: Any, **_: Any
) -> None:
    """Raise what boto3 would answer with a repeat, where the call may have been done."""
    operation = event_name.rpartition(".")[2]
    if not is_done_twice(operation, context[_ARGUMENTS]):
        return
    if exception is not None and not isinstance(exception, _NEVER_SENT):
        raise exception
    if response_dict is not None and response_dict["status_code"] >= 500:
        raise ClientError(parsed_response, operation)


def _refuse_garbage(operation_model: Any, response_dict: Mapping[str, Any], **_: Any) -> None:
    """botocore takes a body that it cannot read for an empty answer, which would look like "there is none"."""
    service = operation_model.service_model
    looks_right = _LOOKS.get(getattr(service, "resolved_protocol", service.metadata["protocol"]))
    if looks_right is None or response_dict["status_code"] != 200:
        return
    body = response_dict["body"].strip()
    if body and not looks_right(body):
        raise UnreadableError


def moment_of(answer: Mapping[str, Any]) -> float:
    """When AWS gave an answer by its own clock, in seconds since the epoch; by ours where the answer does not say."""
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    try:
        return parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        return time.time()
