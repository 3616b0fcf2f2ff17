"""How services, their deployments and revisions look in the API's answers."""

from __future__ import annotations

from rehearsal.aws.ecs.model import RUNNING, STARTING, Deployment, Json, Service, ServiceDeployment, Task
from rehearsal.aws.ecs.naming import real_platform
from rehearsal.aws.ecs.store import Store, listed_tags

_REVISION = ("launchType", "capacityProviderStrategy", "platformVersion", "platformFamily", "networkConfiguration")
_HIDDEN = ("serviceConnectConfiguration", "volumeConfigurations", "vpcLatticeConfigurations", "monitoring")


def running(tasks: list[Task], deployment: Deployment | None = None) -> int:
    """How many of these tasks run (of this deployment, where one is given)."""
    return _count(tasks, RUNNING, deployment)


def pending(tasks: list[Task], deployment: Deployment | None = None) -> int:
    """How many of these tasks are starting."""
    return _count(tasks, STARTING, deployment)


def _count(tasks: list[Task], states: tuple[str, ...], deployment: Deployment | None) -> int:
    return sum(
        each.last_status in states and (deployment is None or each.deployment == deployment.number) for each in tasks
    )


def service_view(store: Store, service: Service, with_tags: bool) -> Json:
    """A service as DescribeServices shows it."""
    tasks = list(store.tasks_of(service))
    shown = {name: each for name, each in service.settings.items() if name not in _HIDDEN}
    gone = service.status == "INACTIVE"
    return {
        "serviceArn": service.arn,
        "serviceName": service.name,
        "clusterArn": store.clusters[service.cluster].arn,
        "status": service.status,
        "desiredCount": service.desired,
        "runningCount": running(tasks),
        "pendingCount": pending(tasks),
        "taskDefinition": service.primary.task_definition.arn,
        "deployments": [] if gone else [deployment_view(each, tasks) for each in service.deployments],
        "events": service.events,
        "createdAt": service.created_at,
        "createdBy": store.naming.caller,
        "currentServiceDeployment": None if gone else service_deployment_arn(store, service, service.history[-1]),
        "currentServiceRevisions": []
        if gone
        else [_revision(store, service, each, tasks) for each in service.deployments],
        "tags": listed_tags(store.tags.get(service.arn)) if with_tags else [],
        **shown,
    }


def deployment_view(deployment: Deployment, tasks: list[Task]) -> Json:
    """One of a service's deployments."""
    return {
        "id": deployment.id,
        "status": deployment.status,
        "taskDefinition": deployment.task_definition.arn,
        "desiredCount": deployment.desired,
        "runningCount": running(tasks, deployment),
        "pendingCount": pending(tasks, deployment),
        "failedTasks": deployment.failed_tasks,
        "createdAt": deployment.created_at,
        "updatedAt": deployment.updated_at,
        "rolloutState": deployment.rollout,
        "rolloutStateReason": deployment.reason,
        **{name: deployment.revision[name] for name in _REVISION if name in deployment.revision},
        "platformVersion": real_platform(deployment.revision.get("platformVersion")),
    }


def service_deployment_arn(store: Store, service: Service, record: ServiceDeployment) -> str:
    """Where DescribeServiceDeployments finds it."""
    return store.naming.arn("service-deployment", service.cluster, service.name, record.id)


def revision_arn(store: Store, service: Service, number: str) -> str:
    """Where DescribeServiceRevisions finds it."""
    return store.naming.arn("service-revision", service.cluster, service.name, number)


def service_deployment_brief(store: Store, service: Service, record: ServiceDeployment) -> Json:
    """As ListServiceDeployments shows it."""
    return {
        "serviceDeploymentArn": service_deployment_arn(store, service, record),
        "serviceArn": service.arn,
        "clusterArn": store.clusters[service.cluster].arn,
        "targetServiceRevisionArn": revision_arn(store, service, record.target),
        "status": record.status,
        "statusReason": record.status_reason,
        **{name: at for name, at in record.times.items() if name in ("createdAt", "startedAt", "finishedAt")},
    }


def service_deployment_view(store: Store, service: Service, record: ServiceDeployment) -> Json:
    """As DescribeServiceDeployments shows it."""
    tasks = list(store.tasks_of(service))
    brief = service_deployment_brief(store, service, record)
    del brief["targetServiceRevisionArn"]
    return {
        **brief,
        **{name: at for name, at in record.times.items() if name != "rolledBackAt"},
        "targetServiceRevision": _revision(store, service, service.revisions[record.target], tasks),
        "sourceServiceRevisions": [
            _revision(store, service, service.revisions[number], tasks) for number in record.sources
        ],
        "deploymentConfiguration": record.configuration,
        "deploymentCircuitBreaker": {
            "status": record.breaker,
            "failureCount": record.failure_count,
            "threshold": record.threshold,
        },
        "alarms": {
            "status": record.alarms.replace("UNSEEN", "MONITORING"),
            "alarmNames": record.configuration.get("alarms", {}).get("alarmNames", []),
            "triggeredAlarmNames": record.triggered,
        },
        "rollback": _rollback(store, service, record),
    }


def _rollback(store: Store, service: Service, record: ServiceDeployment) -> Json | None:
    if record.back_to is None:
        return None
    return {
        "reason": record.status_reason,
        "startedAt": record.times["rolledBackAt"],
        "serviceRevisionArn": revision_arn(store, service, record.back_to),
    }


def revision_view(store: Store, service: Service, deployment: Deployment) -> Json:
    """As DescribeServiceRevisions shows it."""
    images = [
        {"containerName": each["name"], "image": each["image"], "imageDigest": deployment.digests.get(each["name"])}
        for each in deployment.task_definition.content["containerDefinitions"]
    ]
    return {
        "serviceRevisionArn": revision_arn(store, service, deployment.number),
        "serviceArn": service.arn,
        "clusterArn": store.clusters[service.cluster].arn,
        "taskDefinition": deployment.task_definition.arn,
        "containerImages": images,
        "guardDutyEnabled": False,
        "createdAt": deployment.created_at,
        **deployment.revision,
    }


def _revision(store: Store, service: Service, deployment: Deployment, tasks: list[Task]) -> Json:
    return {
        "arn": revision_arn(store, service, deployment.number),
        "requestedTaskCount": deployment.desired if deployment in service.deployments else 0,
        "runningTaskCount": running(tasks, deployment),
        "pendingTaskCount": pending(tasks, deployment),
    }
