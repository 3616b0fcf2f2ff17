"""A service's deployments: how one begins, completes, fails, and goes back. Hold the store's lock to call any of it.

A rollback by the circuit breaker does not make a new deployment: the last completed one becomes PRIMARY and IN_PROGRESS
again, under its own id and with the tasks it still has (Amazon ECS developer guide, "How the deployment circuit breaker
detects failures"; seen in DescribeServices answers: ``rolling back to deploymentId ecs-svc/N`` is later followed by
``ECS deployment ecs-svc/N completed.``).
"""

from __future__ import annotations

import copy
import math
import time
from typing import Literal

from rehearsal.aws.ecs.events import note_event
from rehearsal.aws.ecs.model import Deployment, Json, Service, ServiceDeployment, Task, TaskDefinition
from rehearsal.aws.ecs.naming import deployment_number, service_deployment_id
from rehearsal.aws.ecs.tempo import Tempo

TRIGGERS = ("networkConfiguration", "platformVersion", "loadBalancers")
"""A change of any of these starts a new deployment, as one of the task definition does (UpdateService reference)."""
REVISION = (*TRIGGERS, "launchType", "capacityProviderStrategy", "platformFamily")
"""The settings that belong to a service revision, and come back with it in a rollback."""
_BREAKER_TEXT = "ECS deployment circuit breaker"
_ALARM_TEXT = "ECS deployment alarm"


def threshold(breaker: Json, desired: int) -> int:
    """How many tasks must fail before the breaker trips: by default half the desired count, within 3 and 200."""
    given = breaker.get("thresholdConfiguration", {})
    kind, value = given.get("type", "BOUNDED_PERCENT"), int(given.get("value", 50))
    if kind == "COUNT":
        return value
    share = math.ceil(value * desired / 100)
    return max(1, share) if kind == "UNBOUNDED_PERCENT" else min(200, max(3, share))


def breaker_of(service: Service) -> Json:
    """The service's circuit breaker settings (``enable``, ``rollback``, ...), with the defaults."""
    found: Json = service.settings["deploymentConfiguration"].get("deploymentCircuitBreaker", {})
    return {"enable": False, "rollback": False, "resetOnHealthyTask": True, **found}


def alarms_of(service: Service) -> list[str]:
    """The names of the alarms that the service's deployments watch."""
    found = service.settings["deploymentConfiguration"].get("alarms", {})
    return list(found["alarmNames"]) if found.get("enable") else []


def begin(service: Service, definition: TaskDefinition) -> Deployment:
    """Start moving the service to this task definition and its present settings; what was going on is superseded."""
    number, now = deployment_number(), time.time()
    if service.history and service.history[-1].going_on:
        _end_record(service.history[-1], "STOPPED", "The service deployment was superseded by a newer one.")
    for each in service.deployments:
        each.status = "ACTIVE"
    sources = [each.number for each in service.deployments]
    revision = {name: copy.deepcopy(service.settings[name]) for name in REVISION if name in service.settings}
    reason = f"ECS deployment ecs-svc/{number} in progress."
    deployment = Deployment(number, definition, revision, service.desired, reason)
    service.deployments.insert(0, deployment)
    service.revisions[number] = deployment
    service.history.append(
        ServiceDeployment(
            id=service_deployment_id(),
            target=number,
            sources=sources,
            configuration=copy.deepcopy(service.settings["deploymentConfiguration"]),
            threshold=threshold(breaker_of(service), service.desired),
            alarms="UNSEEN" if alarms_of(service) else "DISABLED",
            breaker="MONITORING" if breaker_of(service)["enable"] else "DISABLED",
            times={"createdAt": now, "startedAt": now, "updatedAt": now},
        )
    )
    service.steady = False
    return deployment


def complete(service: Service) -> None:
    """The primary deployment is what runs: it is completed, all others are gone."""
    primary, record = service.primary, service.history[-1]
    primary.rollout, primary.updated_at = "COMPLETED", time.time()
    primary.reason = f"ECS deployment {primary.id} completed."
    service.deployments = [primary]
    if record.going_on:
        rolled_back = record.status == "ROLLBACK_IN_PROGRESS"
        if not rolled_back and record.breaker != "DISABLED":
            record.breaker = "MONITORING_COMPLETE"
        if not rolled_back and record.alarms == "MONITORING":
            record.alarms = "MONITORING_COMPLETE"
        _end_record(record, "ROLLBACK_SUCCESSFUL" if rolled_back else "SUCCESSFUL", record.status_reason)
    note_event(service, f"(deployment {primary.id}) deployment completed.")


def account_for(service: Service, task: Task, tempo: Tempo) -> None:
    """Take the end of a task into account that the scheduler did not want: failures count, and slow down restarts."""
    task.accounted = True
    deployment = next((each for each in service.deployments if each.number == task.deployment), None)
    by_plan = task.stop_code in ("ServiceSchedulerInitiated", "UserInitiated") and task.failing is None
    if deployment is None or by_plan:
        return
    if deployment.rollout == "IN_PROGRESS":
        deployment.failed_tasks += 1
        deployment.updated_at = time.time()
        if deployment is service.primary:
            service.history[-1].failure_count = deployment.failed_tasks
    if task.was_healthy:
        deployment.failures_in_a_row = 0
        return
    deployment.failures_in_a_row += 1
    if (more := deployment.failures_in_a_row - 3) >= 0:
        deployment.not_before = time.time() + min(tempo.restart * 2**more, tempo.restart_longest)
    if more == 0:
        note_event(service, _UNABLE)


_UNABLE = (
    "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the "
    "Amazon ECS Developer Guide."
)


def note_healthy(service: Service, deployment: Deployment) -> None:
    """One of its tasks became healthy: the failures before it do not count, unless the service says otherwise."""
    deployment.failures_in_a_row = 0
    if breaker_of(service)["resetOnHealthyTask"]:
        deployment.failed_tasks = 0


def trip_breaker(service: Service) -> None:
    """Let the circuit breaker judge the primary deployment."""
    primary, record, breaker = service.primary, service.history[-1], breaker_of(service)
    if not breaker["enable"] or primary.rollout != "IN_PROGRESS":
        return
    if primary.failed_tasks < threshold(breaker, service.desired):
        return
    record.breaker = "TRIGGERED"
    going_back = record.status == "ROLLBACK_IN_PROGRESS"
    note_event(service, f"(deployment {primary.id}) deployment failed: tasks failed to start.")
    _fail(primary, f"{_BREAKER_TEXT}: tasks failed to start.")
    if breaker["rollback"] and go_back(service, _BREAKER_TEXT, "circuit breaker"):
        return
    _end_record(record, "ROLLBACK_FAILED" if going_back else "STOPPED", f"{_BREAKER_TEXT}: tasks failed to start.")


def watch_alarms(service: Service, alarming: list[str]) -> None:
    """Let the alarms judge the primary deployment; ``alarming`` are those of the service's that are in ALARM.

    Where one is when a deployment starts, ECS watches none of them, so that a release can mend what is broken (Amazon
    ECS developer guide, "How CloudWatch alarms detect Amazon ECS deployment failures").
    """
    primary, record = service.primary, service.history[-1]
    if record.alarms == "UNSEEN":
        record.alarms = "DISABLED" if alarming else "MONITORING"
    if record.alarms != "MONITORING" or record.status != "IN_PROGRESS" or not alarming:
        return
    record.alarms, record.triggered = "TRIGGERED", alarming
    note_event(service, f"(deployment {primary.id}) deployment failed: alarm detected.")
    _fail(primary, f"{_ALARM_TEXT}: alarm detected: {', '.join(alarming)}.")
    if service.settings["deploymentConfiguration"]["alarms"].get("rollback") and go_back(service, _ALARM_TEXT, "alarm"):
        return
    _end_record(record, "STOPPED", f"{_ALARM_TEXT}: alarm detected: {', '.join(alarming)}.")


def baked(service: Service, tempo: Tempo) -> bool:
    """Whether the primary deployment, whose tasks are good, has been watched for long enough."""
    record = service.history[-1]
    if record.alarms not in ("UNSEEN", "MONITORING") or record.status != "IN_PROGRESS":
        return True
    service.primary.good_since = service.primary.good_since or time.time()
    return time.time() - service.primary.good_since >= tempo.bake


def request_stop(record: ServiceDeployment, how: Literal["ABORT", "ROLLBACK"]) -> None:
    """Take note of a StopServiceDeployment; :func:`obey_stop` does it."""
    if record.status in ("PENDING", "IN_PROGRESS"):
        record.status = "ROLLBACK_REQUESTED" if how == "ROLLBACK" else "STOP_REQUESTED"
        record.times["updatedAt"] = time.time()


def obey_stop(service: Service) -> None:
    """Stop the present deployment where that was asked for: leave things as they are, or go back."""
    primary, record = service.primary, service.history[-1]
    if record.status not in ("ROLLBACK_REQUESTED", "STOP_REQUESTED"):
        return
    _fail(primary, f"ECS deployment {primary.id} stopped by user.")
    if record.status == "STOP_REQUESTED":
        _end_record(record, "STOPPED", "The service deployment was stopped by user.")
    elif not go_back(service, "ECS deployment stopped by user", "user"):
        _end_record(record, "ROLLBACK_FAILED", "There is no completed service revision to roll back to.")


def go_back(service: Service, why: str, who: str) -> bool:
    """Make the last completed deployment the primary one again; False where there is none."""
    target = next((each for each in service.deployments[1:] if each.rollout == "COMPLETED"), None)
    if target is None:
        return False
    failed, record, now = service.primary, service.history[-1], time.time()
    failed.status, failed.desired = "ACTIVE", 0
    service.deployments.remove(target)
    service.deployments.insert(0, target)
    target.status, target.rollout, target.desired, target.updated_at = "PRIMARY", "IN_PROGRESS", service.desired, now
    target.failed_tasks = 0
    target.reason = f"{why}: rolling back to deploymentId {target.id}."
    for name in REVISION:
        service.settings.pop(name, None)
    service.settings.update(copy.deepcopy(target.revision))
    record.status, record.times["updatedAt"] = "ROLLBACK_IN_PROGRESS", now
    record.status_reason = f"Service deployment rolled back by {who}."
    record.back_to, record.times["rolledBackAt"] = target.number, now
    note_event(service, f"rolling back to deployment {target.id}.")
    service.steady = False
    return True


def _fail(deployment: Deployment, reason: str) -> None:
    deployment.rollout, deployment.reason, deployment.updated_at = "FAILED", reason, time.time()


def _end_record(record: ServiceDeployment, status: str, reason: str | None) -> None:
    now = time.time()
    record.status, record.status_reason = status, reason
    record.times.update(updatedAt=now, finishedAt=now)
    if status == "STOPPED":
        record.times["stoppedAt"] = now
