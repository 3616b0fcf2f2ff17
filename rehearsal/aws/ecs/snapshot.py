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


def steady(store: Store) -> bool:
    """Whether all services that live run as they should."""
    return all(service.steady for service in store.services.values() if service.status == "ACTIVE")
