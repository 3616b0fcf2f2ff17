"""What outlives its tasks in one region's ECS: copied, and put back with tasks started anew."""

from __future__ import annotations

import copy
from dataclasses import dataclass

from rehearsal.aws.ecs.model import Cluster, Service, Tags, TaskDefinition
from rehearsal.aws.ecs.store import Store


@dataclass(frozen=True)
class Contents:
    """A copy of the tables, without tasks."""

    clusters: dict[str, Cluster]
    families: dict[str, list[TaskDefinition]]
    services: dict[tuple[str, str], Service]
    tags: dict[str, Tags]


def take(store: Store) -> Contents:
    """Copy the tables."""
    with store.lock:
        return copy.deepcopy(Contents(store.clusters, store.families, store.services, store.tags))


def empty(store: Store) -> None:
    """Forget everything, so that the scheduler starts nothing more."""
    with store.lock:
        for table in (store.clusters, store.families, store.services, store.tags, store.run_tokens):
            table.clear()


def put_back(store: Store, contents: Contents) -> None:
    """Fill the tables of an empty ECS; the scheduler sees services without tasks, and starts them."""
    fresh = copy.deepcopy(contents)
    with store.lock:
        store.clusters.update(fresh.clusters)
        store.families.update(fresh.families)
        store.tags.update(fresh.tags)
        store.services.update(fresh.services)
        for service in fresh.services.values():
            service.steady = False
        store.changed.notify_all()


def awaited(store: Store) -> list[str]:
    """The names of the services that live, and do not run as they should yet. One whose deployment has failed is never
    told to be steady, and where it wants no tasks nothing is to come."""
    return [
        service.name
        for service in store.services.values()
        if service.status == "ACTIVE" and not service.steady and not _is_given_up(service)
    ]


def _is_given_up(service: Service) -> bool:
    return service.primary.rollout == "FAILED" and service.desired == 0
