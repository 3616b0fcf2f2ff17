"""What an ECS service needs to stand on, in the rehearsal's AWS, without our own templates."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.offramp.ecs.plugins.modules import ecr_image_info, ecs_task_definition, secret_info
from tests.unit.plugins.ecs_parts import process
from tests.unit.plugins.stack_world import StackWorld

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


class EcsGround:
    """A network, a role, a log group, a repository and a cluster.

    Args:
        world: the account.
        cluster: name of the cluster.
        name: of the repository (whose images are the seed's) and, with a slash before it, of the log group.
    """

    def __init__(self, world: StackWorld, cluster: str, name: str) -> None:
        self.world = world
        ec2, iam = world.client("ec2"), world.client("iam")
        vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        self.subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
        self._vpc = vpc
        self.group = ec2.create_security_group(GroupName="tasks", Description="tasks", VpcId=vpc)["GroupId"]
        self.role = iam.create_role(RoleName="tasks", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        self.log_group = f"/{name}"
        world.client("logs").create_log_group(logGroupName=self.log_group)
        world.client("ecs").create_cluster(clusterName=cluster)
        ecr = world.client("ecr").create_repository(repositoryName=name)
        self.repository = ecr["repository"]["repositoryUri"]

    def definition(self, family: str, tag: str, *, secret: str, dry: bool = False, **given: Any) -> dict[str, Any]:
        """The result of registering what an image runs; ``secret`` is the name of its secret.

        Args:
            given: other arguments of ``ecs_task_definition``, ``container`` among them.
        """
        image = self.world.run(ecr_image_info, repository=self.repository, image=tag)["image"]
        config = self.world.run(secret_info, name=secret)["secret"]
        return self.world.run(
            ecs_task_definition,
            dry=dry,
            family=family,
            image=image["uri"],
            environment={"APP_VERSION": tag, **given.pop("environment", {})},
            execution_role_arn=self.role,
            task_role_arn=self.role,
            secret_arn=config["arn"],
            secret_version=config["version_id"],
            secret_keys=config["keys"],
            log_group=self.log_group,
            **{"process": process(), **given},
        )

    def open_up(self) -> None:
        """Let tasks with public addresses reach the internet, and their role do what their start takes."""
        ec2, iam = self.world.client("ec2"), self.world.client("iam")
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self._vpc)
        tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [self._vpc]}])["RouteTables"]
        ec2.create_route(RouteTableId=tables[0]["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        allowed = ["ecr:*", "logs:*", "secretsmanager:GetSecretValue"]
        statement = {"Effect": "Allow", "Action": allowed, "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName="tasks", PolicyName="start", PolicyDocument=policy)
