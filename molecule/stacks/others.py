"""What other people do to the scenario's account: an edit by hand, and a stage on a network that was there before.

python molecule/stacks/others.py edit
python molecule/stacks/others.py on-existing CMD...     CMD with the first stage's network and cluster, and no data
"""

from __future__ import annotations

import json
import os
import sys

import boto3

FIRST = "offramp-production"


def output(stack: str, name: str) -> str:
    """An output of a stack."""
    found = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    return str(next(each["OutputValue"] for each in found if each["OutputKey"] == name))


def edit() -> None:
    """Let SSH into the tasks."""
    group = output(f"{FIRST}-bond-server", "TaskSecurityGroupId")
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "192.0.2.1/32"}]}
    boto3.client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[ssh])


def on_existing(command: list[str]) -> None:
    """Become the command."""
    network = f"{FIRST}-network"
    given = {
        "offramp_vpc_id": output(network, "VpcId"),
        "offramp_public_subnet_ids": output(network, "PublicSubnetIds").split(","),
        "offramp_private_subnet_ids": output(network, "PrivateSubnetIds").split(","),
        "offramp_cluster": output(f"{FIRST}-platform", "ClusterName"),
        "offramp_key": False,
        "offramp_memorydb": False,
    }
    os.execvp(command[0], [*command, "-e", json.dumps(given)])  # noqa: S606 - the scenario's own words


if __name__ == "__main__":
    edit() if sys.argv[1] == "edit" else on_existing(sys.argv[2:])
