"""AWS::ECS::*: each made by the API, so a template is refused exactly what the API refuses."""

from __future__ import annotations

import time
import uuid
from functools import cache
from typing import Any

import botocore.session
from botocore.exceptions import ClientError

from rehearsal.aws.cloudformation.resource import (
    Attributes,
    Context,
    Made,
    Properties,
    ProvisionError,
    ResourceType,
)

_LONGEST_NAME = 255
_EVERY = 0.2
_WITHIN = 600.0
"""How long a service may take to become stable, in seconds (CloudFormation waits three hours)."""


@cache
def _model() -> Any:
    return botocore.session.get_session().get_service_model("ecs")


def _call(context: Context, operation: str, properties: Properties) -> Any:
    """An API call with a template's properties: their names begin with a capital, the API's do not."""
    return context.call("ecs", operation, _camel(properties, _model().operation_model(operation).input_shape))


def _camel(value: Any, shape: Any) -> Any:
    if shape.type_name == "structure" and isinstance(value, dict):
        pairs = ((name[0].lower() + name[1:], each) for name, each in value.items())
        return {name: _camel(each, shape.members[name]) for name, each in pairs if name in shape.members}
    if shape.type_name == "list" and isinstance(value, list):
        return [_camel(each, shape.member) for each in value]
    return value


def _remove(context: Context, operation: str, request: Properties) -> None:
    """A deleting call; that the thing is gone already is fine."""
    try:
        context.call("ecs", operation, request)
    except ProvisionError as error:
        refusal = error.__cause__
        code = refusal.response["Error"]["Code"] if isinstance(refusal, ClientError) else ""
        if code not in ("ClusterNotFoundException", "ServiceNotFoundException", "ServiceNotActiveException"):
            raise


def _retag(context: Context, arn: str, old: Properties, new: Properties) -> None:
    gone = {tag["Key"] for tag in old.get("Tags", [])} - {tag["Key"] for tag in new.get("Tags", [])}
    if gone:
        _call(context, "UntagResource", {"ResourceArn": arn, "TagKeys": sorted(gone)})
    if new.get("Tags"):
        _call(context, "TagResource", {"ResourceArn": arn, "Tags": new["Tags"]})


# ---- clusters


def _create_cluster(context: Context, properties: Properties) -> Made:
    name = properties.get("ClusterName") or context.name(_LONGEST_NAME)
    asked = {**properties, "ClusterName": name, "Settings": properties.get("ClusterSettings", [])}
    found = _call(context, "CreateCluster", asked)["cluster"]
    return Made(name, {"Arn": found["clusterArn"]})


def _update_cluster(context: Context, name: str, old: Properties, new: Properties) -> Attributes:
    asked = {**new, "Cluster": name, "Settings": new.get("ClusterSettings", [])}
    arn = _call(context, "UpdateCluster", asked)["cluster"]["clusterArn"]
    providers = {"Cluster": name, "CapacityProviders": [], "DefaultCapacityProviderStrategy": []}
    _call(context, "PutClusterCapacityProviders", {**providers, **new})
    _retag(context, arn, old, new)
    return {"Arn": arn}


def _delete_cluster(context: Context, name: str, _: Properties) -> None:
    _remove(context, "DeleteCluster", {"cluster": name})


# ---- task definitions


def _create_definition(context: Context, properties: Properties) -> Made:
    family = properties.get("Family") or context.name(_LONGEST_NAME)
    made = _call(context, "RegisterTaskDefinition", {**properties, "Family": family})
    arn = made["taskDefinition"]["taskDefinitionArn"]
    return Made(arn, {"TaskDefinitionArn": arn})


def _delete_definition(context: Context, arn: str, _: Properties) -> None:
    _remove(context, "DeregisterTaskDefinition", {"taskDefinition": arn})


# ---- services


def _create_service(context: Context, properties: Properties) -> Made:
    name = properties.get("ServiceName") or context.name(_LONGEST_NAME)
    asked = {"DesiredCount": 1, **properties, "ServiceName": name}
    service = _call(context, "CreateService", asked)["service"]
    try:
        _until_stable(context, service)
    except ProvisionError:
        _delete_service(context, service["serviceArn"], properties)
        raise
    return Made(service["serviceArn"], {"ServiceArn": service["serviceArn"], "Name": name})


def _update_service(context: Context, arn: str, old: Properties, new: Properties) -> Attributes:
    changed = {name: value for name, value in new.items() if value != old.get(name)}
    asked = {**changed, "Service": arn, "Cluster": new.get("Cluster", "default")}
    service = _call(context, "UpdateService", asked)["service"]
    _retag(context, arn, old, new)
    _until_stable(context, service)
    return {"ServiceArn": arn, "Name": service["serviceName"]}


def _delete_service(context: Context, arn: str, properties: Properties) -> None:
    where = {"cluster": properties.get("Cluster", "default")}
    _remove(context, "DeleteService", {"service": arn, "force": True, **where})
    deadline = time.monotonic() + _WITHIN
    while time.monotonic() < deadline:
        found = context.call("ecs", "DescribeServices", {**where, "services": [arn]})["services"]
        if not found or found[0]["status"] == "INACTIVE":
            return
        time.sleep(_EVERY)
    raise _failure("Exceeded attempts to wait", "NotStabilized")


def _until_stable(context: Context, service: Any) -> None:
    """Wait for the deployment that this change started, as CloudFormation does."""
    mine, deadline = service["deployments"][0]["id"], time.monotonic() + _WITHIN
    asked = {"cluster": service["clusterArn"], "services": [service["serviceArn"]]}
    while time.monotonic() < deadline:
        now = context.call("ecs", "DescribeServices", asked)["services"][0]
        states = {each["id"]: each["rolloutState"] for each in now["deployments"]}
        if states.get(mine, "FAILED") == "FAILED":
            text = "Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'."
            raise _failure(text, "GeneralServiceException")
        if states[mine] == "COMPLETED" and now["runningCount"] == now["desiredCount"]:
            return
        time.sleep(_EVERY)
    raise _failure("Exceeded attempts to wait", "NotStabilized")


def _failure(text: str, code: str) -> ProvisionError:
    return ProvisionError(
        f'Resource handler returned message: "{text}" (RequestToken: {uuid.uuid4()}, HandlerErrorCode: {code})'
    )


TYPES = (
    ResourceType("AWS::ECS::Cluster", _create_cluster, _delete_cluster, _update_cluster, ("ClusterName",), tagged=True),
    ResourceType("AWS::ECS::TaskDefinition", _create_definition, _delete_definition, tagged=True),
    ResourceType(
        "AWS::ECS::Service",
        _create_service,
        _delete_service,
        _update_service,
        ("Cluster", "LaunchType", "SchedulingStrategy", "ServiceName"),
        tagged=True,
    ),
)
