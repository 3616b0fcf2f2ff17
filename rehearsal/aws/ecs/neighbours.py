"""The rest of AWS as ECS asks it: through the stand-in's own clients, so with all that their services refuse."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.aws.adapters import server
from rehearsal.aws.calls import Clients
from rehearsal.aws.ecs.errors import StartFailureError
from rehearsal.aws.ecs.images import EcrReference, behaviour_of, cannot_pull
from rehearsal.aws.ecs.naming import Naming
from rehearsal.aws.ecs.secretvalues import SecretReference
from rehearsal.aws.ecs.surroundings import Image, Subnet, Target, TargetGroup, TargetHealth
from rehearsal.seed import Behaviour

Images = dict[str, dict[str, Behaviour]]


class Neighbours:
    """Surroundings that ask the services of the AWS stand-in, in one account and region."""

    def __init__(self, naming: Naming, clients: Clients, images: Images) -> None:
        self._naming, self._clients, self._images = naming, clients, images

    def image(self, reference: str) -> Image:
        """Resolve an image: one in our ECR must exist; others are taken to, and behave well."""
        ecr = EcrReference.parse(reference)
        if ecr is None:
            return Image(None, Behaviour())
        try:
            found = self._ask("ecr", "describe_images", repositoryName=ecr.repository, imageIds=[ecr.image_id])
        except ClientError as error:
            raise cannot_pull(reference, ecr, _code(error)) from error
        if not found["imageDetails"]:
            raise cannot_pull(reference, ecr, "ImageNotFoundException")
        detail = found["imageDetails"][0]
        return Image(detail["imageDigest"], behaviour_of(self._images.get(ecr.repository, {}), ecr, detail))

    def secret(self, value_from: str) -> str:
        """Resolve a container secret."""
        reference = SecretReference.parse(value_from)
        try:
            found = self._ask("secretsmanager", "get_secret_value", **reference.request())
        except ClientError as error:
            raise reference.unavailable(f"{_code(error)}: {error.response['Error']['Message']}") from error
        return reference.pick(found["SecretString"])

    def trusts_tasks(self, role: str) -> bool:
        """Whether the role exists and lets ``ecs-tasks.amazonaws.com`` assume it."""
        try:
            found = self._ask("iam", "get_role", RoleName=role.rsplit("/", 1)[-1])
        except ClientError:
            return False
        policy = found["Role"]["AssumeRolePolicyDocument"]
        return "ecs-tasks.amazonaws.com" in (policy if isinstance(policy, str) else json.dumps(policy))

    def open_log(self, group: str, stream: str, create_group: bool) -> None:
        """Make a log stream, and its group where that is asked for."""
        try:
            if create_group:
                self._unless("ResourceAlreadyExistsException", "logs", "create_log_group", logGroupName=group)
            self._unless(
                "ResourceAlreadyExistsException", "logs", "create_log_stream", logGroupName=group, logStreamName=stream
            )
        except ClientError as error:
            raise StartFailureError(f"{_code(error)}: {error.response['Error']['Message']}") from error

    def write_log(self, group: str, stream: str, lines: Sequence[tuple[float, str]]) -> None:
        """Append lines; those for a stream or group that was deleted are lost, as on AWS."""
        events = [{"timestamp": int(at * 1000), "message": line or " "} for at, line in lines]
        self._unless(
            "ResourceNotFoundException",
            "logs",
            "put_log_events",
            logGroupName=group,
            logStreamName=stream,
            logEvents=events,
        )

    def subnet(self, subnet: str) -> Subnet | None:
        """A subnet."""
        found = self._found("ec2", "describe_subnets", "Subnets", SubnetIds=[subnet])
        return found and Subnet(found["SubnetId"], found["VpcId"], found["AvailabilityZone"], found["CidrBlock"])

    def has_security_group(self, group: str) -> bool:
        """Whether the security group exists."""
        return self._found("ec2", "describe_security_groups", "SecurityGroups", GroupIds=[group]) is not None

    def target_group(self, arn: str) -> TargetGroup | None:
        """A target group."""
        found = self._found("elbv2", "describe_target_groups", "TargetGroups", TargetGroupArns=[arn])
        return found and TargetGroup(arn, found.get("TargetType", "instance"), tuple(found.get("LoadBalancerArns", [])))

    def register_target(self, group: str, target: Target) -> None:
        """Put a target into a group; one that was deleted meanwhile takes none."""
        self._unless(_NO_GROUP, "elbv2", "register_targets", TargetGroupArn=group, Targets=_targets(target))

    def deregister_target(self, group: str, target: Target) -> None:
        """Take a target out of a group."""
        self._unless(_NO_GROUP, "elbv2", "deregister_targets", TargetGroupArn=group, Targets=_targets(target))

    def deregistration_delay(self, group: str) -> float:
        """How long its targets drain, in seconds."""
        found = self._unless(_NO_GROUP, "elbv2", "describe_target_group_attributes", TargetGroupArn=group)
        attributes = {each["Key"]: each["Value"] for each in found.get("Attributes", [])}
        return float(attributes.get("deregistration_delay.timeout_seconds", 0))

    def alarming(self, names: Sequence[str]) -> list[str]:
        """Those of these CloudWatch alarms that are in ALARM."""
        found = self._ask("cloudwatch", "describe_alarms", AlarmNames=list(names), StateValue="ALARM")
        return [each["AlarmName"] for each in found["MetricAlarms"]]

    def target_health(self, group: str) -> dict[Target, TargetHealth]:
        """The health of all its targets."""
        found = self._unless(_NO_GROUP, "elbv2", "describe_target_health", TargetGroupArn=group)
        return {
            (each["Target"]["Id"], each["Target"]["Port"]): TargetHealth(
                each["TargetHealth"]["State"],
                each["TargetHealth"].get("Reason", ""),
                each["TargetHealth"].get("Description", ""),
            )
            for each in found.get("TargetHealthDescriptions", [])
        }

    def _ask(self, service: str, operation: str, **parameters: Any) -> Any:
        with self._in_our_region():
            ask: Callable[..., Any] = getattr(self._clients(service), operation)
            return ask(**parameters)

    def _unless(self, code: str, service: str, operation: str, **parameters: Any) -> Any:
        """Ask; an answer with this error code is as good as an empty one."""
        try:
            return self._ask(service, operation, **parameters)
        except ClientError as error:
            if _code(error) != code:
                raise
            return {}

    def _found(self, service: str, operation: str, key: str, **parameters: Any) -> Any:
        """The first thing that a Describe operation finds, or None where it says that there is none."""
        try:
            return next(iter(self._ask(service, operation, **parameters)[key]), None)
        except ClientError as error:
            if not any(word in _code(error) for word in ("NotFound", "Malformed", "Validation", "Invalid")):
                raise
            return None

    @contextmanager
    def _in_our_region(self) -> Iterator[None]:
        with server.request_scope(self._naming.account, self._naming.region):
            yield


_NO_GROUP = "TargetGroupNotFound"


def _targets(target: Target) -> list[dict[str, Any]]:
    return [{"Id": target[0], "Port": target[1]}]


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
