"""Counts of a load balancer from CloudWatch (GetMetricData), period by period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import spoken
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Unreachable

_NAMESPACE = "AWS/ApplicationELB"
# id -> (metric, whether it is kept per target group). RequestCount holds only requests for which a target was chosen,
# so the balancer's own 503 (no target) must be added to it.
_METRICS = {
    "requests": ("RequestCount", True),
    "target_errors": ("HTTPCode_Target_5XX_Count", True),
    "balancer_errors": ("HTTPCode_ELB_5XX_Count", False),
    "no_target": ("HTTPCode_ELB_503_Count", False),
}


@dataclass(frozen=True)
class Counts:
    """What a balancer answered in one period; ``errors`` are its targets' and its own 5xx."""

    requests: int
    errors: int


class BalancerMetrics:
    """Reads the counts of one target group of one application load balancer.

    Args:
        api: boto3's CloudWatch client.
        balancer: the last part of the balancer's ARN ("app/bond/50dc6c495c0c9188").
        group: the last part of the target group's ARN ("targetgroup/bond/73e2d6bc24d8a067").
    """

    def __init__(self, api: Any, balancer: str, group: str) -> None:
        self._api = api
        self._target = f"metrics of load balancer {balancer}"
        self._queries = [_query(name, *metric, balancer, group) for name, metric in _METRICS.items()]

    def counts(self, start: int, end: int, period: int) -> dict[int, Counts]:
        """The counts of every period from ``start`` to before ``end``, by the period's start.

        CloudWatch has no data point where nothing was counted, so a period without one is a period without requests:
        ask only for periods that are complete.

        Args:
            start: seconds since the epoch, a multiple of ``period``.
            end: as ``start``.
            period: seconds.

        Raises:
            OfframpError: as :func:`aws.fault.spoken`, or Unreachable where CloudWatch could not compute it.
        """
        series = self._series(start, end, period)
        starts = range(start, end, period)
        return {at: _counts({name: values.get(at, 0) for name, values in series.items()}) for at in starts}

    def _series(self, start: int, end: int, period: int) -> dict[str, dict[int, int]]:
        series: dict[str, dict[int, int]] = {name: {} for name in _METRICS}
        queries = [{**query, "MetricStat": {**query["MetricStat"], "Period": period}} for query in self._queries]
        asked = {"MetricDataQueries": queries, "StartTime": _time(start), "EndTime": _time(end)}
        with spoken(self._target):
            pages = self._api.get_paginator("get_metric_data").paginate(**asked)
            for page in pages:
                for result in page["MetricDataResults"]:
                    self._refuse_failed(result)
                    points = zip(result["Timestamps"], result["Values"])
                    series[result["Id"]].update({int(at.timestamp()): round(value) for at, value in points})
        return series

    def _refuse_failed(self, result: Mapping[str, Any]) -> None:
        if result.get("StatusCode") in ("InternalError", "Forbidden"):
            raise Unreachable(
                f"CloudWatch could not tell the {self._target} ({result['Id']}: {result['StatusCode']}).",
                target=self._target,
                hint="Check that the credentials may call cloudwatch:GetMetricData, then run again.",
            )


def _query(name: str, metric: str, per_group: bool, balancer: str, group: str) -> dict[str, Any]:
    dimensions = [{"Name": "LoadBalancer", "Value": balancer}]
    if per_group:
        dimensions.append({"Name": "TargetGroup", "Value": group})
    stat = {"Metric": {"Namespace": _NAMESPACE, "MetricName": metric, "Dimensions": dimensions}, "Stat": "Sum"}
    return {"Id": name, "MetricStat": stat, "ReturnData": True}


def _counts(values: Mapping[str, int]) -> Counts:
    errors = values["target_errors"] + values["balancer_errors"]
    return Counts(max(values["requests"] + values["no_target"], errors), errors)


def _time(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, timezone.utc)
