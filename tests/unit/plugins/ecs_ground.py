"""What an ECS service needs to stand on, in the rehearsal's AWS, without our own templates."""

from __future__ import annotations

import json

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
        world.client("logs").create_log_group(logGroupName=f"/{name}")
        world.client("ecs").create_cluster(clusterName=cluster)
        ecr = world.client("ecr").create_repository(repositoryName=name)
        self.repository = ecr["repository"]["repositoryUri"]

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
