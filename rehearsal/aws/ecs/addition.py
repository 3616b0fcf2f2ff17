"""ECS as an addition to the AWS stand-in: it answers in place of ministack's, in every region."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping

from rehearsal.aws.adapters import server
from rehearsal.aws.calls import Clients
from rehearsal.aws.cloudformation import types
from rehearsal.aws.ecs import cloudformation, snapshot
from rehearsal.aws.ecs.addresses import Addresses
from rehearsal.aws.ecs.api import Answer, answer, call
from rehearsal.aws.ecs.ecs import Ecs
from rehearsal.aws.ecs.model import Json
from rehearsal.aws.ecs.naming import Naming, last_part
from rehearsal.aws.ecs.neighbours import Images, Neighbours
from rehearsal.aws.ecs.tempo import Tempo
from rehearsal.aws.embed import Host
from rehearsal.aws.scaler.usage import RunningTask

Snapshot = dict[tuple[str, str], snapshot.Contents]
"""By account and region."""


class EcsAddition:
    """Install it before the server listens; ``stop`` ends every task. ``addresses`` says where tasks really listen."""

    def __init__(
        self, clients: Clients, images: Images, environment: Mapping[str, str] | None = None, tempo: Tempo | None = None
    ) -> None:
        self.addresses = Addresses()
        self._clients, self._images = clients, images
        self._environment, self._tempo = dict(environment or {}), tempo
        self._regions: dict[tuple[str, str], Ecs] = {}
        self._lock = threading.Lock()

    def install(self, host: Host) -> None:
        """Answer for ECS, and make its CloudFormation types through it."""
        host.patches.entry(server.service_handlers(), "ecs", self.handle)
        for resource in cloudformation.TYPES:
            types.register(host.patches, self._clients, resource)

    def stop(self) -> None:
        """End all tasks and their processes, in all regions."""
        with self._lock:
            regions, self._regions = list(self._regions.values()), {}
        for ecs in regions:
            ecs.stop()

    def region(self, account: str, region: str) -> Ecs:
        """ECS in one region; it starts with its first use."""
        with self._lock:
            if (account, region) not in self._regions:
                naming = Naming(account, region)
                neighbours = Neighbours(naming, self._clients, self._images)
                ecs = Ecs(naming, neighbours, self.addresses, self._tempo, self._environment)
                self._regions[account, region] = ecs
                ecs.start()
            return self._regions[account, region]

    def snapshot(self) -> Snapshot:
        """A copy of what is there in each region, without tasks."""
        with self._lock:
            return {place: snapshot.take(ecs.store) for place, ecs in self._regions.items()}

    def empty(self) -> None:
        """Forget everything and end all tasks, in all regions."""
        with self._lock:
            regions = list(self._regions.values())
        for ecs in regions:
            ecs.empty()

    def restore(self, contents: Snapshot) -> None:
        """Fill it again; returns when all services are steady."""
        for place, regional in contents.items():
            self.region(*place).restore(regional)

    def desired(self, account: str, region: str, cluster: str, service: str) -> int | None:
        """How many tasks a service is to have; None where there is no active one."""
        ecs = self._regions.get((account, region))
        found = ecs.store.services.get((cluster, service)) if ecs else None
        return found.desired if found is not None and found.status == "ACTIVE" else None

    def set_desired(self, account: str, region: str, cluster: str, service: str, count: int) -> None:
        """Let a service have so many tasks, as Application Auto Scaling does."""
        order = {"cluster": cluster, "service": service, "desiredCount": count}
        with server.request_scope(account, region):
            call(self.region(account, region), "UpdateService", order)

    def run_task(self, account: str, region: str, request: Json) -> Json:
        """Run a task, as EventBridge Scheduler does. Raises EcsError."""
        with server.request_scope(account, region):
            return call(self.region(account, region), "RunTask", request)

    def is_deploying(self, account: str, region: str, cluster: str, service: str) -> bool:
        """Whether a deployment of a service is under way."""
        return self.region(account, region).store.services[cluster, service].primary.rollout == "IN_PROGRESS"

    def running(self, account: str, region: str) -> list[RunningTask]:
        """The tasks of services that run, with their processes."""
        ecs = self._regions.get((account, region))
        return ecs.tasks.running() if ecs else []

    def service_exists(self, account: str, region: str, cluster: str, service: str) -> bool:
        """Whether there is such an active service: Application Auto Scaling asks before it takes a target."""
        return self.desired(account, region, last_part(cluster), last_part(service)) is not None

    async def handle(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Answer:
        """One request of the JSON protocol, in a thread: what it does may wait for other services."""
        operation = headers.get("x-amz-target", "").rpartition(".")[2] or f"{method} {path}{query or ''}"
        ecs = self.region(server.current_account(), server.current_region())
        return await asyncio.to_thread(answer, ecs, operation, body)
