"""Stacks for tests: templates as data, operations that wait."""

import json
import time
from typing import Any

TOPIC = {"Type": "AWS::SNS::Topic"}
VPC = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}
NO_SUBNET = {"Type": "AWS::EC2::Subnet", "Properties": {"CidrBlock": "10.0.0.0/24", "VpcId": "vpc-0123456789abcdef0"}}


def template(resources: dict[str, Any], **sections: Any) -> str:
    return json.dumps({"Resources": resources, **sections})


class Stacks:
    """CloudFormation, with waiting."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def settled(self, name: str, within: float = 60.0) -> dict[str, Any]:
        """The stack once nothing is in progress."""
        end = time.monotonic() + within
        while True:
            found: dict[str, Any] = self.client.describe_stacks(StackName=name)["Stacks"][0]
            if not found["StackStatus"].endswith("_IN_PROGRESS"):
                return found
            assert time.monotonic() < end, found["StackStatus"]
            time.sleep(0.02)

    def create(self, name: str, body: str, **parameters: Any) -> dict[str, Any]:
        self.client.create_stack(StackName=name, TemplateBody=body, **parameters)
        return self.settled(name)

    def update(self, name: str, body: str, **parameters: Any) -> dict[str, Any]:
        self.client.update_stack(StackName=name, TemplateBody=body, **parameters)
        return self.settled(name)

    def delete(self, name: str) -> str:
        """Delete a stack and give its last status."""
        found = self.client.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
        self.client.delete_stack(StackName=name)
        return str(self.settled(found)["StackStatus"])

    def events(self, name: str) -> list[tuple[str, str]]:
        """(logical id, status) of all events, oldest first."""
        found = self.client.describe_stack_events(StackName=name)["StackEvents"]
        return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(found)]

    def failure(self, name: str) -> str:
        """The reason of the first failed event."""
        found = self.client.describe_stack_events(StackName=name)["StackEvents"]
        failed = [event for event in reversed(found) if event["ResourceStatus"].endswith("_FAILED")]
        return str(failed[0]["ResourceStatusReason"])

    def drift(self, name: str) -> dict[str, str]:
        """The drift status of each resource that can be checked, by logical id."""
        self.client.detect_stack_drift(StackName=name)
        found = self.client.describe_stack_resource_drifts(StackName=name)["StackResourceDrifts"]
        return {each["LogicalResourceId"]: each["StackResourceDriftStatus"] for each in found}

    def physical_id(self, name: str, logical_id: str) -> str:
        found = self.client.describe_stack_resources(StackName=name, LogicalResourceId=logical_id)
        return str(found["StackResources"][0]["PhysicalResourceId"])
