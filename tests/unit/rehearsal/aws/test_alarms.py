"""An alarm goes off when M of N data points breach its threshold, and says nothing for want of data."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest

from rehearsal.aws.alarms import compute, verdict

NOW = 1_000_000.0
ALARM: dict[str, Any] = {
    "AlarmName": "errors",
    "Namespace": "N",
    "MetricName": "M",
    "Statistic": "Sum",
    "Dimensions": [{"Name": "App", "Value": "bond"}],
    "Period": 60,
    "EvaluationPeriods": 3,
    "DatapointsToAlarm": 2,
    "Threshold": 5.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
    "StateValue": "OK",
}
RATIO = "IF(FILL(requests, 0) >= 20, 100 * FILL(errors, 0) / requests, 0)"


def judged(values: list[float | None], **changes: Any) -> str:
    """The state for data points of three minutes, the newest first."""

    def statistic(*asked: Any) -> float | None:
        namespace, name, dimensions, stat, (since, until) = asked
        assert (namespace, name, dimensions, stat) == ("N", "M", {"App": "bond"}, "Sum")
        assert until - since == 60
        return values[round((NOW - until) / 60)]

    return verdict(ALARM | changes, NOW, statistic)[0]


@pytest.mark.parametrize(
    ("values", "changes", "state"),
    [
        ([6, 6, 0], {}, "ALARM"),
        ([6, 0, 6], {}, "ALARM"),
        ([6, 5, 5], {}, "OK"),
        ([6, None, None], {}, "OK"),
        ([None, None, None], {}, "OK"),
        ([None, None, None], {"TreatMissingData": "missing"}, "INSUFFICIENT_DATA"),
        ([None, None, None], {"TreatMissingData": "ignore", "StateValue": "ALARM"}, "ALARM"),
        ([None, None, 0], {"TreatMissingData": "breaching"}, "ALARM"),
        ([4, 4, 6], {"ComparisonOperator": "LessThanThreshold"}, "ALARM"),
    ],
)
def test_state_follows_data(values: list[float | None], changes: Mapping[str, Any], state: str) -> None:
    assert judged(values, **changes) == state


@pytest.mark.parametrize(
    ("known", "value"),
    [
        ({"requests": 100.0, "errors": 3.0}, 3.0),
        ({"requests": 100.0, "errors": None}, 0.0),
        ({"requests": 19.0, "errors": 19.0}, 0.0),
        ({"requests": None, "errors": None}, 0.0),
    ],
)
def test_a_ratio_is_judged_from_enough_requests_on(known: dict[str, float | None], value: float) -> None:
    assert compute(RATIO, known) == value


def test_what_is_not_computed_is_said() -> None:
    with pytest.raises(NotImplementedError, match="ANOMALY"):
        compute("ANOMALY_DETECTION_BAND(requests, 2)", {"requests": 1.0})


def test_data_of_other_things_are_not_counted(client: Any) -> None:
    watch = client("cloudwatch")
    watch.put_metric_alarm(**{key: value for key, value in ALARM.items() if key != "StateValue"})
    for app, state in (("other", "OK"), ("bond", "ALARM")):
        for back in (5, 65):
            datum = {
                "MetricName": "M",
                "Dimensions": [{"Name": "App", "Value": app}],
                "Timestamp": time.time() - back,
                "Value": 100,
            }
            watch.put_metric_data(Namespace="N", MetricData=[datum])
        assert watch.describe_alarms(AlarmNames=["errors"])["MetricAlarms"][0]["StateValue"] == state
