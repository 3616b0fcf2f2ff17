"""Service-linked roles: there from the start, made by AWS at the first use, or made by CreateServiceLinkedRole."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rehearsal.aws.adapters import roles, server
from rehearsal.aws.request import AwsRequest
from rehearsal.aws.service import Service

ROLES = {
    "ecs.amazonaws.com": "AWSServiceRoleForECS",
    "elasticloadbalancing.amazonaws.com": "AWSServiceRoleForElasticLoadBalancing",
    "ecs.application-autoscaling.amazonaws.com": "AWSServiceRoleForApplicationAutoScaling_ECSService",
    "memorydb.amazonaws.com": "AWSServiceRoleForMemoryDB",
}
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html, each by its page."""
_FIRST_USES = {
    "ecs": ("CreateCluster", "ecs.amazonaws.com"),
    "elasticloadbalancing": ("CreateLoadBalancer", "elasticloadbalancing.amazonaws.com"),
    "application-autoscaling": ("RegisterScalableTarget", "ecs.application-autoscaling.amazonaws.com"),
    "memorydb": ("CreateCluster", "memorydb.amazonaws.com"),
}


def seeded(account: str, region: str, services: Iterable[str]) -> None:
    """Let the account have the roles of these services."""
    with server.request_scope(account, region):
        for service in services:
            make(service)


def make(service: str) -> None:
    """Make the role of a service in the current account, where it has one and is not there."""
    if service in ROLES:
        roles.add_service_role(server.current_account(), service, ROLES[service])


def services() -> list[Service]:
    """What follows from the first use of a service, and from CreateServiceLinkedRole, whose names ministack invents."""
    made = []
    for name, (operation, linked) in _FIRST_USES.items():
        service = Service(name)
        service.consequences.append(_when(operation, linked))
        made.append(service)
    iam = Service("iam")
    iam.consequences.append(_asked_for)
    return [*made, iam]


def _when(operation: str, linked: str) -> Callable[[AwsRequest], None]:
    def follow(request: AwsRequest) -> None:
        if request.operation == operation:
            make(linked)

    return follow


def _asked_for(request: AwsRequest) -> None:
    if request.operation == "CreateServiceLinkedRole":
        make(str(request.parameters.get("AWSServiceName", "")))
