"""Service deployments and service revisions."""

from __future__ import annotations

from rehearsal.aws.ecs import rollout
from rehearsal.aws.ecs.ecs import Ecs
from rehearsal.aws.ecs.errors import EcsError, invalid
from rehearsal.aws.ecs.model import Json, Service, ServiceDeployment
from rehearsal.aws.ecs.operations.paging import page
from rehearsal.aws.ecs.serviceviews import (
    revision_view,
    service_deployment_arn,
    service_deployment_brief,
    service_deployment_view,
)


def list_service_deployments(ecs: Ecs, request: Json) -> Json:
    """ListServiceDeployments, newest first."""
    cluster = ecs.store.cluster(request.get("cluster"))
    service = ecs.store.service(cluster, request["service"])
    window = request.get("createdAt", {})
    records = [
        service_deployment_brief(ecs.store, service, record)
        for record in reversed(service.history)
        if record.status in (request.get("status") or [record.status])
        and window.get("after", 0) <= record.times["createdAt"] <= window.get("before", float("inf"))
    ]
    return page("serviceDeployments", records, request, default=20)


def describe_service_deployments(ecs: Ecs, request: Json) -> Json:
    """DescribeServiceDeployments, of at most twenty."""
    found, failures = [], []
    for arn in _some(request["serviceDeploymentArns"], "serviceDeploymentArns"):
        known = _find(ecs, arn)
        if known is None:
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(service_deployment_view(ecs.store, *known))
    return {"serviceDeployments": found, "failures": failures}


def describe_service_revisions(ecs: Ecs, request: Json) -> Json:
    """DescribeServiceRevisions, of at most twenty."""
    found, failures = [], []
    for arn in _some(request["serviceRevisionArns"], "serviceRevisionArns"):
        service, number = _service_in(ecs, arn), arn.rsplit("/", 1)[-1]
        if service is None or number not in service.revisions or ":service-revision/" not in arn:
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(revision_view(ecs.store, service, service.revisions[number]))
    return {"serviceRevisions": found, "failures": failures}


def stop_service_deployment(ecs: Ecs, request: Json) -> Json:
    """StopServiceDeployment: back to the last completed revision (the default), or leave things as they are.

    One that is being stopped or rolled back already goes on with that ("Stopping Amazon ECS service deployments").
    """
    known = _find(ecs, request["serviceDeploymentArn"])
    if known is None:
        raise EcsError("ServiceDeploymentNotFoundException", "The service deployment was not found.")
    _, record = known
    if not record.going_on:
        raise EcsError("ConflictException", f"The service deployment cannot be stopped: it is {record.status}.")
    rollout.request_stop(record, request.get("stopType") or "ROLLBACK")
    ecs.store.wake()
    return {"serviceDeploymentArn": request["serviceDeploymentArn"]}


def _some(arns: list[str], name: str) -> list[str]:
    if not 1 <= len(arns) <= 20:
        raise invalid(f"{name} must have between 1 and 20 items.")
    return arns


def _find(ecs: Ecs, arn: str) -> tuple[Service, ServiceDeployment] | None:
    service = _service_in(ecs, arn)
    records = service.history if service is not None else []
    for record in records:
        if service is not None and service_deployment_arn(ecs.store, service, record) == arn:
            return service, record
    return None


def _service_in(ecs: Ecs, arn: str) -> Service | None:
    parts = arn.split("/")
    return ecs.store.services.get((parts[1], parts[2])) if len(parts) == 4 else None
