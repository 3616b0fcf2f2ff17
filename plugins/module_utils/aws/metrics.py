"""Counts of a load balancer from CloudWatch (GetMetricData), period by period."""

from __future__ import annotations

import time
from collections.abc import Mapping
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

    def start(self) -> None:
        """Find out whether the metrics can be read, before anybody waits for them.

        Raises:
            OfframpError: as :meth:`counts`.
        """
        this_minute = int(time.time()) // 60 * 60
        self.counts(range(this_minute - 60, this_minute, 60))

    def counts(self, starts: range) -> dict[int, tuple[int, int, int]]:
        """Requests, errors (5xx of its targets and its own) and its own errors of each period, by the period's start.

        Its own are those without an answer of a target: 502 (refused or cut off), 503 (no target), 504 (too slow)
        (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html).

        CloudWatch has no data point where nothing was counted, so a period without one is a period without requests:
        ask only for periods that are complete.

        Args:
            starts: the periods' starts in seconds since the epoch, in steps of the period's length.

        Raises:
            OfframpError: as :func:`aws.fault.spoken`, or Unreachable where CloudWatch could not compute it.
        """
        series = self._series(starts)
        return {at: _counts({name: values.get(at, 0) for name, values in series.items()}) for at in starts}

    def _series(self, starts: range) -> dict[str, dict[int, int]]:
        series: dict[str, dict[int, int]] = {name: {} for name in _METRICS}
        queries = [{**query, "MetricStat": {**query["MetricStat"], "Period": starts.step}} for query in self._queries]
        asked = {"MetricDataQueries": queries, "StartTime": _time(starts.start), "EndTime": _time(starts.stop)}
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


def _counts(values: Mapping[str, int]) -> tuple[int, int, int]:
    errors = values["target_errors"] + values["balancer_errors"]
    return max(values["requests"] + values["no_target"], errors), errors, values["balancer_errors"]


def _time(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, timezone.utc)
