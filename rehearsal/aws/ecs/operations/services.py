"""Services."""

from __future__ import annotations

import copy
import re

from rehearsal.aws.ecs import rollout
from rehearsal.aws.ecs.ecs import Ecs
from rehearsal.aws.ecs.errors import EcsError, invalid
from rehearsal.aws.ecs.model import Cluster, Json, Service
from rehearsal.aws.ecs.naming import last_part
from rehearsal.aws.ecs.operations.paging import page
from rehearsal.aws.ecs.placement import check_launch, check_load_balancers, check_network
from rehearsal.aws.ecs.serviceviews import service_view
from rehearsal.aws.ecs.settings import check_settings, complete_network, with_defaults
from rehearsal.aws.ecs.store import to_tags

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,255}")
_MOST_DESIRED = 5000
_NOT_SETTINGS = ("cluster", "serviceName", "service", "taskDefinition", "desiredCount", "clientToken", "tags", "role")


def create_service(ecs: Ecs, request: Json) -> Json:
    """CreateService; the same request again is answered with the service, a different one is refused."""
    cluster = ecs.store.cluster(request.get("cluster"))
    name = request["serviceName"]
    if not _NAME.fullmatch(name):
        raise invalid("Unable to create service: the service name contains invalid characters or is too long.")
    existing = ecs.store.find_service(cluster, name)
    if existing is not None and existing.status == "DRAINING":
        raise invalid("Unable to Start a service that is still Draining.")
    if existing is not None and existing.status == "ACTIVE":
        if existing.request != _without_token(request):
            raise invalid("Creation of service was not idempotent.")
        return {"service": service_view(ecs.store, existing, with_tags=True)}
    return {"service": service_view(ecs.store, _create(ecs, cluster, request), with_tags=True)}


def _create(ecs: Ecs, cluster: Cluster, request: Json) -> Service:
    if not request.get("taskDefinition"):
        raise invalid("TaskDefinition cannot be blank.")
    definition = ecs.store.usable_task_definition(request["taskDefinition"])
    if "desiredCount" not in request:
        raise invalid("desiredCount must be specified for the REPLICA scheduling strategy.")
    settings = with_defaults({key: each for key, each in request.items() if key not in _NOT_SETTINGS}, cluster)
    check_settings(settings)
    check_launch(settings, definition)
    check_network(settings, ecs.surroundings)
    check_load_balancers(settings["loadBalancers"], definition, ecs.surroundings)
    name = request["serviceName"]
    arn = ecs.naming.arn("service", cluster.name, name)
    desired = _desired(request["desiredCount"])
    service = Service(name, arn, cluster.name, settings, desired, _without_token(request))
    ecs.store.services[cluster.name, name] = service
    ecs.store.tags[arn] = to_tags(request.get("tags"))
    rollout.begin(service, definition)
    ecs.store.wake()
    return service


def _without_token(request: Json) -> Json:
    return {name: copy.deepcopy(value) for name, value in request.items() if name != "clientToken"}


def update_service(ecs: Ecs, request: Json) -> Json:
    """UpdateService: a new deployment where a service revision changes or one is forced, else only the settings."""
    cluster = ecs.store.cluster(request.get("cluster"))
    service = ecs.store.service(cluster, request["service"])
    if service.status != "ACTIVE":
        raise EcsError("ServiceNotActiveException", "Service was not ACTIVE.")
    wanted = request.get("taskDefinition")
    definition = ecs.store.usable_task_definition(wanted) if wanted else service.primary.task_definition
    changes = _changes(service, request)
    settings = {key: each for key, each in {**service.settings, **changes}.items() if each is not None}
    check_settings(settings)
    check_launch(settings, definition)
    if "networkConfiguration" in changes:
        check_network(settings, ecs.surroundings)
    check_load_balancers(settings["loadBalancers"], definition, ecs.surroundings)
    desired = _desired(request.get("desiredCount", service.desired))

    moved = any(settings.get(name) != service.primary.revision.get(name) for name in rollout.TRIGGERS)
    moved = moved or definition is not service.primary.task_definition or request.get("forceNewDeployment", False)
    if desired != service.desired:
        service.desired, service.steady = desired, False
    service.settings = settings
    if moved:
        rollout.begin(service, definition)
    ecs.store.wake()
    return {"service": service_view(ecs.store, service, with_tags=True)}


def _changes(service: Service, request: Json) -> Json:
    """The settings that an UpdateService gives; None takes one away."""
    given = {key: each for key, each in request.items() if key not in (*_NOT_SETTINGS, "forceNewDeployment")}
    changes = copy.deepcopy(given)
    complete_network(changes)
    if "deploymentConfiguration" in changes:
        current = service.settings["deploymentConfiguration"]
        changes["deploymentConfiguration"] = {**current, **changes["deploymentConfiguration"]}
    if "capacityProviderStrategy" in changes:
        changes["launchType"] = None if changes["capacityProviderStrategy"] else "FARGATE"
        changes["capacityProviderStrategy"] = changes["capacityProviderStrategy"] or None
    return changes


def describe_services(ecs: Ecs, request: Json) -> Json:
    """DescribeServices, of at most ten; deleted services are still shown, as INACTIVE."""
    cluster = ecs.store.cluster(request.get("cluster"))
    if not 1 <= len(request["services"]) <= 10:
        raise invalid("Services cannot be empty." if not request["services"] else "You can specify up to 10 services.")
    found, failures = [], []
    for reference in request["services"]:
        service = ecs.store.find_service(cluster, reference)
        if service is None:
            arn = ecs.naming.arn("service", cluster.name, last_part(reference))
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(service_view(ecs.store, service, "TAGS" in request.get("include", [])))
    return {"services": found, "failures": failures}


def list_services(ecs: Ecs, request: Json) -> Json:
    """ListServices; ten to a page unless told."""
    cluster = ecs.store.cluster(request.get("cluster"))
    arns = [
        each.arn
        for each in ecs.store.services.values()
        if each.cluster == cluster.name
        and each.status != "INACTIVE"
        and request.get("launchType") in (None, each.settings.get("launchType"))
        and request.get("schedulingStrategy") in (None, each.settings["schedulingStrategy"])
    ]
    return page("serviceArns", arns, request, default=10)


def delete_service(ecs: Ecs, request: Json) -> Json:
    """DeleteService: DRAINING until its last task has ended, then INACTIVE."""
    cluster = ecs.store.cluster(request.get("cluster"))
    service = ecs.store.service(cluster, request["service"])
    if service.status == "INACTIVE":
        raise EcsError("ServiceNotActiveException", "Service was not ACTIVE.")
    if service.desired > 0 and not request.get("force"):
        raise invalid("The service cannot be stopped while it is scaled above 0.")
    service.status, service.desired = "DRAINING", 0
    ecs.store.wake()
    return {"service": service_view(ecs.store, service, with_tags=True)}


def _desired(count: int) -> int:
    if not 0 <= count <= _MOST_DESIRED:
        raise invalid(f"The desired count must be between 0 and {_MOST_DESIRED}.")
    return count
