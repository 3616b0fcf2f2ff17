"""What ECS needs of the rest of AWS, as one interface: the real one asks the neighbours, tests bring their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rehearsal.seed import Behaviour

Target = tuple[str, int]
"""A target's address and port, as the target group knows it."""


@dataclass(frozen=True)
class Subnet:
    """A subnet of the VPC."""

    id: str
    vpc: str
    zone: str
    cidr: str


@dataclass(frozen=True)
class TargetGroup:
    """A target group, with the ARNs of the load balancers that send to it."""

    arn: str
    target_type: str
    balancers: tuple[str, ...]


@dataclass(frozen=True)
class TargetHealth:
    """What the load balancer says of a target."""

    state: str
    reason: str = ""
    description: str = ""


@dataclass(frozen=True)
class Image:
    """An image that was found: its digest (None outside ECR) and how what it runs behaves."""

    digest: str | None
    behaviour: Behaviour


class Surroundings(Protocol):
    """The neighbours, in ECS's account and region."""

    def image(self, reference: str) -> Image:
        """Resolve an image. Raises StartFailureError where it cannot be pulled."""

    def secret(self, value_from: str) -> str:
        """Resolve a container secret's ``valueFrom``. Raises StartFailureError where it cannot be had."""

    def trusts_tasks(self, role: str) -> bool:
        """Whether this role exists and ECS tasks may assume it."""

    def open_log(self, group: str, stream: str, create_group: bool) -> None:
        """Make a log stream. Raises StartFailureError where the group is missing."""

    def write_log(self, group: str, stream: str, lines: Sequence[tuple[float, str]]) -> None:
        """Append lines, each with its moment in seconds since the epoch."""

    def subnet(self, subnet: str) -> Subnet | None:
        """A subnet, or None where there is none of that id."""

    def has_security_group(self, group: str) -> bool:
        """Whether there is a security group of that id."""

    def target_group(self, arn: str) -> TargetGroup | None:
        """A target group, or None where there is none."""

    def register_target(self, group: str, target: Target) -> None:
        """Put a target into a group."""

    def deregister_target(self, group: str, target: Target) -> None:
        """Take a target out of a group: from now on it drains."""

    def deregistration_delay(self, group: str) -> float:
        """How long a target of this group drains, in seconds."""

    def alarming(self, names: Sequence[str]) -> list[str]:
        """Those of these CloudWatch alarms that are in ALARM."""

    def target_health(self, group: str) -> dict[Target, TargetHealth]:
        """The health of all targets of a group."""
