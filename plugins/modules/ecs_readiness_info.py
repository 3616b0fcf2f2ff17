#!/usr/bin/python
"""Whether an ECS service may get traffic."""

from __future__ import annotations

DOCUMENTATION = """
module: ecs_readiness_info
short_description: Make sure that an ECS service may get traffic
description:
  - A gate before traffic moves. The release that runs is complete, the service runs as many tasks as it is to keep and
    as the next step needs (I(at_least)), and the load balancer holds as many targets for healthy.
  - Waits while tasks start or a release is in the middle. A service that keeps no task, as after a first release that
    failed, is refused at once. A dry run tells what is in the way and goes on.
options:
  target_group_arn:
    description: ARN of the target group behind which the service stands.
    type: str
    required: true
  at_least:
    description: Fewest tasks that the next step needs.
    type: int
    default: 0
extends_documentation_fragment:
  - offramp.ecs.aws
  - offramp.ecs.service
  - offramp.ecs.waiting
  - offramp.ecs.lock
version_added: 0.1.0
author: The Offramp founders (@offramp)
"""

EXAMPLES = """
- name: Make sure that the service may get traffic
  offramp.ecs.ecs_readiness_info:
    region: eu-west-1
    cluster: offramp-staging
    service: bond-server-web
    target_group_arn: "{{ __shift_stack.stack.outputs.TargetGroupArn }}"
    at_least: 3
"""

RETURN = """
readiness:
  description: Whether it may, with the numbers.
  returned: success
  type: dict
  sample: {service: bond-server-web, state: ready, why: "", desired: 3, running: 3, healthy: 3}
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import ecs, locks, session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import spoken
from ansible_collections.offramp.ecs.plugins.module_utils.aws.readiness import Readiness, readiness_of
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import OfframpError, Refused
from ansible_collections.offramp.ecs.plugins.module_utils.engine.runner import Module
from ansible_collections.offramp.ecs.plugins.module_utils.engine.settle import Waiting
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import is_unknown

SPEC = spec.spec(
    spec.AWS,
    ecs.SERVICE,
    spec.WAITING,
    locks.LOCK,
    options={"target_group_arn": {"type": "str", "required": True}, "at_least": {"type": "int", "default": 0}},
)


@dataclass(frozen=True)
class Want:
    """Which service, behind which target group, with how many tasks."""

    cluster: str
    service: str
    target_group: str
    at_least: int


@dataclass(frozen=True)
class Have:
    """What was found of a service."""

    service: str
    found: Readiness


class Api:
    """ECS and the load balancers in the wanted region."""

    def __init__(self, region: str, door: Door) -> None:
        self.ecs = ecs.Ecs(region, door)
        self._balancers = session.client("elbv2", region=region, door=door)

    def healthy(self, target_group: str) -> int:
        """How many targets are healthy."""
        with spoken(f"target group {target_group}"):
            rows = self._balancers.describe_target_health(TargetGroupArn=target_group)["TargetHealthDescriptions"]
        return sum(row["TargetHealth"]["State"] == "healthy" for row in rows)


def want_of(params: Mapping[str, Any]) -> Want:
    """The wanted service."""
    return Want(params["cluster"], params["service"], params["target_group_arn"], params["at_least"])


def observe(api: Api, want: Want) -> Have:
    """Two reads; none where the service cannot exist yet."""
    if is_unknown((want.cluster, want.target_group)):
        return Have(want.service, readiness_of(None, 0, want.at_least))
    service = next(iter(api.ecs.services(want.cluster, [want.service])), None)
    healthy = api.healthy(want.target_group) if service else 0
    return Have(want.service, readiness_of(service, healthy, want.at_least))


def report(have: Have) -> dict[str, Any]:
    """What playbooks may use."""
    return {"service": have.service, **asdict(have.found)}


def headline(have: Have) -> list[str]:
    """The gate in one sentence."""
    found = have.found
    if found.state != "ready":
        return [f"Gate: ECS service {have.service} may get no traffic yet: it {found.why}"]
    return [f"Gate: ECS service {have.service}: {found.running} tasks run, {found.healthy} healthy targets"]


def _never(have: Have) -> Optional[OfframpError]:
    if have.found.state != "never":
        return None
    return Refused(
        f"ECS service {have.service} must get no traffic: it {have.found.why}.",
        target=f"ECS service {have.service}",
        hint="Run playbooks/release.yml first.",
    )


MODULE = Module(
    name="ecs_readiness_info",
    noun="readiness",
    spec=SPEC,
    connect=lambda params, door: Api(params["region"], door),
    want=want_of,
    observe=observe,
    report=report,
    headline=headline,
    hold=locks.hold,
    waiting=Waiting(
        settled=lambda have: have.found.state == "ready", failed=_never, progress=lambda have: f"it {have.found.why}"
    ),
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
