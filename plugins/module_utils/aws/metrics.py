"""Counts of a load balancer from CloudWatch (GetMetricData), period by period."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import spoken
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Denied, Missing, Unreachable

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
        elb: boto3's client of load balancers.
        balancer: the last part of the balancer's ARN ("app/bond/50dc6c495c0c9188").
        group: the last part of the target group's ARN ("targetgroup/bond/73e2d6bc24d8a067").
        slower_than: seconds above which a request counts as slow; None to count none.
    """

    remembers = True
    trouble = ""

    def __init__(self, api: Any, elb: Any, balancer: str, group: str, slower_than: Optional[float] = None) -> None:
        self._api, self._elb = api, elb
        self._balancer, self._group = balancer, group
        self._target = f"metrics of load balancer {balancer}"
        self._queries = [_query(name, *metric, balancer, group) for name, metric in _METRICS.items()]
        if slower_than is not None:
            self._queries.append(_query("slow", "TargetResponseTime", True, balancer, group, f"TC({slower_than:g}:)"))

    def start(self) -> None:
        """Find out whether the metrics can be read and are of something, before anybody waits for them.

        Raises:
            Missing: there is no such load balancer, or it does not send to that target group.
            OfframpError: as :meth:`counts`.
        """
        self._refuse_unknown()
        this_minute = int(time.time()) // 60 * 60
        self.counts(range(this_minute - 60, this_minute, 60))

    def counts(self, starts: range) -> dict[int, tuple[int, ...]]:
        """Requests, errors (5xx of its targets and its own), its own errors, and the slow ones where they are counted.

        By the start of each period. One request to CloudWatch, for as many periods as there are.

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

    def _refuse_unknown(self) -> None:
        """CloudWatch tells of a load balancer that does not exist what it tells of one without requests: nothing.

        Where the credentials may not look, nothing is refused.
        """
        try:
            found = self._found()
        except Denied:
            return
        if found.get(self._group):
            return
        what = f"which sends nothing to target group {self._group}" if found else "which does not exist"
        raise Missing(
            f"CloudWatch would tell nothing of load balancer {self._balancer}, {what}.",
            target=f"load balancer {self._balancer}",
            hint="Give the last parts of both ARNs, as the outputs of the app's stack have them.",
        )

    def _found(self) -> dict[str, bool]:
        """The target groups of the load balancer, by the last parts of their ARNs; empty without it."""
        parts = self._balancer.split("/")
        try:
            with spoken(f"load balancer {self._balancer}"):
                named = self._elb.describe_load_balancers(Names=[parts[1] if len(parts) == 3 else self._balancer])
                arns = [it["LoadBalancerArn"] for it in named["LoadBalancers"]]
                arn = next((it for it in arns if it.endswith(f"/{self._balancer}")), "")
                groups = self._elb.describe_target_groups(LoadBalancerArn=arn)["TargetGroups"] if arn else []
        except Missing:
            return {}
        return {"": False, **{it["TargetGroupArn"].rpartition(":")[2]: True for it in groups}} if arn else {}

    def _series(self, starts: range) -> dict[str, dict[int, int]]:
        series: dict[str, dict[int, int]] = {query["Id"]: {} for query in self._queries}
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


def _query(
    name: str, metric: str, per_group: bool, balancer: str, group: str, statistic: str = "Sum"
) -> dict[str, Any]:
    """One query. TC(0.25:) counts the values above 0.25 exactly.

    See https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html.
    """
    dimensions = [{"Name": "LoadBalancer", "Value": balancer}]
    if per_group:
        dimensions.append({"Name": "TargetGroup", "Value": group})
    stat = {"Metric": {"Namespace": _NAMESPACE, "MetricName": metric, "Dimensions": dimensions}, "Stat": statistic}
    return {"Id": name, "MetricStat": stat, "ReturnData": True}


def _counts(values: Mapping[str, int]) -> tuple[int, ...]:
    errors = values["target_errors"] + values["balancer_errors"]
    requests = max(values["requests"] + values["no_target"], errors)
    counted = (requests, errors, values["balancer_errors"])
    return (*counted, min(values["slow"], requests)) if "slow" in values else counted


def _time(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, timezone.utc)
