"""The life of one task, from PROVISIONING to STOPPED, in a thread of its own."""

from __future__ import annotations

import logging
import queue
import threading
import time
from dataclasses import dataclass
from typing import Literal

from rehearsal.aws.ecs.containers import RunningContainer, environment_of, errand_of, lines_to, resolve_secrets
from rehearsal.aws.ecs.context import Context
from rehearsal.aws.ecs.dependencies import is_met, starting_order
from rehearsal.aws.ecs.errors import StartFailureError
from rehearsal.aws.ecs.events import note_event
from rehearsal.aws.ecs.logs import Stream
from rehearsal.aws.ecs.model import Container, Health, Json, LastStatus, StopCode, Task
from rehearsal.aws.ecs.surroundings import Image

_LOG = logging.getLogger(__name__)
_STAMPS: dict[LastStatus, str] = {"RUNNING": "startedAt", "STOPPED": "stoppedAt"}


@dataclass(frozen=True)
class _Note:
    """What happened to the task: a container exited, or somebody stops it."""

    kind: Literal["exited", "stop"]
    container: str = ""


class TaskRun:
    """Drives one task; ``load_balancers`` are the target groups that it is registered in, as a service has them."""

    def __init__(self, context: Context, task: Task, load_balancers: list[Json]) -> None:
        self._context, self.task, self._balancers = context, task, load_balancers
        self._store = context.store
        self._notes: queue.Queue[_Note] = queue.Queue()
        self._running: dict[str, RunningContainer] = {}
        self._abandoned = False
        self._registered = False
        self.thread = threading.Thread(target=self._live, name=f"task {task.id[:8]}", daemon=True)

    def stop(self, code: StopCode, reason: str) -> None:
        """Ask for the task's orderly end; the first to ask gives the reason. Hold the store's lock."""
        if self.task.desired_status == "RUNNING":
            self._condemn(code, reason)
            self._notes.put(_Note("stop"))

    def abandon(self) -> None:
        """End it at once and without draining: the world ends."""
        self._abandoned = True
        with self._store.lock:
            running = list(self._running.values())
            self.stop("UserInitiated", "The rehearsal ended.")
        for container in running:
            container.process.kill()

    def processes(self) -> tuple[int, ...]:
        """The process ids of its containers that live. Hold the store's lock."""
        return tuple(each.process.pid for each in self._running.values() if not each.process.ended.is_set())

    # ---- the stages

    def _live(self) -> None:
        try:
            self._start()
            self._until_ended()
        except StartFailureError as failure:
            with self._store.lock:
                self._condemn("TaskFailedToStart", str(failure))
        except Exception as mistake:
            _LOG.exception("task %s", self.task.id)
            with self._store.lock:
                self._condemn("TaskFailedToStart", f"The rehearsal's ECS has a mistake: {mistake!r}")
        self._wind_down()

    def _start(self) -> None:
        time.sleep(self._context.tempo.provision)
        self._advance("PENDING")
        self._check_roles()
        with self._store.lock:
            self.task.times["pullStartedAt"] = time.time()
        images = {each.name: self._pull(each) for each in self.task.containers}
        with self._store.lock:
            self.task.times["pullStoppedAt"] = self.task.times["connectivityAt"] = time.time()
        by_name = {each.name: each for each in self.task.containers}
        for name in starting_order(self.task.task_definition.content["containerDefinitions"]):
            if not self._may_start(name):
                return
            self._start_container(by_name[name], images[name])
        if self._wanted() and self._balancers:
            self._advance("ACTIVATING")
            self._register()
        if self._wanted() and not any(
            each.essential and each.last_status == "STOPPED" for each in self.task.containers
        ):
            self._advance("RUNNING")

    def _check_roles(self) -> None:
        content = self.task.task_definition.content
        for role in filter(None, (content.get("executionRoleArn"), content.get("taskRoleArn"))):
            if not self._context.surroundings.trusts_tasks(role):
                raise StartFailureError(
                    f"ECS was unable to assume the role '{role}' that was provided for this task. Please verify that "
                    "the role being passed has the proper trust relationship and permissions and that your IAM user "
                    "has permissions to pass this role."
                )

    def _pull(self, container: Container) -> Image:
        """Resolve the image. A deployment's tasks all run the digest that its first one found."""
        with self._store.lock:
            service = self._store.services.get((self.task.cluster, self.task.service or ""))
            pins = service.revisions[self.task.deployment or ""].digests if service else {}
            pinned = pins.get(container.name)
        wanted = f"{container.image}@{pinned}" if pinned and "@" not in container.image else container.image
        image = self._context.surroundings.image(wanted)
        with self._store.lock:
            container.digest = image.digest
            if image.digest is not None:
                pins.setdefault(container.name, image.digest)
        return image

    def _may_start(self, name: str) -> bool:
        """Wait until the container's dependencies allow its start; False where the task is to end meanwhile."""
        definition = self.task.task_definition.container(name)
        assert definition is not None
        with self._store.lock:
            while self._wanted() and not is_met(definition, self.task.containers):
                self._store.changed.wait()
            return self._wanted()

    def _start_container(self, container: Container, image: Image) -> None:
        definition = self.task.task_definition.container(container.name)
        assert definition is not None
        context, task, name = self._context, self.task, container.name
        secrets = resolve_secrets(definition, context.surroundings)
        overrides = task.settings.get("overrides", {})
        environment = environment_of(definition, overrides, secrets, context.naming, task.id)
        errand = errand_of(definition, overrides, image)
        stream = context.logs.open(definition, task.id)
        running = RunningContainer(
            definition,
            {**environment, **context.app_environment, **errand},
            image,
            lines_to(context.logs, stream),
            lambda code: self._ended(container, code, stream),
            lambda health: self._checked(container, health),
        )
        with self._store.lock:
            self._running[name] = running
        running.lives.wait()
        with self._store.lock:
            if container.last_status == "PENDING":
                container.last_status = "RUNNING"
            self._store.changed.notify_all()
        threading.Thread(target=self._announce, args=(running,), name="announce", daemon=True).start()

    def _ended(self, container: Container, code: int, stream: Stream | None) -> None:
        if stream is not None:
            self._context.logs.flush(stream)
        self._exited(container, code)

    def _until_ended(self) -> None:
        """Wait for the end of an essential container, or for somebody to stop the task."""
        while self._wanted():
            note = self._notes.get()
            if note.kind == "exited" and self._is_essential(note.container):
                with self._store.lock:
                    self._condemn("EssentialContainerExited", "Essential container in task exited")

    def _wind_down(self) -> None:
        if self._registered:
            self._advance("DEACTIVATING")
            try:
                self._deregister()
            except Exception:
                _LOG.exception("task %s stays in a target group", self.task.id)  # its processes must end all the same
        self._advance("STOPPING")
        for container in reversed(list(self._running.values())):
            container.process.kill() if self._abandoned else container.stop()
        if self.task.interface is not None:
            self._context.addresses.withdraw(self.task.interface.ip)
        self._advance("DEPROVISIONING")
        with self._store.lock:
            for each in self.task.containers:
                each.last_status = "STOPPED"
        self._advance("STOPPED")

    # ---- the load balancers

    def _register(self) -> None:
        self._registered = True
        assert self.task.interface is not None
        for balancer in self._balancers:
            target = (self.task.interface.ip, int(balancer["containerPort"]))
            self._context.surroundings.register_target(balancer["targetGroupArn"], target)
            self._note_event(f"registered 1 targets in (target-group {balancer['targetGroupArn']})")

    def _note_event(self, text: str) -> None:
        with self._store.lock:
            if service := self._store.services.get((self.task.cluster, self.task.service or "")):
                note_event(service, text)

    def _deregister(self) -> None:
        """Out of the target groups; while the process lives, its requests in flight have the whole delay to end."""
        surroundings = self._context.surroundings
        assert self.task.interface is not None
        for balancer in self._balancers:
            target = (self.task.interface.ip, int(balancer["containerPort"]))
            surroundings.deregister_target(balancer["targetGroupArn"], target)
        delay = max(surroundings.deregistration_delay(each["targetGroupArn"]) for each in self._balancers)
        until = time.monotonic() + delay
        for container in self._running.values():
            if self._is_essential(container.name) and not self._abandoned:
                container.process.ended.wait(max(0.0, until - time.monotonic()))

    def _announce(self, running: RunningContainer) -> None:
        """Publish the container's ports as soon as it listens."""
        while not running.process.listening.wait(0.1):
            if running.process.ended.is_set():
                return
        if self.task.interface is not None and not running.process.ended.is_set():
            self._context.addresses.publish(self.task.interface.ip, running.process.real_ports)

    # ---- what is noted

    def _exited(self, container: Container, code: int) -> None:
        with self._store.lock:
            container.exit_code, container.last_status = code, "STOPPED"
            self._store.changed.notify_all()
        if self.task.interface is not None and container.essential:
            self._context.addresses.withdraw(self.task.interface.ip)
        self._notes.put(_Note("exited", container.name))

    def _checked(self, container: Container, health: Health) -> None:
        with self._store.lock:
            container.health = health
            self.task.version += 1
            self._store.changed.notify_all()

    def _condemn(self, code: StopCode, reason: str) -> None:
        task = self.task
        if task.desired_status == "RUNNING":
            task.desired_status, task.stop_code, task.stopped_reason = "STOPPED", code, reason
            task.times["stoppingAt"] = time.time()
            task.version += 1
            self._store.changed.notify_all()

    def _advance(self, status: LastStatus) -> None:
        with self._store.lock:
            self.task.last_status = status
            self.task.version += 1
            if stamp := _STAMPS.get(status):
                self.task.times[stamp] = time.time()
            if status == "DEPROVISIONING":
                self.task.times["executionStoppedAt"] = time.time()
            self._store.changed.notify_all()

    def _wanted(self) -> bool:
        return self.task.desired_status == "RUNNING"

    def _is_essential(self, name: str) -> bool:
        return next(each.essential for each in self.task.containers if each.name == name)
