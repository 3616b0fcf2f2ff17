"""Starting and stopping tasks, and the runs of those that live."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field

from rehearsal.aws.ecs.containers import override_of
from rehearsal.aws.ecs.context import Context
from rehearsal.aws.ecs.errors import invalid
from rehearsal.aws.ecs.model import Container, Interface, Json, StopCode, Tags, Task, TaskDefinition
from rehearsal.aws.ecs.naming import interface_id, real_platform, task_id
from rehearsal.aws.ecs.taskrun import TaskRun
from rehearsal.aws.scaler.usage import RunningTask


@dataclass(frozen=True)
class Order:
    """A task to start. ``settings`` are launchType, networkConfiguration, overrides, ... as the API has them."""

    cluster: str
    task_definition: TaskDefinition
    settings: Json
    group: str
    started_by: str | None = None
    service: str | None = None
    deployment: str | None = None
    load_balancers: list[Json] = field(default_factory=list)
    tags: Tags = field(default_factory=dict)


class Tasks:
    """All runs of tasks of one region. Its methods are called with the store's lock held, unless they say otherwise."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._runs: dict[str, TaskRun] = {}
        self._placed = 0

    def start(self, order: Order) -> Task:
        """Create a task and let its life begin."""
        task = self._create(order)
        self._context.store.tasks[task.id] = task
        if order.tags:
            self._context.store.tags[task.arn] = dict(order.tags)
        self._runs = {name: run for name, run in self._runs.items() if run.thread.is_alive()}
        run = self._runs[task.id] = TaskRun(self._context, task, order.load_balancers)
        run.thread.start()
        return task

    def stop(self, task: Task, code: StopCode, reason: str) -> None:
        """Let a task come to its orderly end."""
        if run := self._runs.get(task.id):
            run.stop(code, reason)

    def running(self) -> list[RunningTask]:
        """The tasks of services that run, with their processes. Takes the lock itself."""
        with self._context.store.lock:
            return [
                RunningTask(
                    task.id,
                    task.cluster,
                    task.service,
                    int(task.task_definition.content["cpu"]),
                    int(task.task_definition.content["memory"]),
                    run.processes(),
                )
                for run in self._runs.values()
                if (task := run.task).service and task.last_status == "RUNNING"
            ]

    def end_all(self) -> None:
        """End all tasks at once and wait for their processes' ends. Do not hold the lock."""
        runs = list(self._runs.values())
        for run in runs:
            run.abandon()
        for run in runs:
            run.thread.join()

    def _create(self, order: Order) -> Task:
        naming, identity = self._context.naming, task_id()
        definition = order.task_definition
        containers = [
            Container(
                each["name"],
                naming.arn("container", order.cluster, identity, str(uuid.uuid4())),
                override_of(order.settings.get("overrides", {}), each["name"]).get("image", each["image"]),
                each.get("essential", True),
            )
            for each in definition.content["containerDefinitions"]
        ]
        return Task(
            id=identity,
            arn=naming.arn("task", order.cluster, identity),
            cluster=order.cluster,
            task_definition=definition,
            containers=containers,
            settings=_placed(order.settings),
            group=order.group,
            started_by=order.started_by,
            service=order.service,
            deployment=order.deployment,
            interface=self._interface(order.settings),
            times={"createdAt": time.time()},
        )

    def _interface(self, settings: Json) -> Interface | None:
        """A network interface in the next of the given subnets, in turns."""
        subnets = settings.get("networkConfiguration", {}).get("awsvpcConfiguration", {}).get("subnets", [])
        if not subnets:
            return None
        self._placed += 1
        chosen = subnets[self._placed % len(subnets)]
        subnet = self._context.surroundings.subnet(chosen)
        if subnet is None:
            raise invalid(f"The subnet ID '{chosen}' does not exist")
        address = self._context.store.free_address(subnet)
        return Interface(interface_id(), str(uuid.uuid4()), subnet.id, subnet.zone, address)


def _placed(settings: Json) -> Json:
    """A task's settings as the API shows them: the platform it got, and the provider that a strategy chose for it."""
    strategy = settings.get("capacityProviderStrategy", [])
    shown = {name: each for name, each in settings.items() if name != "capacityProviderStrategy"}
    if strategy:
        chosen = max(strategy, key=lambda each: (each.get("base", 0), each.get("weight", 0)))
        shown["capacityProviderName"] = chosen["capacityProvider"]
    platform = {"platformVersion": real_platform(settings.get("platformVersion")), "platformFamily": "Linux"}
    return {**shown, "launchType": "FARGATE", **platform}
