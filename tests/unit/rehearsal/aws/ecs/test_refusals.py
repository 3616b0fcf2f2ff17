"""What AWS refuses, refused here too, and with AWS's error codes."""

from typing import Any

import pytest

from rehearsal.aws.ecs.errors import EcsError
from tests.unit.rehearsal.aws.ecs.region import BALANCED, NETWORK, Region
from tests.unit.rehearsal.aws.ecs.steered import GROUP, ROLE, SECRET

CONTAINER: dict[str, Any] = {
    "name": "web",
    "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/bond:v1",
    "portMappings": [{"containerPort": 8080}],
}
DEFINITION: dict[str, Any] = {
    "family": "web",
    "cpu": "256",
    "memory": "512",
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "executionRoleArn": ROLE,
    "containerDefinitions": [CONTAINER],
}
LOGGING = {"logDriver": "awslogs", "options": {"awslogs-group": "/x", "awslogs-region": "eu-west-1"}}
SECRETS = [{"name": "A", "valueFrom": SECRET}]


def refused(region: Region, operation: str, **request: Any) -> EcsError:
    with pytest.raises(EcsError) as caught:
        region(operation, **request)
    return caught.value


def with_container(**changes: Any) -> dict[str, Any]:
    return {"containerDefinitions": [CONTAINER | changes]}


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        (
            {"cpu": "256", "memory": "4096"},
            "ClientException",
            "No Fargate configuration exists for given values: 256 CPU",
        ),
        ({"cpu": "300"}, "ClientException", "No Fargate configuration exists"),
        ({"cpu": "1 vCPU", "memory": "1 GB"}, "ClientException", "1024 CPU, 1024 memory"),
        ({"networkMode": "bridge"}, "ClientException", "Fargate only supports network mode"),
        ({"networkMode": "vpc"}, "InvalidParameterException", "Member must satisfy enum value set"),
        ({"family": "a b"}, "ClientException", "Family"),
        ({"containerDefinitions": []}, "ClientException", "empty"),
        ({"executionRoleArn": None, **with_container(secrets=SECRETS)}, "ClientException", "'executionRoleArn'"),
        ({"executionRoleArn": "no role!"}, "ClientException", "Role is not valid"),
        (with_container(logConfiguration=LOGGING), "ClientException", "awslogs-stream-prefix"),
        (with_container(stopTimeout=121), "ClientException", "stopTimeout"),
        (with_container(name=""), "ClientException", "Container.name"),
        ({"containerDefinitions": [CONTAINER, CONTAINER]}, "ClientException", "more than once"),
        (with_container(essential=False), "ClientException", "essential"),
        (with_container(environment=[{"name": "B", "value": "x" * 65536}]), "ClientException", "Max allowed length"),
        (with_container(environment=[{"name": "A", "value": "1"}], secrets=SECRETS), "ClientException", "unique"),
        (with_container(portMappings=[{"containerPort": 80, "hostPort": 81}]), "ClientException", "must match"),
        (with_container(healthCheck={"command": ["CMD", "true"], "interval": 1}), "ClientException", "interval"),
        (with_container(dependsOn=[{"containerName": "db", "condition": "START"}]), "ClientException", "depends on"),
        (with_container(memory="512"), "SerializationException", "integer"),
        ({"colour": "red"}, "SerializationException", "colour"),
    ],
)
def test_task_definitions(region: Region, changes: dict[str, Any], code: str, words: str) -> None:
    error = refused(region, "RegisterTaskDefinition", **(DEFINITION | changes))
    assert error.code == code
    assert words in error.message
    assert region("ListTaskDefinitions")["taskDefinitionArns"] == []


def test_the_same_definitions_without_these_mistakes_are_taken(region: Region) -> None:
    for size in (("256", "2048"), ("1 vCPU", "2 GB"), ("16384", "122880")):
        region("RegisterTaskDefinition", **(DEFINITION | {"cpu": size[0], "memory": size[1]}))
    described = region("DescribeTaskDefinition", taskDefinition="web:2")["taskDefinition"]
    assert (described["cpu"], described["memory"]) == ("1024", "2048")


def balanced(**changes: Any) -> dict[str, Any]:
    return {"loadBalancers": [BALANCED["loadBalancers"][0] | changes]}


def network(**changes: Any) -> dict[str, Any]:
    return {"networkConfiguration": {"awsvpcConfiguration": NETWORK["awsvpcConfiguration"] | changes}}


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"cluster": "none"}, "ClusterNotFoundException", "Cluster not found."),
        ({"taskDefinition": "web:9"}, "ClientException", "TaskDefinition not found."),
        (balanced(targetGroupArn=GROUP + "0"), "InvalidParameterException", "does not exist"),
        (balanced(containerName="db"), "InvalidParameterException", "The container db does not exist"),
        (balanced(containerPort=9), "InvalidParameterException", "did not have a container port 9 defined"),
        (network(subnets=["subnet-9"]), "InvalidParameterException", "InvalidSubnetID.NotFound"),
        (network(securityGroups=["sg-9"]), "InvalidParameterException", "InvalidGroup.NotFound"),
        ({"networkConfiguration": None}, "InvalidParameterException", "Network Configuration must be provided"),
        ({"launchType": "FARGAT"}, "InvalidParameterException", "Member must satisfy enum value set"),
        ({"launchType": "EC2"}, "InvalidParameterException", "No Container Instances"),
        ({"platformVersion": "9"}, "PlatformUnknownException", "platform"),
        ({"desiredCount": -1}, "InvalidParameterException", "desired count"),
        (
            {"deploymentConfiguration": {"maximumPercent": 100, "minimumHealthyPercent": 100}},
            "InvalidParameterException",
            "block deployments",
        ),
    ],
)
def test_services(region: Region, changes: dict[str, Any], code: str, words: str) -> None:
    region("CreateCluster", clusterName="bond")
    request = {
        "cluster": "bond",
        "serviceName": "web",
        "taskDefinition": region.define(),
        "desiredCount": 0,
        "launchType": "FARGATE",
        "networkConfiguration": NETWORK,
    }
    error = refused(region, "CreateService", **(request | changes))
    assert error.code == code
    assert words in error.message
    region("CreateService", **request)
    if changes.keys() & {"loadBalancers", "taskDefinition", "deploymentConfiguration", "platformVersion"}:
        update = {"cluster": "bond", "service": "web"} | changes
        assert refused(region, "UpdateService", **update).message == error.message


def test_services_that_are_there_or_not(region: Region) -> None:
    region.serve(region.define(), desired=0)
    error = refused(
        region,
        "CreateService",
        cluster="bond",
        serviceName="web",
        taskDefinition="web:1",
        desiredCount=3,
        launchType="FARGATE",
        networkConfiguration=NETWORK,
    )
    assert error.message == "Creation of service was not idempotent."
    assert refused(region, "UpdateService", cluster="bond", service="x").code == "ServiceNotFoundException"
    found = region("DescribeServices", cluster="bond", services=["x"])
    assert found["failures"][0]["reason"] == "MISSING"
    assert refused(region, "DescribeServices", cluster="bond", services=["x"] * 11).code == "InvalidParameterException"
    region.update(desiredCount=1)
    assert "scaled above 0" in refused(region, "DeleteService", cluster="bond", service="web").message


def test_same_creation_again_is_answered_with_the_service(region: Region) -> None:
    definition = region.define()
    assert region.serve(definition, desired=0)["serviceArn"] == region.serve(definition, desired=0)["serviceArn"]


def test_unknown_operations_are_loud(region: Region) -> None:
    assert refused(region, "DescribeCapacityProviders").status == 501
    assert refused(region, "DescribeEverything").code == "UnknownOperationException"
