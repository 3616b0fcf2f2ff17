"""The service scheduler: a thread that keeps every service at its desired count and moves its deployments on."""

from __future__ import annotations

import logging
import threading
import time

from rehearsal.aws.ecs import rollout
from rehearsal.aws.ecs.context import Context
from rehearsal.aws.ecs.events import note_event, note_started, note_stopped
from rehearsal.aws.ecs.healthcheck import HealthCheck
from rehearsal.aws.ecs.model import Json, Service, Tags, Task
from rehearsal.aws.ecs.plan import Plan, plan
from rehearsal.aws.ecs.surroundings import Target, TargetHealth
from rehearsal.aws.ecs.tasks import Order, Tasks

_LOG = logging.getLogger(__name__)
Healths = dict[str, dict[Target, TargetHealth]]
"""By target group."""
Alarming = dict[str, bool]
"""Whether it is in ALARM, by the name of each alarm that was looked at."""


class Scheduler:
    """Looks after all services, at each change and at least every ``tempo.tick`` seconds."""

    def __init__(self, context: Context, tasks: Tasks) -> None:
        self._context, self._tasks = context, tasks
        self._store = context.store
        self._over = False
        self._thread = threading.Thread(target=self._run, name="ecs scheduler", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; returns when it has."""
        self._over = True
        self._store.wake()
        self._thread.join()

    def _run(self) -> None:
        while not self._over:
            try:
                self.look()
            except Exception:
                _LOG.exception("the service scheduler")  # and look again: services must not be left alone
            with self._store.lock:
                if not self._over:
                    self._store.changed.wait(self._context.tempo.tick)

    def look(self) -> None:
        """One look at all services."""
        healths, alarming = self._target_health(), self._alarming()
        with self._store.lock:
            for service in self._store.services.values():
                if service.status != "INACTIVE":
                    self._look_after(service, healths, alarming)
            self._store.forget_stopped(self._context.tempo.keep_stopped)

    def _target_health(self) -> Healths:
        with self._store.lock:
            groups = {
                balancer["targetGroupArn"]
                for service in self._store.services.values()
                if service.status != "INACTIVE"
                for deployment in service.deployments
                for balancer in deployment.revision.get("loadBalancers", [])
            }
        return {group: self._context.surroundings.target_health(group) for group in groups}

    def _alarming(self) -> Alarming:
        """Of the alarms that a deployment under way watches."""
        with self._store.lock:
            watched = {
                name
                for service in self._store.services.values()
                if service.status != "INACTIVE" and service.primary.rollout == "IN_PROGRESS"
                for name in rollout.alarms_of(service)
            }
        found = self._context.surroundings.alarming(sorted(watched)) if watched else []
        return {name: name in found for name in watched}

    def _look_after(self, service: Service, healths: Healths, alarming: Alarming) -> None:
        tasks = list(self._store.tasks_of(service))
        for task in tasks:
            if task.alive:
                self._assess(service, task, healths)
            elif task.desired_status == "STOPPED" and not task.accounted:
                rollout.account_for(service, task, self._context.tempo)
                service.steady = False
        rollout.obey_stop(service)
        rollout.trip_breaker(service)
        if alarming.keys() >= set(rollout.alarms_of(service)):
            rollout.watch_alarms(service, [name for name in rollout.alarms_of(service) if alarming[name]])
        for deployment in service.deployments[1:]:
            deployment.desired = sum(task.alive and task.deployment == deployment.number for task in tasks)
        self._carry_out(service, plan(service, tasks, time.time()))
        self._conclude(service)

    def _assess(self, service: Service, task: Task, healths: Healths) -> None:
        """Whether the task passes its health checks, and whether it is to go for failing them."""
        if task.last_status != "RUNNING":
            return
        age = time.time() - task.times["startedAt"]
        in_grace = age < service.settings.get("healthCheckGracePeriodSeconds", 0)
        failing, waits = self._failing_in_balancers(service, task, healths)
        if task.health == "UNHEALTHY":
            failing = "Task failed container health checks"
        checked = any(HealthCheck.of(each) for each in task.task_definition.content["containerDefinitions"])
        waits = waits or (checked and task.health != "HEALTHY")
        if not checked and not self._balancers(service, task):
            waits = age < self._context.tempo.settle
        task.healthy = failing is None and (task.was_healthy or not waits)
        task.failing = None if in_grace else failing
        if task.healthy and not task.was_healthy:
            task.was_healthy = True
            rollout.note_healthy(service, service.revisions[task.deployment or ""])

    def _failing_in_balancers(self, service: Service, task: Task, healths: Healths) -> tuple[str | None, bool]:
        """(why it is unhealthy in a target group, whether some target group has no verdict or a bad one)."""
        failing, waits = None, False
        assert task.interface is not None or not self._balancers(service, task)
        for balancer in self._balancers(service, task):
            group, port = balancer["targetGroupArn"], balancer["containerPort"]
            ip = task.interface.ip if task.interface else ""
            health = healths.get(group, {}).get((ip, port), TargetHealth("initial"))
            waits = waits or health.state != "healthy"
            if health.state == "unhealthy":
                failing = f"Task failed ELB health checks in (target-group {group})"
                self._tell_unhealthy(service, task, port, group, health)
        return failing, waits

    def _tell_unhealthy(self, service: Service, task: Task, port: int, group: str, health: TargetHealth) -> None:
        """An event, once per task and time that it becomes unhealthy."""
        in_grace = time.time() - task.times["startedAt"] < service.settings.get("healthCheckGracePeriodSeconds", 0)
        if task.failing is None and not in_grace:
            reason = health.description or "Health checks failed"
            note_event(service, f"(port {port}) is unhealthy in (target-group {group}) due to (reason {reason})")

    def _balancers(self, service: Service, task: Task) -> list[Json]:
        revision = service.revisions[task.deployment or ""].revision
        found: list[Json] = revision.get("loadBalancers", [])
        return found

    def _carry_out(self, service: Service, step: Plan) -> None:
        primary = service.primary
        primary.desired = service.desired if primary.rollout != "FAILED" else primary.desired
        for task in step.stop:
            reason = task.failing or f"Scaling activity initiated by (deployment {primary.id})"
            self._tasks.stop(task, "ServiceSchedulerInitiated", reason)
        note_stopped(service, step.stop)
        started = [self._tasks.start(self._order(service)) for _ in range(step.start)]
        note_started(service, started)
        if step.stop or started:
            service.steady = False

    def _order(self, service: Service) -> Order:
        primary = service.primary
        shown = ("launchType", "capacityProviderStrategy", "platformVersion", "networkConfiguration")
        settings = {name: primary.revision[name] for name in shown if name in primary.revision}
        settings["enableExecuteCommand"] = service.settings.get("enableExecuteCommand", False)
        return Order(
            cluster=service.cluster,
            task_definition=primary.task_definition,
            settings=settings,
            group=f"service:{service.name}",
            started_by=primary.id,
            service=service.name,
            deployment=primary.number,
            load_balancers=primary.revision.get("loadBalancers", []),
            tags=self._tags_for(service),
        )

    def _tags_for(self, service: Service) -> Tags:
        source = {"SERVICE": service.arn, "TASK_DEFINITION": service.primary.task_definition.arn}
        tags = dict(self._store.tags.get(source.get(service.settings["propagateTags"], ""), {}))
        if service.settings["enableECSManagedTags"]:
            tags |= {"aws:ecs:clusterName": service.cluster, "aws:ecs:serviceName": service.name}
        return tags

    def _conclude(self, service: Service) -> None:
        """Complete the deployment and tell the steady state, or the end of a deleted service."""
        lively = [
            task for task in self._store.tasks_of(service) if task.last_status not in ("DEPROVISIONING", "STOPPED")
        ]
        if service.status == "DRAINING":
            if not lively:
                service.status = "INACTIVE"
            return
        good = [task for task in lively if task.alive and task.healthy and task.deployment == service.primary.number]
        if service.steady or len(good) != service.desired or len(lively) != len(good):
            return
        if service.primary.rollout == "FAILED":
            return
        if service.primary.rollout == "IN_PROGRESS":
            if time.time() - service.primary.updated_at < self._context.tempo.settle:
                return  # so that a fast rollback can be seen
            if not rollout.baked(service, self._context.tempo):
                return
            rollout.complete(service)
        note_event(service, "has reached a steady state.")
        service.steady = True
