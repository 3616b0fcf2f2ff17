"""What the balancers count, as the metrics of AWS/ApplicationELB.

One liberty: the data points are of single seconds where the real ones are of whole minutes, so that a rehearsal can
look at periods of seconds. As on AWS a metric has no data point where nothing happened. Names and dimensions:
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rehearsal.aws.adapters.metrics import Datum
from rehearsal.children import Json

NAMESPACE = "AWS/ApplicationELB"

_OF_TARGETS = {
    "requests": "RequestCount",
    "target_2xx": "HTTPCode_Target_2XX_Count",
    "target_3xx": "HTTPCode_Target_3XX_Count",
    "target_4xx": "HTTPCode_Target_4XX_Count",
    "target_5xx": "HTTPCode_Target_5XX_Count",
    "connection_errors": "TargetConnectionErrorCount",
}
"""Told per load balancer, and per load balancer and target group."""
_OF_BALANCERS = {
    "elb_4xx": "HTTPCode_ELB_4XX_Count",
    "elb_5xx": "HTTPCode_ELB_5XX_Count",
    "elb_502": "HTTPCode_ELB_502_Count",
    "elb_503": "HTTPCode_ELB_503_Count",
    "elb_504": "HTTPCode_ELB_504_Count",
    "redirects": "HTTP_Redirect_Count",
    "fixed_responses": "HTTP_Fixed_Response_Count",
}
"""Told per load balancer."""


def full_name(arn: str) -> str:
    """The dimension's value: "app/name/id" of a load balancer, "targetgroup/name/id" of a target group."""
    return arn.rpartition(":")[2].removeprefix("loadbalancer/")


def region_of(arn: str) -> str:
    """The region that an ARN names."""
    return arn.split(":")[3]


def data_of(entry: Json, healthy: int) -> Iterator[Datum]:
    """The data points of one entry of a metrics report; ``healthy`` is how many targets of its group are."""
    whole = {"LoadBalancer": full_name(entry["balancer"])}
    scopes = [whole]
    if entry["target_group"]:
        scopes.append(whole | {"TargetGroup": full_name(entry["target_group"])})
    at = float(entry["second"])
    for name, metric in _OF_TARGETS.items():
        for scope in scopes if entry[name] else ():
            yield Datum(metric, scope, at, (float(entry[name]),))
    if entry["target_group"] and entry["requests"] and healthy:
        for scope in ({"TargetGroup": full_name(entry["target_group"])}, scopes[-1]):
            yield Datum("RequestCountPerTarget", scope, at, (entry["requests"] / healthy,))
    for name, metric in _OF_BALANCERS.items():
        if entry[name]:
            yield Datum(metric, whole, at, (float(entry[name]),))
    if times := tuple(entry["response_times"]):
        for scope in scopes:
            yield Datum("TargetResponseTime", scope, at, times, "Seconds")


def host_counts(balancers: Iterable[str], group: str, states: Mapping[str, int], at: float) -> Iterator[Datum]:
    """How many targets of a group are healthy and how many are not, for each load balancer that sends to it."""
    unhealthy = states.get("unhealthy", 0) + states.get("initial", 0)
    for balancer in balancers:
        scope = {"LoadBalancer": full_name(balancer), "TargetGroup": full_name(group)}
        yield Datum("HealthyHostCount", scope, at, (float(states.get("healthy", 0)),))
        yield Datum("UnHealthyHostCount", scope, at, (float(unhealthy),))
