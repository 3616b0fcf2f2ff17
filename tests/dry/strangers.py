"""What people do by hand, past the collection: with boto3 at AWS, over HTTP at Cloudflare and Heroku."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import boto3
import httpx

CLUSTER = "offramp-production"
WEB = "bond-server-web"
SECRET = "production/bond-server/config"
REPOSITORY = "bond-server"


class Stranger:
    """Somebody with the credentials of a world, and without this collection."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._cloudflare = httpx.Client(
            base_url=environment["CLOUDFLARE_BASE_URL"],
            headers={"Authorization": f"Bearer {environment['CLOUDFLARE_API_TOKEN']}"},
        )

    def aws(self, service: str) -> Any:
        """A boto3 client of a service, by boto3's name."""
        environment = self._environment
        return boto3.client(
            service,
            region_name=environment["AWS_DEFAULT_REGION"],
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )

    def output(self, stack: str, name: str) -> str:
        """An output of a stack."""
        found = self.aws("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        values = {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}
        return str(values[name])

    def heroku(self, method: str, path: str, body: Any) -> None:
        """One request to Heroku that must succeed."""
        headers = {
            "Accept": "application/vnd.heroku+json; version=3",
            "Authorization": f"Bearer {self._environment['HEROKU_API_KEY']}",
        }
        httpx.request(method, self._environment["HEROKU_API_URL"] + path, json=body, headers=headers).raise_for_status()

    def cloudflare(self, method: str, path: str, body: Any = None) -> Any:
        """One request to Cloudflare that must succeed; its result."""
        return self._cloudflare.request(method, path, json=body).raise_for_status().json()["result"]

    def newest(self, family: str) -> Any:
        """The newest task definition of a family."""
        return self.aws("ecs").describe_task_definition(taskDefinition=family)["taskDefinition"]

    def register(self, family: str, container: Any) -> None:
        """Register the newest task definition of a family once more, with another container."""
        kept = (
            "family",
            "cpu",
            "memory",
            "networkMode",
            "executionRoleArn",
            "taskRoleArn",
            "requiresCompatibilities",
            "runtimePlatform",
        )
        newest = self.newest(family)
        definition = {key: newest[key] for key in kept if key in newest}
        self.aws("ecs").register_task_definition(**definition, containerDefinitions=[container])

    def give_aws(self, percent: int) -> None:
        """Move the weights in the dashboard."""
        zone, balancer = _balancer(self)
        old, new = balancer["default_pools"]
        weights = {old: round(1 - percent / 100, 2), new: round(percent / 100, 2)}
        steering = {"default_weight": 0, "pool_weights": weights}
        self.cloudflare("PATCH", f"/zones/{zone}/load_balancers/{balancer['id']}", {"random_steering": steering})


def open_a_port(who: Stranger) -> None:
    """Let SSH into the tasks' security group."""
    who.aws("ec2").authorize_security_group_ingress(
        GroupId=who.output("offramp-production-bond-server", "TaskSecurityGroupId"),
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
        ],
    )


def scale_by_hand(who: Stranger) -> None:
    """Ask for one task more than was released."""
    who.aws("ecs").update_service(cluster=CLUSTER, service=WEB, desiredCount=3)


def retag_the_service(who: Stranger) -> None:
    """Claim the service for another stage."""
    ecs = who.aws("ecs")
    service = ecs.describe_services(cluster=CLUSTER, services=[WEB])["services"][0]
    ecs.tag_resource(resourceArn=service["serviceArn"], tags=[{"key": "offramp", "value": "somebody's"}])


def lower_the_ceiling(who: Stranger) -> None:
    """Let autoscaling go no further than to 3 tasks."""
    who.aws("application-autoscaling").register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId=f"service/{CLUSTER}/{WEB}",
        ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=1,
        MaxCapacity=3,
    )


def register_a_revision(who: Stranger) -> None:
    """Register a task definition of the release's family that no service runs."""
    family = "production-bond-server-web"
    container = who.newest(family)["containerDefinitions"][0]
    who.register(family, {**container, "environment": [{"name": "TRIED", "value": "by hand"}]})


def edit_the_secret(who: Stranger) -> None:
    """Change a value and add a key in the console, as it were."""
    manager = who.aws("secretsmanager")
    values = json.loads(manager.get_secret_value(SecretId=SECRET)["SecretString"])
    manager.put_secret_value(
        SecretId=SECRET, SecretString=json.dumps({**values, "LOG_LEVEL": "debug", "ADDED_BY_HAND": "yes"})
    )


def move_the_weights(who: Stranger) -> None:
    """Give AWS 40 % in the dashboard."""
    who.give_aws(40)


def slow_the_monitors(who: Stranger) -> None:
    """Let Cloudflare look at the pools more seldom."""
    zone, _ = _balancer(who)
    account = who.cloudflare("GET", f"/zones/{zone}")["account"]["id"]
    for monitor in who.cloudflare("GET", f"/accounts/{account}/load_balancers/monitors"):
        path = f"/accounts/{account}/load_balancers/monitors/{monitor['id']}"
        who.cloudflare("PATCH", path, {"interval": 30})


def change_config_vars(who: Stranger) -> None:
    """Change, add and remove config vars of the Heroku app."""
    body = {"LOG_LEVEL": "warn", "ADDED_SINCE": "the copy", "SUPPORT_PHONE": None}
    who.heroku("PATCH", "/apps/bond-server/config-vars", body)


def push_images(who: Stranger) -> None:
    """Have the seed's images in the repository: the rehearsal pushes them as soon as somebody looks there."""
    assert who.aws("ecr").list_images(repositoryName=REPOSITORY)["imageIds"]


def make_the_repository(who: Stranger) -> None:
    """Take the name of the app's repository, so that its stack cannot be created."""
    who.aws("ecr").create_repository(repositoryName=REPOSITORY)


def remove_the_repository(who: Stranger) -> None:
    """Give the name free again."""
    who.aws("ecr").delete_repository(repositoryName=REPOSITORY, force=True)


def _balancer(who: Stranger) -> tuple[str, Any]:
    """The zone's id, and its load balancer."""
    zone = who.cloudflare("GET", "/zones")[0]["id"]
    return zone, who.cloudflare("GET", f"/zones/{zone}/load_balancers")[0]
