"""How clusters, task definitions and tasks look in the API's answers (services: ``serviceviews``)."""

from __future__ import annotations

from rehearsal.aws.ecs.model import RUNNING, STARTING, Cluster, Container, Json, Task, TaskDefinition
from rehearsal.aws.ecs.store import Store, listed_tags


def cluster_view(store: Store, cluster: Cluster, include: list[str]) -> Json:
    """A cluster; tags, settings and the like only where they are asked for, as in DescribeClusters."""
    tasks = [task for task in store.tasks.values() if task.cluster == cluster.name]
    services = [each for each in store.services.values() if each.cluster == cluster.name]
    return {
        "clusterArn": cluster.arn,
        "clusterName": cluster.name,
        "status": cluster.status,
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": sum(task.last_status in RUNNING for task in tasks),
        "pendingTasksCount": sum(task.last_status in STARTING for task in tasks),
        "activeServicesCount": sum(each.status == "ACTIVE" for each in services),
        "statistics": [],
        "tags": listed_tags(store.tags.get(cluster.arn)) if "TAGS" in include else [],
        "settings": cluster.settings if "SETTINGS" in include else [],
        "capacityProviders": cluster.capacity_providers,
        "defaultCapacityProviderStrategy": cluster.default_strategy,
        **(cluster.extra if "CONFIGURATIONS" in include else {}),
    }


def task_definition_view(definition: TaskDefinition) -> Json:
    """A task definition (its tags stand beside it in answers, not in it)."""
    return {
        "taskDefinitionArn": definition.arn,
        "family": definition.family,
        "revision": definition.revision,
        "status": definition.status,
        **definition.content,
        "registeredAt": definition.registered_at,
        "deregisteredAt": definition.deregistered_at,
        "deleteRequestedAt": definition.delete_requested_at,
    }


def task_view(store: Store, task: Task, with_tags: bool = False) -> Json:
    """A task."""
    content = task.task_definition.content
    given = {name: each for name, each in task.settings.items() if name not in ("networkConfiguration", "tags")}
    return {
        "taskArn": task.arn,
        "clusterArn": store.clusters[task.cluster].arn,
        "taskDefinitionArn": task.task_definition.arn,
        "group": task.group,
        "startedBy": task.started_by,
        "desiredStatus": task.desired_status,
        "lastStatus": task.last_status,
        "healthStatus": task.health,
        "stopCode": task.stop_code,
        "stoppedReason": task.stopped_reason,
        "version": task.version,
        "connectivity": "CONNECTED" if "connectivityAt" in task.times else None,
        "cpu": content.get("cpu"),
        "memory": content.get("memory"),
        "availabilityZone": task.interface.zone if task.interface else None,
        "attachments": _attachments(task),
        "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
        "containers": [_container_view(task, each) for each in task.containers],
        "overrides": {"containerOverrides": [], "inferenceAcceleratorOverrides": []},
        "tags": listed_tags(store.tags.get(task.arn)) if with_tags else [],
        **given,
        **task.times,
    }


def _container_view(task: Task, container: Container) -> Json:
    definition = task.task_definition.container(container.name) or {}
    interfaces = []
    if task.interface is not None and task.last_status != "PROVISIONING":
        interfaces = [{"attachmentId": task.interface.attachment, "privateIpv4Address": task.interface.ip}]
    return {
        "containerArn": container.arn,
        "taskArn": task.arn,
        "name": container.name,
        "image": container.image,
        "imageDigest": container.digest,
        "runtimeId": f"{task.id}-{container.arn[-10:]}" if container.last_status != "PENDING" else None,
        "lastStatus": container.last_status,
        "exitCode": container.exit_code,
        "reason": container.reason,
        "networkBindings": [],
        "networkInterfaces": interfaces,
        "healthStatus": container.health,
        "cpu": str(definition.get("cpu", 0)),
        "memory": str(definition["memory"]) if "memory" in definition else None,
        "memoryReservation": str(definition["memoryReservation"]) if "memoryReservation" in definition else None,
    }


def _attachments(task: Task) -> list[Json]:
    interface = task.interface
    if interface is None:
        return []
    details = [{"name": "subnetId", "value": interface.subnet}]
    if task.last_status != "PROVISIONING":
        name = f"ip-{interface.ip.replace('.', '-')}.internal"
        details += [
            {"name": "networkInterfaceId", "value": interface.id},
            {"name": "privateDnsName", "value": name},
            {"name": "privateIPv4Address", "value": interface.ip},
        ]
    status = {"PROVISIONING": "PRECREATED", "STOPPED": "DELETED"}.get(task.last_status, "ATTACHED")
    return [{"id": interface.attachment, "type": "ElasticNetworkInterface", "status": status, "details": details}]
