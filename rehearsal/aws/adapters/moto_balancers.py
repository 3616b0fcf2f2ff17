"""moto's load balancers, read as plain values, and its target health replaced."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.aws.adapters.moto_server import backend, regions_in_use
from rehearsal.aws.adapters.reach import Patches, reach

_MODELS = "moto.elbv2.models"
DEFAULT_TLS_POLICY = "ELBSecurityPolicy-2016-08"
"""Of a listener that is made by the API without one (API reference of CreateListener)."""


@dataclass(frozen=True)
class ListenerState:
    """A listener; ``rules`` are those beside its default, by priority."""

    arn: str
    port: int
    protocol: str
    certificate: str | None
    tls_versions: list[str]
    """Of its security policy ("TLSv1.2", "TLSv1.3"); none without TLS."""
    actions: list[dict[str, Any]]
    rules: list[dict[str, Any]]


@dataclass(frozen=True)
class BalancerState:
    """A load balancer with its listeners."""

    arn: str
    dns_name: str
    security_groups: list[str]
    attributes: dict[str, str]
    listeners: list[ListenerState]


@dataclass(frozen=True)
class GroupState:
    """A target group with its registered targets (address, port)."""

    arn: str
    protocol: str
    port: int
    health: dict[str, Any]
    attributes: dict[str, str]
    targets: list[tuple[str, int]]
    balancers: tuple[str, ...]


@dataclass(frozen=True)
class HealthState:
    """What DescribeTargetHealth tells of a target."""

    state: str
    reason: str | None = None
    description: str | None = None


HealthOf = Callable[[str, list[tuple[str, int]] | None], Mapping[tuple[str, int], HealthState]]
"""(target group's ARN, the targets asked for or None for all) -> the health of each."""


def balancers(account: str) -> list[BalancerState]:
    """All load balancers of an account, in all regions."""
    return [
        BalancerState(
            arn=found.arn,
            dns_name=found.dns_name,
            security_groups=list(found.security_groups or []),
            attributes={name: str(value) for name, value in found.attrs.items()},
            listeners=[_listener(listener) for listener in list(found.listeners.values())],
        )
        for region in regions_in_use("elbv2", account)
        for found in list(backend("elbv2", account, region).load_balancers.values())
    ]


def groups(account: str) -> list[GroupState]:
    """All target groups of an account, in all regions."""
    return [
        _group(found)
        for region in regions_in_use("elbv2", account)
        for found in list(backend("elbv2", account, region).target_groups.values())
    ]


def forget_targets(account: str) -> None:
    """Take all targets out of all target groups."""
    for region in regions_in_use("elbv2", account):
        for found in backend("elbv2", account, region).target_groups.values():
            found.targets.clear()


def face_the_internet(patches: Patches) -> None:
    """Give a balancer that names no scheme the API reference's default, which moto's own passes over."""

    def create(self: Any, *given: Any, **named: Any) -> Any:
        return before(self, *given, **{**named, "scheme": named.get("scheme") or "internet-facing"})

    before = patches.member(reach(_MODELS, "ELBv2Backend"), "create_load_balancer", create)


def log_health_checks(patches: Patches) -> None:
    """Let load balancers be told where the logs of their health checks go, which moto does not know."""
    model = reach(_MODELS, "FakeLoadBalancer")
    more = {"health_check_logs.s3.bucket", "health_check_logs.s3.prefix"}
    patches.member(model, "VALID_ATTRS", model.VALID_ATTRS | more)


def answer_health_by(patches: Patches, health_of: HealthOf) -> None:
    """Let DescribeTargetHealth tell what ``health_of`` says."""
    status, missing = reach(_MODELS, "FakeHealthStatus"), reach(_MODELS, "TargetGroupNotFoundError")

    def describe(model: Any, target_group_arn: str, targets: list[dict[str, Any]]) -> list[Any]:
        group = model.target_groups.get(target_group_arn)
        if group is None:
            raise missing()
        asked = [(target["Id"], int(target.get("Port", group.port))) for target in targets] or None
        return [
            status(address, port, str(port), health.state, health.reason, health.description)
            for (address, port), health in health_of(target_group_arn, asked).items()
        ]

    patches.member(reach(_MODELS, "ELBv2Backend"), "describe_target_health", describe)


def tls_versions(policy: str) -> list[str]:
    """The versions of TLS that a security policy admits; none where there is no such policy."""
    known = reach("moto.elbv2.ssl_policies", "SSL_POLICIES").get(policy)
    return sorted(known["ssl_protocols"]) if known else []


def _listener(found: Any) -> ListenerState:
    rules = sorted(found._non_default_rules.values(), key=lambda rule: int(rule.priority))
    return ListenerState(
        arn=found.arn,
        port=int(found.port),
        protocol=found.protocol,
        certificate=found.certificate,
        tls_versions=tls_versions(found.ssl_policy or DEFAULT_TLS_POLICY) if found.protocol == "HTTPS" else [],
        actions=[action.data for action in found.default_actions],
        rules=[{"conditions": rule.conditions, "actions": [action.data for action in rule.actions]} for rule in rules],
    )


def _group(found: Any) -> GroupState:
    return GroupState(
        arn=found.arn,
        protocol=found.protocol or "HTTP",
        port=int(found.port or 0),
        health={
            "path": found.health_check_path or "/",
            "interval": int(found.health_check_interval_seconds),
            "timeout": int(found.health_check_timeout_seconds),
            "healthy_threshold": int(found.healthy_threshold_count),
            "unhealthy_threshold": int(found.unhealthy_threshold_count),
            "matcher": (found.matcher or {}).get("HttpCode", "200"),
        },
        attributes={name: str(value) for name, value in found.attributes.items()},
        targets=[(target["Id"], int(target["Port"])) for target in list(found.targets.values())],
        balancers=tuple(dict.fromkeys(found.load_balancer_arns)),
    )
