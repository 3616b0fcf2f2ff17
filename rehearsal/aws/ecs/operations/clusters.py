"""Clusters."""

from __future__ import annotations

from rehearsal.aws.ecs.ecs import Ecs
from rehearsal.aws.ecs.errors import EcsError, invalid
from rehearsal.aws.ecs.model import Cluster, Json
from rehearsal.aws.ecs.naming import last_part
from rehearsal.aws.ecs.operations.paging import page
from rehearsal.aws.ecs.store import to_tags
from rehearsal.aws.ecs.views import cluster_view

_ALL = ["TAGS", "SETTINGS", "CONFIGURATIONS"]
_PROVIDERS = ("FARGATE", "FARGATE_SPOT")
_DEFAULT_SETTINGS: list[Json] = [{"name": "containerInsights", "value": "disabled"}]


def create_cluster(ecs: Ecs, request: Json) -> Json:
    """CreateCluster; an active cluster of that name is answered as it is."""
    name = request.get("clusterName") or "default"
    existing = ecs.store.clusters.get(name)
    if existing is None or existing.status != "ACTIVE":
        _check_providers(request)
        existing = ecs.store.clusters[name] = Cluster(
            name,
            ecs.naming.arn("cluster", name),
            request.get("settings") or _DEFAULT_SETTINGS,
            request.get("capacityProviders", []),
            request.get("defaultCapacityProviderStrategy", []),
            {key: request[key] for key in ("configuration", "serviceConnectDefaults") if key in request},
        )
        ecs.store.tags[existing.arn] = to_tags(request.get("tags"))
    return {"cluster": cluster_view(ecs.store, existing, _ALL)}


def describe_clusters(ecs: Ecs, request: Json) -> Json:
    """DescribeClusters; deleted clusters are still shown, as INACTIVE."""
    found, failures = [], []
    for reference in request.get("clusters") or ["default"]:
        cluster = ecs.store.clusters.get(last_part(reference))
        if cluster is None:
            failures.append({"arn": ecs.naming.arn("cluster", last_part(reference)), "reason": "MISSING"})
        else:
            found.append(cluster_view(ecs.store, cluster, request.get("include", [])))
    return {"clusters": found, "failures": failures}


def list_clusters(ecs: Ecs, request: Json) -> Json:
    """ListClusters."""
    return page("clusterArns", [each.arn for each in ecs.store.clusters.values() if each.status == "ACTIVE"], request)


def delete_cluster(ecs: Ecs, request: Json) -> Json:
    """DeleteCluster, refused while it has services or tasks."""
    cluster = ecs.store.cluster(request["cluster"])
    if any(each.cluster == cluster.name and each.status == "ACTIVE" for each in ecs.store.services.values()):
        raise EcsError("ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.")
    if any(each.cluster == cluster.name and each.last_status != "STOPPED" for each in ecs.store.tasks.values()):
        raise EcsError("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
    cluster.status = "INACTIVE"
    return {"cluster": cluster_view(ecs.store, cluster, _ALL)}


def update_cluster(ecs: Ecs, request: Json) -> Json:
    """UpdateCluster."""
    cluster = ecs.store.cluster(request["cluster"])
    cluster.settings = _merged(cluster.settings, request.get("settings", []))
    cluster.extra.update({key: request[key] for key in ("configuration", "serviceConnectDefaults") if key in request})
    return {"cluster": cluster_view(ecs.store, cluster, _ALL)}


def update_cluster_settings(ecs: Ecs, request: Json) -> Json:
    """UpdateClusterSettings."""
    return update_cluster(ecs, request)


def put_cluster_capacity_providers(ecs: Ecs, request: Json) -> Json:
    """PutClusterCapacityProviders."""
    cluster = ecs.store.cluster(request["cluster"])
    _check_providers(request)
    cluster.capacity_providers = request["capacityProviders"]
    cluster.default_strategy = request["defaultCapacityProviderStrategy"]
    return {"cluster": cluster_view(ecs.store, cluster, _ALL)}


def _check_providers(request: Json) -> None:
    given = request.get("capacityProviders", [])
    if unknown := [each for each in given if each not in _PROVIDERS]:
        raise invalid(f"The specified capacity provider '{unknown[0]}' was not found.")
    strategy = [each["capacityProvider"] for each in request.get("defaultCapacityProviderStrategy", [])]
    if missing := [each for each in strategy if each not in given]:
        raise invalid(f"The specified capacity provider '{missing[0]}' is not associated with the cluster.")


def _merged(settings: list[Json], changes: list[Json]) -> list[Json]:
    by_name = {each["name"]: each for each in settings} | {each["name"]: each for each in changes}
    return list(by_name.values())
