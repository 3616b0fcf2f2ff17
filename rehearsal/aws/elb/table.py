"""What the balancer worker gets: all load balancers and target groups as one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from rehearsal.aws.adapters.moto_balancers import BalancerState, GroupState, ListenerState
from rehearsal.aws.elb.draining import Draining, Target
from rehearsal.children import Json

Locate = Callable[[str, int], tuple[str, int] | None]
"""A target's private address and port -> where it really listens."""
CertificateFile = Callable[[str], Path]
"""A certificate's ARN -> a PEM file with key and chain."""


def table(
    balancers: Iterable[BalancerState],
    groups: Iterable[GroupState],
    draining: Draining,
    locate: Locate,
    certificate: CertificateFile,
) -> Json:
    """The message to the worker."""
    return {
        "balancers": {
            balancer.arn: {
                "listeners": [_listener(listener, certificate) for listener in balancer.listeners],
                "attributes": balancer.attributes,
            }
            for balancer in balancers
        },
        "target_groups": {
            group.arn: {
                "protocol": group.protocol,
                "port": group.port,
                "health": group.health,
                "attributes": group.attributes,
                "targets": [_target(target, False, locate) for target in group.targets]
                + [_target(target, True, locate) for target in draining.of(group.arn)],
            }
            for group in groups
        },
    }


def _listener(listener: ListenerState, certificate: CertificateFile) -> Json:
    return {
        "arn": listener.arn,
        "port": listener.port,
        "protocol": listener.protocol,
        "certificate": str(certificate(listener.certificate)) if listener.certificate else None,
        "tls_versions": listener.tls_versions,
        "default_actions": listener.actions,
        "rules": listener.rules,
    }


def _target(target: Target, draining: bool, locate: Locate) -> Json:
    address = locate(*target)
    return {"id": target[0], "port": target[1], "address": address and list(address), "draining": draining}
