"""An AWS request, read far enough to say what it asks for and to judge it, in any of AWS's wire protocols."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, unquote

from rehearsal.calls import Call, Kind

Protocol = Literal["query", "json", "rest", "rpc"]

_SCOPE = re.compile(r"Credential=([^/, ]*)/\d*/([^/]*)/([^/]*)/aws4_request")
_RPC_PATH = re.compile(r"^/service/([^/]+)/operation/([^/?]+)")
_READ = re.compile(r"^(Describe|Get|List|BatchGet|Head|Lookup|Filter|Validate|Estimate|Detect|Simulate|Search|Tail)")
_READS_BY_NAME = {"StartQuery", "StopQuery", "BatchCheckLayerAvailability", "StartLiveTail"}
_SCHEDULER = re.compile(r"/(?P<of>schedules|schedule-groups|tags)(?:/(?P<name>.+))?")
_OF_SCHEDULER = {
    ("schedules", "POST"): "CreateSchedule",
    ("schedules", "PUT"): "UpdateSchedule",
    ("schedules", "GET"): "GetSchedule",
    ("schedules", "DELETE"): "DeleteSchedule",
    ("schedule-groups", "POST"): "CreateScheduleGroup",
    ("schedule-groups", "GET"): "GetScheduleGroup",
    ("schedule-groups", "DELETE"): "DeleteScheduleGroup",
    ("tags", "GET"): "ListTagsForResource",
    ("tags", "POST"): "TagResource",
    ("tags", "DELETE"): "UntagResource",
}
"""EventBridge Scheduler's operations by path and method; without a name, a GET lists."""
_PREVIEWS = {"CreateChangeSet", "DeleteChangeSet"}
_TARGETS = [
    "StackName",
    "ServiceName",
    "serviceName",
    "service",
    "family",
    "taskDefinition",
    "taskDefinitionArn",
    "tasks",
    "task",
    "clusterName",
    "cluster",
    "SecretId",
    "repositoryName",
    "logGroupName",
    "TargetGroupArn",
    "LoadBalancerArn",
    "ListenerArn",
    "RuleArn",
    "ResourceId",
    "resourceId",
    "RoleName",
    "PolicyName",
    "PolicyArn",
    "Name",
    "GroupName",
    "Names.member.1",
    "name",
]


@dataclass(frozen=True)
class AwsRequest:
    """One request: who signed it (not verified), for which service and region, what for, and with what parameters."""

    access_key: str
    region: str
    service: str
    """The name in the credential scope ("elasticloadbalancing", "monitoring")."""
    operation: str
    """The API's name of it; "" where it cannot be told (S3, whose operations are method, path and query)."""
    protocol: Protocol
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """As sent: nested for JSON, flat ("Parameters.member.1.ParameterKey") for the query protocol."""

    @property
    def kind(self) -> Kind:
        """Whether this changes anything. A change set is a look that must write, unless it makes a new stack."""
        if self.operation in _PREVIEWS:
            return "preview" if self.parameters.get("ChangeSetType", "UPDATE") == "UPDATE" else "write"
        is_read = _READ.match(self.operation) or self.operation in _READS_BY_NAME
        return "read" if is_read or self.operation.startswith(("GET ", "HEAD ")) else "write"

    @property
    def target(self) -> str:
        """The name of what the request is about: the first known naming parameter, else any name, id or ARN."""
        for name in _TARGETS:
            if value := self.parameters.get(name):
                return _short(value)
        for name, value in self.parameters.items():
            if value and re.search(r"(name|id|arn|identifier)s?$", name.partition(".")[0].lower()):
                return _short(value)
        return ""


def parse(method: str, path: str, headers: Mapping[str, str], body: bytes) -> AwsRequest:
    """Read a request; ``path`` is with its query string, header names are lower-case."""
    bare, _, query = path.partition("?")
    scope = _SCOPE.search(headers.get("authorization", ""))
    key, region, service = scope.groups() if scope else ("", "", "")
    if target := headers.get("x-amz-target"):
        return AwsRequest(key, region, service, target.rpartition(".")[2], "json", _json(body))
    if rpc := _RPC_PATH.match(bare):
        return AwsRequest(key, region, service, rpc.group(2), "rpc")
    if service == "scheduler":
        return AwsRequest(key, region, service, *_of_scheduler(method, bare, query, body))
    form = _flat(query) | (_flat(body.decode("utf-8", "replace")) if _is_form(headers) else {})
    if "Action" in form:
        return AwsRequest(key, region, service, str(form["Action"]), "query", form)
    subresource = next(iter(parse_qs(query, keep_blank_values=True)), "")
    operation = f"{method} {service or bare}" + (f" ?{subresource}" if subresource else "")
    return AwsRequest(key, region, service, operation, "rest", {"Name": bare.strip("/")})


def _of_scheduler(method: str, path: str, query: str, body: bytes) -> tuple[str, Protocol, dict[str, Any]]:
    """Operation, protocol and parameters of a request to EventBridge Scheduler, whose API is REST with JSON."""
    found = _SCHEDULER.fullmatch(path)
    of, name = (found["of"], found["name"]) if found else ("", None)
    flat = _flat(query)
    group = flat.get("groupName") or flat.get("ScheduleGroup")
    told = {**_json(body), **({"Name": unquote(name)} if name else {}), **({"GroupName": group} if group else {})}
    lists = {"schedules": "ListSchedules", "schedule-groups": "ListScheduleGroups"}
    operation = _OF_SCHEDULER.get((of, method), f"{method} {path}") if name else lists.get(of, f"{method} {path}")
    return operation, "json", told


def classify(method: str, path: str, headers: dict[str, str], body: bytes) -> Call:
    """What the request log notes of a request."""
    request = parse(method, path, headers, body)
    return Call(request.operation, request.kind, request.target)


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of the Query protocol as their API documents them: "Tags.member.1.Key" becomes Tags[0]["Key"]."""
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        *way, last = [part for part in name.split(".") if part != "member"]
        node = tree
        for part in way:
            child = node.setdefault(part, {})
            node = child if isinstance(child, dict) else {}
        node[last] = value
    return {name: _as_list(value) for name, value in tree.items()}


def _as_list(value: Any) -> Any:
    """A mapping whose keys are all numbers, as the list that it stands for; likewise below."""
    if not isinstance(value, dict):
        return value
    if value and all(str(key).isdigit() for key in value):
        return [_as_list(value[key]) for key in sorted(value, key=int)]
    return {key: _as_list(child) for key, child in value.items()}


def _is_form(headers: Mapping[str, str]) -> bool:
    return headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def _flat(form: str) -> dict[str, Any]:
    return {name: values[0] for name, values in parse_qs(form, keep_blank_values=True).items()}


def _json(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _short(value: Any) -> str:
    first = value[0] if isinstance(value, list) and value else value
    return str(first)
