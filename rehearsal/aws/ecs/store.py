"""All that the ECS stand-in knows in one region, and how references to it are resolved."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import Counter
from collections.abc import Iterator

from rehearsal.aws.ecs.errors import client_error, invalid, no_cluster, no_service
from rehearsal.aws.ecs.model import Cluster, Json, RunToken, Service, Tags, Task, TaskDefinition
from rehearsal.aws.ecs.naming import Naming, last_part
from rehearsal.aws.ecs.surroundings import Subnet


class Store:
    """The tables. Hold ``lock`` to read or change them; ``changed`` wakes the service scheduler."""

    def __init__(self, naming: Naming) -> None:
        self.naming = naming
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.clusters: dict[str, Cluster] = {}
        self.families: dict[str, list[TaskDefinition]] = {}
        self.services: dict[tuple[str, str], Service] = {}
        self.tasks: dict[str, Task] = {}
        self.tags: dict[str, Tags] = {}
        self._next_address: Counter[str] = Counter()
        self.run_tokens: dict[tuple[str, str], RunToken] = {}
        """RunTask's client tokens, each in its cluster."""

    def wake(self) -> None:
        """Something changed that the scheduler should look at."""
        with self.lock:
            self.changed.notify_all()

    def cluster(self, reference: str | None) -> Cluster:
        """An active cluster by name or ARN. Raises ClusterNotFoundException."""
        found = self.clusters.get(last_part(reference or "default"))
        if found is None or found.status != "ACTIVE":
            raise no_cluster()
        return found

    def task_definition(self, reference: str) -> TaskDefinition | None:
        """A revision by family (its newest active one), ``family:revision`` or ARN."""
        if reference.startswith("arn:") and not reference.startswith(self.naming.arn("task-definition", "")):
            return None
        family, _, revision = last_part(reference).partition(":")
        known = self.families.get(family, [])
        if not revision:
            return next((each for each in reversed(known) if each.status == "ACTIVE"), None)
        return next((each for each in known if str(each.revision) == revision), None)

    def usable_task_definition(self, reference: str) -> TaskDefinition:
        """A revision that tasks may be started from. Raises ClientException."""
        found = self.task_definition(reference)
        if found is None:
            raise client_error("TaskDefinition not found.")
        if found.status != "ACTIVE":
            raise client_error("TaskDefinition is inactive")
        return found

    def find_service(self, cluster: Cluster, reference: str) -> Service | None:
        """A service of a cluster by name or ARN, whatever its status."""
        found = self.services.get((cluster.name, last_part(reference)))
        return None if found is None or (reference.startswith("arn:") and reference != found.arn) else found

    def service(self, cluster: Cluster, reference: str) -> Service:
        """The same. Raises ServiceNotFoundException."""
        found = self.find_service(cluster, reference)
        if found is None:
            raise no_service()
        return found

    def task(self, cluster: Cluster, reference: str) -> Task | None:
        """A task of a cluster by id or ARN."""
        found = self.tasks.get(last_part(reference))
        return found if found is not None and found.cluster == cluster.name else None

    def tasks_of(self, service: Service) -> Iterator[Task]:
        """The tasks of a service, stopped ones too, oldest first."""
        return (
            each for each in self.tasks.values() if each.service == service.name and each.cluster == service.cluster
        )

    def free_address(self, subnet: Subnet) -> str:
        """An address of the subnet that no task has; they go round, so that none is given again soon.

        AWS keeps the first four and the last of a subnet; the low ones are left to gateways and load balancers.
        """
        taken = {task.interface.ip for task in self.tasks.values() if task.interface and task.last_status != "STOPPED"}
        network = ipaddress.ip_network(subnet.cidr)
        first = 16 if network.num_addresses > 32 else 4
        size = network.num_addresses - 1 - first
        for _ in range(size):
            self._next_address[subnet.id] += 1
            if (address := str(network[first + self._next_address[subnet.id] % size])) not in taken:
                return address
        raise invalid(f"There are no free addresses in {subnet.id}.")

    def forget_stopped(self, older_than: float) -> None:
        """Drop tasks that stopped more than ``older_than`` seconds ago, and whatever nobody accounts for any more."""
        limit = time.time() - older_than
        for task in list(self.tasks.values()):
            if task.last_status == "STOPPED" and task.times["stoppedAt"] < limit:
                del self.tasks[task.id]
                self.tags.pop(task.arn, None)


def to_tags(listed: list[Json] | None) -> Tags:
    """Tags as a request lists them."""
    return {each["key"]: each.get("value", "") for each in listed or []}


def listed_tags(tags: Tags | None) -> list[Json]:
    """Tags as an answer lists them."""
    return [{"key": key, "value": value} for key, value in (tags or {}).items()]
