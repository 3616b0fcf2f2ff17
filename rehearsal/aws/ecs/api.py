"""The ECS API: operations by name, requests and answers checked against the API's model."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

from rehearsal.aws.ecs.ecs import Ecs
from rehearsal.aws.ecs.errors import EcsError
from rehearsal.aws.ecs.model import Json
from rehearsal.aws.ecs.operations import clusters, definitions, records, runs, services, tagging
from rehearsal.aws.ecs.protocol import check_answer, check_request

Operation = Callable[[Ecs, Json], Json]
Answer = tuple[int, dict[str, str], bytes]
"""Status, headers, body."""

OPERATIONS: dict[str, Operation] = {
    "CreateCluster": clusters.create_cluster,
    "CreateService": services.create_service,
    "DeleteCluster": clusters.delete_cluster,
    "DeleteService": services.delete_service,
    "DeleteTaskDefinitions": definitions.delete_task_definitions,
    "DeregisterTaskDefinition": definitions.deregister_task_definition,
    "DescribeClusters": clusters.describe_clusters,
    "DescribeServiceDeployments": records.describe_service_deployments,
    "DescribeServiceRevisions": records.describe_service_revisions,
    "DescribeServices": services.describe_services,
    "DescribeTaskDefinition": definitions.describe_task_definition,
    "DescribeTasks": runs.describe_tasks,
    "ListAccountSettings": tagging.list_account_settings,
    "ListClusters": clusters.list_clusters,
    "ListServiceDeployments": records.list_service_deployments,
    "ListServices": services.list_services,
    "ListTagsForResource": tagging.list_tags_for_resource,
    "ListTaskDefinitionFamilies": definitions.list_task_definition_families,
    "ListTaskDefinitions": definitions.list_task_definitions,
    "ListTasks": runs.list_tasks,
    "PutClusterCapacityProviders": clusters.put_cluster_capacity_providers,
    "RegisterTaskDefinition": definitions.register_task_definition,
    "RunTask": runs.run_task,
    "StopServiceDeployment": records.stop_service_deployment,
    "StopTask": runs.stop_task,
    "TagResource": tagging.tag_resource,
    "UntagResource": tagging.untag_resource,
    "UpdateCluster": clusters.update_cluster,
    "UpdateClusterSettings": clusters.update_cluster_settings,
    "UpdateService": services.update_service,
}
_HEADERS = {"Content-Type": "application/x-amz-json-1.1"}


def call(ecs: Ecs, operation: str, request: Json) -> Json:
    """Do one operation.

    Raises:
        EcsError: ECS refuses, or the rehearsal has no such operation.
    """
    check_request(operation, request)
    if operation not in OPERATIONS:
        raise EcsError("NotImplementedInRehearsal", f"The rehearsal's ECS has no operation {operation}.", 501)
    given = {name: value for name, value in request.items() if value is not None}
    with ecs.store.lock:
        return check_answer(operation, OPERATIONS[operation](ecs, given))


def answer(ecs: Ecs, operation: str, body: bytes) -> Answer:
    """Answer one request of the JSON protocol; mistakes of the stand-in's own are a logged 500."""
    try:
        request = json.loads(body or b"{}")
        if not isinstance(request, dict):
            raise EcsError("SerializationException", "The request is not a JSON object.")
        return 200, dict(_HEADERS), json.dumps(call(ecs, operation, request)).encode()
    except EcsError as error:
        return _error(error)
    except ValueError as error:
        return _error(EcsError("SerializationException", f"The request is not JSON: {error}"))
    except Exception as error:
        logging.getLogger(__name__).exception("ECS %s", operation)
        return _error(EcsError("ServerException", f"The rehearsal's ECS has a mistake: {error!r}", 500))


def _error(error: EcsError) -> Answer:
    body = json.dumps({"__type": error.code, "message": error.message}).encode()
    return error.status, {**_HEADERS, "x-amzn-errortype": error.code}, body
