"""Target groups of load balancers, as far as releases ask for them."""

from __future__ import annotations

from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.ecs import name_of
from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import spoken
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Missing


class TargetGroups:
    """Target groups in one region; reads only."""

    def __init__(self, region: str, door: Door) -> None:
        self._client = session.client("elbv2", region=region, door=door)

    def is_in_use(self, arn: str) -> bool:
        """Whether it is there, and behind a load balancer."""
        try:
            with spoken(f"target group {name_of(arn)}"):
                found = self._client.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
        except Missing:
            return False
        return bool(found and found[0]["LoadBalancerArns"])
