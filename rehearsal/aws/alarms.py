"""When an alarm goes off: M of the last N data points breach its threshold.

The windows of the data points end now, where CloudWatch's end at full periods: so a rehearsal sees an alarm as soon as
there is reason for it. Metric math is that of templates: arithmetic, comparisons, IF and FILL. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html (missing data)
and .../using-metric-math.html.
"""

from __future__ import annotations

import ast
import operator
import time
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.aws.adapters import alarms, metrics
from rehearsal.aws.adapters.alarms import Alarm, Verdict
from rehearsal.aws.adapters.reach import Patches

Value = float | None
"""None where there is no data point."""
Statistic = Callable[[str, str, Mapping[str, str], str, tuple[float, float]], Value]

_PERIOD_S = 60
_BREACHES: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_OPERATORS: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}


def install(patches: Patches) -> None:
    """Let alarms be judged by this module, and statistics be known that the vendor has."""
    alarms.take_metric_math(patches)
    metrics.count_trimmed(patches)
    alarms.judge_by(patches, lambda alarm: verdict(alarm, time.time(), alarms.statistic))


def verdict(alarm: Alarm, now: float, statistic: Statistic) -> Verdict:
    """The alarm's state at a moment (seconds since the epoch), and why."""
    period = _period(alarm)
    values = [
        _value(alarm, (now - (n + 1) * period, now - n * period), statistic)
        for n in range(int(alarm["EvaluationPeriods"]))
    ]
    known = [value for value in values if value is not None]
    treated = alarm.get("TreatMissingData") or "missing"
    if not known and treated in ("missing", "ignore"):
        state = "INSUFFICIENT_DATA" if treated == "missing" else alarm["StateValue"]
        return state, "Insufficient Data: no data points were received"
    breaches = _BREACHES[alarm["ComparisonOperator"]]
    bad = sum(breaches(value, float(alarm["Threshold"])) for value in known)
    bad += len(values) - len(known) if treated == "breaching" else 0
    needed = int(alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"])
    told = f"{bad} of the last {len(values)} datapoints {known} breached the threshold ({alarm['Threshold']})"
    return ("ALARM" if bad >= needed else "OK"), f"Threshold Crossed: {told}"


def _period(alarm: Alarm) -> int:
    periods = [each["MetricStat"]["Period"] for each in alarm.get("Metrics", []) if "MetricStat" in each]
    return int(max(periods, default=alarm.get("Period") or _PERIOD_S))


def _value(alarm: Alarm, window: tuple[float, float], statistic: Statistic) -> Value:
    if not alarm.get("Metrics"):
        stat = alarm.get("ExtendedStatistic") or alarm["Statistic"]
        return statistic(alarm["Namespace"], alarm["MetricName"], _dimensions(alarm), stat, window)
    known = {
        each["Id"]: _measured(each["MetricStat"], window, statistic)
        for each in alarm["Metrics"]
        if "MetricStat" in each
    }
    (told,) = [each for each in alarm["Metrics"] if each["ReturnData"]]
    return compute(told["Expression"], known) if "Expression" in told else known[told["Id"]]


def _measured(wanted: Mapping[str, Any], window: tuple[float, float], statistic: Statistic) -> Value:
    metric = wanted["Metric"]
    return statistic(metric["Namespace"], metric["MetricName"], _dimensions(metric), wanted["Stat"], window)


def _dimensions(holder: Mapping[str, Any]) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in holder.get("Dimensions", [])}


def compute(expression: str, known: Mapping[str, Value]) -> Value:
    """The value of a metric math expression for one data point.

    Raises:
        NotImplementedError: it has something that the rehearsal does not compute.
    """
    return _computed(ast.parse(expression, mode="eval").body, known)


def _computed(node: ast.AST, known: Mapping[str, Value]) -> Value:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return known[name]
        case ast.Call(func=ast.Name(id="FILL"), args=[series, filler]):
            found = _computed(series, known)
            return _computed(filler, known) if found is None else found
        case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
            asked = _computed(condition, known)
            return None if asked is None else _computed(then if asked else otherwise, known)
        case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]):
            operation = _OPERATORS.get(type(op))
            one, other = _computed(left, known), _computed(right, known)
            if operation is not None:
                return None if one is None or other is None else float(operation(one, other))
    raise NotImplementedError(f"The rehearsal does not compute {ast.unparse(node)!r} of a metric math expression.")
