"""The sources of both sides' counts, by the arguments of the module that judges them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.metrics import BalancerMetrics
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import Options
from ansible_collections.offramp.ecs.plugins.module_utils.heroku.router import RouterTail, tail_of
from ansible_collections.offramp.ecs.plugins.module_utils.policy.watch import Source
from ansible_collections.offramp.ecs.plugins.module_utils.traffic.metrics_page import (
    Expressions,
    MetricsPage,
    fetch_of,
    where_of,
)

Params = Mapping[str, Any]

_METRICS: Options = {
    **{name: {"type": "str", "default": ""} for name in ("new_url", "old_url", "instances", "slow")},
    "requests": {"type": "str", "default": "requests"},
    "errors": {"type": "str", "default": "errors"},
}
SOURCES: Options = {
    "new_source": {"type": "str", "choices": ["cloudwatch", "metrics"], "default": "cloudwatch"},
    "old_source": {"type": "str", "choices": ["router", "metrics"], "default": "router"},
    "metrics": {"type": "dict", "default": {}, "apply_defaults": True, "options": _METRICS},
    "slow_ms": {"type": "int"},
}
"""Where both sides' counts come from."""


def sources_of(params: Params, door: Door) -> tuple[Source, Source]:
    """The source of the new side and that of the old one; they make no request yet."""
    slow_ms = slow_ms_of(params)
    slower_than = slow_ms / 1000 if slow_ms else None
    return _new_source(params, door, slower_than), _old_source(params, door, slower_than)


def slow_ms_of(params: Params) -> Optional[int]:
    """Milliseconds above which a request counts as slow: given, or measured before the ramp; None to count none."""
    given = params["slow_ms"]
    return (given or None) if given is not None else params["evidence"].get("slow_ms")


def refuse_sources(params: Params) -> None:
    """Refuse endpoints without an address, and expressions that are none.

    Raises:
        BadInput: with what is wrong.
    """
    for side in ("new", "old"):
        url = params["metrics"][f"{side}_url"]
        if params[f"{side}_source"] == "metrics":
            _expressions(params).refuse_wrong()
            if not url.startswith(("http://", "https://")):
                raise BadInput(
                    f"The metrics endpoint of the {side} side has no address ({url!r}).",
                    target="traffic",
                    hint=f"Set shift_metrics.{side}_url, or another shift_{side}_source.",
                )


def _new_source(params: Params, door: Door, slower_than: Optional[float]) -> Source:
    if params["new_source"] == "metrics":
        return _page(params, door, "AWS", params["metrics"]["new_url"])
    cloudwatch, elb = (session.client(name, region=params["region"], door=door) for name in ("cloudwatch", "elbv2"))
    return BalancerMetrics(cloudwatch, elb, params["load_balancer"], params["target_group"], slower_than)


def _old_source(params: Params, door: Door, slower_than: Optional[float]) -> Source:
    if params["old_source"] == "metrics":
        return _page(params, door, "Heroku", params["metrics"]["old_url"])
    return RouterTail(tail_of(door, params["heroku_app"]), params["ignored_paths"], slower_than)


def _page(params: Params, door: Door, side: str, url: str) -> MetricsPage:
    return MetricsPage(fetch_of(door, url, side), where_of(url, side), _expressions(params), params["period"])


def _expressions(params: Params) -> Expressions:
    """Slow requests of an endpoint count only where the other side has the same threshold."""
    taken = {name: params["metrics"][name] for name in ("instances", "requests", "errors", "slow")}
    alike = params["slow_ms"] or params["new_source"] == params["old_source"] == "metrics"
    return Expressions(**{**taken, "slow": taken["slow"] if alike else ""})
