"""ministack's CloudWatch alarms: what they are judged by, how their state changes, and metric math in templates."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.aws.adapters.reach import Patches, reach

_CLOUDWATCH = "ministack.services.cloudwatch"
_PROVISIONERS = "ministack.services.cloudformation.provisioners"
_OF_ONE_METRIC = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Dimensions", "Unit")

Alarm = dict[str, Any]
"""As the API describes it."""
Verdict = tuple[str, str]
"""A state (OK, ALARM, INSUFFICIENT_DATA) and the reason for it."""


def judge_by(patches: Patches, judge: Callable[[Alarm], Verdict]) -> None:
    """Let ``judge`` say each alarm's state, whenever data arrive; ministack's own judgement knows no dimensions."""

    def evaluate(alarm: Alarm) -> None:
        state, reason = judge(alarm)
        before = alarm["StateValue"]
        if state == before:
            return
        alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
        reach(_CLOUDWATCH, "_record_history")(alarm["AlarmName"], before, state, reason)
        reach(_CLOUDWATCH, "_dispatch_alarm_actions")(alarm, before, state, reason)

    patches.attribute(_CLOUDWATCH, "_evaluate_alarm", evaluate)


def take_metric_math(patches: Patches) -> None:
    """Let templates have alarms over several metrics, as the API describes those."""

    def record(name: str, properties: dict[str, Any]) -> Alarm:
        if not properties.get("Metrics"):
            return dict(plain(name, properties))
        stand_in = {key: value for key, value in properties.items() if key != "Metrics"}
        alarm = dict(plain(name, stand_in | {"MetricName": "-", "Namespace": "-"}))
        kept = {key: value for key, value in alarm.items() if key not in _OF_ONE_METRIC}
        return kept | {"Metrics": [_query(each) for each in properties["Metrics"]]}

    plain = patches.attribute(_PROVISIONERS, "_cw_metric_alarm_record", record)


def statistic(namespace: str, name: str, dimensions: Mapping[str, str], stat: str, window: tuple[float, float]) -> Any:
    """A statistic ("Sum", "p99") of one metric's data points in a window of time, or None where there are none."""
    key = (namespace, name, reach(_CLOUDWATCH, "_dims_key")(dict(dimensions)))
    points = list(reach(_CLOUDWATCH, "_metrics").get(key, []))
    since, until = window
    found = [point for point in points if since <= point["Timestamp"] < until]
    if not found:
        return None
    return reach(_CLOUDWATCH, "_stat_value")(reach(_CLOUDWATCH, "_calc_stats")(found), stat, found)


def _query(query: dict[str, Any]) -> dict[str, Any]:
    """A template's query with its switches and numbers typed."""
    told = {**query, "ReturnData": str(query.get("ReturnData", True)).lower() == "true"}
    if "MetricStat" in query:
        told["MetricStat"] = {**query["MetricStat"], "Period": int(query["MetricStat"]["Period"])}
    return told


for _name in (
    "_evaluate_alarm",
    "_record_history",
    "_dispatch_alarm_actions",
    "_metrics",
    "_stat_value",
    "_calc_stats",
):
    reach(_CLOUDWATCH, _name)
reach(_CLOUDWATCH, "_dims_key")
reach(_PROVISIONERS, "_cw_metric_alarm_record")
