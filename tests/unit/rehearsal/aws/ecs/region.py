"""One region's ECS under test, with short ways to speak to it."""

import time
from collections.abc import Callable
from typing import Any

from rehearsal.aws.ecs.addresses import Addresses
from rehearsal.aws.ecs.api import call
from rehearsal.aws.ecs.ecs import Ecs
from rehearsal.aws.ecs.naming import Naming
from rehearsal.aws.ecs.tempo import Tempo
from tests.unit.rehearsal.aws.ecs.steered import GROUP, ROLE, SteeredSurroundings

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}
BALANCED: dict[str, Any] = {
    "loadBalancers": [{"targetGroupArn": GROUP, "containerName": "web", "containerPort": 8080}],
}
BREAKER: dict[str, Any] = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


class Region:
    """ECS in one region: ``region("CreateCluster", clusterName="bond")``."""

    def __init__(self, bake: float = 0.3) -> None:
        self.addresses = Addresses()
        self.around = SteeredSurroundings(self.addresses)
        tempo = Tempo(tick=0.05, provision=0.01, settle=0.5, restart=0.05, bake=bake)
        self.ecs = Ecs(Naming("123456789012", "eu-west-1"), self.around, self.addresses, tempo)
        self.ecs.start()

    def __call__(self, operation: str, **request: Any) -> Any:
        return call(self.ecs, operation, request)

    def define(self, tag: str = "v1", **container: Any) -> str:
        """Register a revision of family "web" that runs this tag."""
        definition = {
            "name": "web",
            "image": f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/bond:{tag}",
            "portMappings": [{"containerPort": 8080}],
            "environment": [{"name": "PORT", "value": "8080"}],
            **container,
        }
        registered = self(
            "RegisterTaskDefinition",
            family="web",
            cpu="256",
            memory="512",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            executionRoleArn=ROLE,
            containerDefinitions=[definition],
        )
        return str(registered["taskDefinition"]["taskDefinitionArn"])

    def serve(self, definition: str, desired: int = 1, **settings: Any) -> Any:
        """Make cluster "bond" and its service "web"."""
        self("CreateCluster", clusterName="bond")
        return self(
            "CreateService",
            cluster="bond",
            serviceName="web",
            taskDefinition=definition,
            desiredCount=desired,
            launchType="FARGATE",
            networkConfiguration=NETWORK,
            **settings,
        )["service"]

    def update(self, **changes: Any) -> Any:
        """UpdateService."""
        return self("UpdateService", cluster="bond", service="web", **changes)["service"]

    @property
    def service(self) -> Any:
        """The service "web" as it is now."""
        return self("DescribeServices", cluster="bond", services=["web"])["services"][0]

    @property
    def events(self) -> list[str]:
        """The service's events, oldest first."""
        return [each["message"] for each in reversed(self.service["events"])]

    def deployment(self, identity: str) -> Any:
        """One of the service's deployments, or None when it is gone."""
        return next((each for each in self.service["deployments"] if each["id"] == identity), None)

    def tasks(self, status: str = "RUNNING") -> list[Any]:
        """The tasks meant to run (or to stop)."""
        arns = self("ListTasks", cluster="bond", desiredStatus=status)["taskArns"]
        return list(self("DescribeTasks", cluster="bond", tasks=arns)["tasks"]) if arns else []

    def settled(self) -> bool:
        """Whether the service's one deployment is completed."""
        return [each["rolloutState"] for each in self.service["deployments"]] == ["COMPLETED"]


def eventually(what: Callable[[], object], within: float = 30.0) -> None:
    """Wait until ``what()`` is true."""
    deadline = time.monotonic() + within
    while not what():
        assert time.monotonic() < deadline, f"not within {within} s"
        time.sleep(0.02)
