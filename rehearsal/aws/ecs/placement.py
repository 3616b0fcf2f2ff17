"""Whether tasks can be placed as a request asks: launch type, network, load balancers. Refuses as AWS does."""

from __future__ import annotations

from rehearsal.aws.ecs.errors import EcsError, invalid
from rehearsal.aws.ecs.model import Json, TaskDefinition
from rehearsal.aws.ecs.surroundings import Surroundings

_PROVIDERS = ("FARGATE", "FARGATE_SPOT")
_PLATFORMS = ("LATEST", "1.4.0", "1.3.0")


def check_launch(request: Json, definition: TaskDefinition) -> None:
    """Launch type or capacity providers must be Fargate's, and the task definition made for it."""
    strategy = request.get("capacityProviderStrategy", [])
    if strategy and request.get("launchType"):
        raise invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again."
        )
    for each in strategy:
        if each["capacityProvider"] not in _PROVIDERS:
            raise invalid(f"The specified capacity provider '{each['capacityProvider']}' was not found.")
    if not strategy and request.get("launchType", "EC2") != "FARGATE":
        raise invalid("No Container Instances were found in your cluster.")
    if "FARGATE" not in definition.content["compatibilities"]:
        raise invalid("Task definition does not support launch_type FARGATE.")
    if request.get("platformVersion", "LATEST") not in _PLATFORMS:
        raise EcsError("PlatformUnknownException", "The specified platform does not exist.")


def check_network(request: Json, surroundings: Surroundings) -> None:
    """awsvpc tasks need existing subnets, of one VPC, and existing security groups."""
    network = request.get("networkConfiguration", {}).get("awsvpcConfiguration")
    if not network:
        raise invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
    if not network["subnets"]:
        raise invalid("subnets can not be empty.")
    found = {name: surroundings.subnet(name) for name in network["subnets"]}
    for name, subnet in found.items():
        if subnet is None:
            raise invalid(
                f"Error retrieving subnet information for [{name}]: The subnet ID '{name}' does not exist "
                "(ErrorCode: InvalidSubnetID.NotFound)"
            )
    if len({subnet.vpc for subnet in found.values() if subnet}) > 1:
        raise invalid("The subnets must belong to the same VPC.")
    for name in network.get("securityGroups", []):
        if not surroundings.has_security_group(name):
            raise invalid(
                f"Error retrieving security group information for [{name}]: The security group '{name}' does not exist "
                "(ErrorCode: InvalidGroup.NotFound)"
            )


def check_load_balancers(balancers: list[Json], definition: TaskDefinition, surroundings: Surroundings) -> None:
    """Target groups must exist, take addresses and be behind a load balancer; containers must have the ports."""
    for balancer in balancers:
        arn, name, port = (balancer.get(key) for key in ("targetGroupArn", "containerName", "containerPort"))
        if not arn or not name or port is None:
            raise invalid("targetGroupArn, containerName and containerPort must be specified for a load balancer.")
        container = definition.container(name)
        if container is None:
            raise invalid(f"The container {name} does not exist in the task definition.")
        if port not in [mapping["containerPort"] for mapping in container.get("portMappings", [])]:
            raise invalid(f"The container {name} did not have a container port {port} defined.")
        group = surroundings.target_group(arn)
        if group is None:
            raise invalid(f"The target group with targetGroupArn {arn} does not exist.")
        if group.target_type != "ip":
            raise invalid(
                f"The provided target group {arn} has target type {group.target_type}, which is incompatible with the "
                "awsvpc network mode specified in the task definition."
            )
        if not group.balancers:
            raise invalid(f"The target group with targetGroupArn {arn} does not have an associated load balancer.")
