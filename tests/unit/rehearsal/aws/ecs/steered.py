"""Neighbours of ECS that a test steers."""

import threading
from collections.abc import Sequence

from rehearsal.aws.ecs.addresses import Addresses
from rehearsal.aws.ecs.errors import StartFailureError
from rehearsal.aws.ecs.surroundings import Image, Subnet, Target, TargetGroup, TargetHealth
from rehearsal.seed import Behaviour

GROUP = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/1234567890abcdef"
ROLE = "arn:aws:iam::123456789012:role/execution"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:bond-AbCdEf"
LOGS = "/bond/web"


class SteeredSurroundings:
    """Everything exists that the constants name; images are found unless their tag is "missing".

    Targets are in the state that the test gives them, but never healthy before they listen.
    """

    def __init__(self, addresses: Addresses) -> None:
        self.addresses = addresses
        self.behaviours: dict[str, Behaviour] = {}
        self.newcomers = TargetHealth("healthy")
        self.targets: dict[Target, TargetHealth] = {}
        self.history: list[tuple[str, Target]] = []
        self.delay = 0.0
        self.pulled: list[str] = []
        self.secrets = {f"{SECRET}:API_KEY::v1": "s3cret"}
        self.streams: dict[tuple[str, str], list[str]] = {}
        self.alarms: set[str] = set()
        self.lock = threading.Lock()

    def image(self, reference: str) -> Image:
        self.pulled.append(reference)
        tag = reference.partition("@")[0].rpartition(":")[2]
        if tag == "missing":
            raise StartFailureError(f"CannotPullContainerError: {reference}: not found")
        return Image("sha256:" + "0" * 64, self.behaviours.get(tag, Behaviour()))

    def secret(self, value_from: str) -> str:
        if value_from not in self.secrets:
            raise StartFailureError(f"ResourceInitializationError: {value_from}")
        return self.secrets[value_from]

    def trusts_tasks(self, role: str) -> bool:
        return role == ROLE

    def open_log(self, group: str, stream: str, create_group: bool) -> None:  # noqa: ARG002
        if group != LOGS:
            raise StartFailureError("ResourceNotFoundException: The specified log group does not exist.")
        self.streams[group, stream] = []

    def write_log(self, group: str, stream: str, lines: Sequence[tuple[float, str]]) -> None:
        self.streams[group, stream] += [line for _, line in lines]

    def subnet(self, subnet: str) -> Subnet | None:
        return Subnet(subnet, "vpc-1", "eu-west-1a", "10.0.1.0/24") if subnet == "subnet-1" else None

    def has_security_group(self, group: str) -> bool:
        return group == "sg-1"

    def target_group(self, arn: str) -> TargetGroup | None:
        return TargetGroup(arn, "ip", ("arn:balancer",)) if arn == GROUP else None

    def register_target(self, group: str, target: Target) -> None:  # noqa: ARG002
        with self.lock:
            self.targets[target] = self.newcomers
            self.history.append(("in", target))

    def deregister_target(self, group: str, target: Target) -> None:  # noqa: ARG002
        with self.lock:
            self.targets.pop(target, None)
            self.history.append(("out", target))

    def deregistration_delay(self, group: str) -> float:  # noqa: ARG002
        return self.delay

    def target_health(self, group: str) -> dict[Target, TargetHealth]:  # noqa: ARG002
        with self.lock:
            return {
                target: health
                if health.state != "healthy" or self.addresses.lookup(*target)
                else TargetHealth("initial")
                for target, health in self.targets.items()
            }

    def alarming(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if name in self.alarms]

    def _listens(self, target: Target) -> bool:
        return self.addresses.lookup(*target) is not None

    def turn(self, state: str, description: str = "") -> None:
        """All targets are now in this state, those to come too."""
        with self.lock:
            self.newcomers = TargetHealth(state, "", description)
            self.targets = dict.fromkeys(self.targets, self.newcomers)
