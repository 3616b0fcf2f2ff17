from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from ansible_collections.offramp.ecs.plugins.module_utils.aws.metrics import BalancerMetrics
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Denied, Missing, Unreachable

BALANCER, GROUP = "app/bond/50dc6c495c0c9188", "targetgroup/bond/73e2d6bc24d8a067"
MINUTES = range(600, 780, 60)


@pytest.fixture
def stub() -> Iterator[Stubber]:
    api = boto3.client("cloudwatch", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(api) as made:
        yield made


ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012"
BALANCERS = {"LoadBalancers": [{"LoadBalancerArn": f"{ARN}:loadbalancer/{BALANCER}"}]}
GROUPS = {"TargetGroups": [{"TargetGroupArn": f"{ARN}:{GROUP}"}]}


@pytest.fixture
def elb() -> Iterator[Stubber]:
    api = boto3.client("elbv2", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(api) as made:
        yield made


def metrics(stub: Stubber, elb: Stubber | None = None, slower_than: float | None = None) -> BalancerMetrics:
    return BalancerMetrics(stub.client, elb and elb.client, BALANCER, GROUP, slower_than)


def results(**series: dict[int, float]) -> list[dict[str, Any]]:
    return [
        {
            "Id": name,
            "Label": name,
            "Timestamps": [datetime.fromtimestamp(at, UTC) for at in points],
            "Values": list(points.values()),
            "StatusCode": "Complete",
        }
        for name, points in series.items()
    ]


def test_periods_without_data_are_periods_without_requests(stub: Stubber) -> None:
    found = results(requests={600: 100.0, 720: 50.0}, target_errors={600: 3.0}, balancer_errors={}, no_target={})
    stub.add_response("get_metric_data", {"MetricDataResults": found})
    assert metrics(stub).counts(MINUTES) == {600: (100, 3, 0), 660: (0, 0, 0), 720: (50, 0, 0)}


def test_the_balancers_own_errors_count_and_so_do_requests_without_a_target(stub: Stubber) -> None:
    found = results(requests={600: 100.0}, target_errors={600: 1.0}, balancer_errors={600: 9.0}, no_target={600: 7.0})
    stub.add_response("get_metric_data", {"MetricDataResults": found})
    assert metrics(stub).counts(range(600, 660, 60)) == {600: (107, 10, 9)}


def test_there_are_never_more_errors_than_requests(stub: Stubber) -> None:
    stub.add_response("get_metric_data", {"MetricDataResults": results(balancer_errors={600: 4.0})})
    assert metrics(stub).counts(range(600, 660, 60)) == {600: (4, 4, 4)}


def test_one_call_asks_for_all_and_pages_are_followed(stub: Stubber) -> None:
    asked = {
        "MetricDataQueries": ANY,
        "StartTime": datetime.fromtimestamp(600, UTC),
        "EndTime": datetime.fromtimestamp(780, UTC),
    }
    first = {"MetricDataResults": results(requests={600: 1.0}), "NextToken": "more"}
    stub.add_response("get_metric_data", first, asked)
    second = {"MetricDataResults": results(requests={660: 2.0})}
    stub.add_response("get_metric_data", second, {**asked, "NextToken": "more"})
    assert metrics(stub).counts(MINUTES) == {600: (1, 0, 0), 660: (2, 0, 0), 720: (0, 0, 0)}
    stub.assert_no_pending_responses()


def test_targets_are_counted_by_group_and_the_balancers_own_errors_by_balancer(stub: Stubber) -> None:
    asked: list[dict[str, Any]] = []
    stub.client.meta.events.register("provide-client-params.*.*", lambda params, **_: asked.append(params))
    stub.add_response("get_metric_data", {"MetricDataResults": []})
    metrics(stub).counts(MINUTES)
    stats = {query["Id"]: query["MetricStat"] for query in asked[0]["MetricDataQueries"]}
    dimensions = {name: [part["Value"] for part in stat["Metric"]["Dimensions"]] for name, stat in stats.items()}
    assert dimensions == {
        "requests": [BALANCER, GROUP],
        "target_errors": [BALANCER, GROUP],
        "balancer_errors": [BALANCER],
        "no_target": [BALANCER],
    }
    assert {(stat["Period"], stat["Stat"]) for stat in stats.values()} == {(60, "Sum")}


def test_a_refusal_names_the_operation_and_is_found_at_the_start(stub: Stubber, elb: Stubber) -> None:
    elb.add_client_error("describe_load_balancers", "AccessDenied", "not authorized", 403)  # is not checked then
    stub.add_client_error("get_metric_data", "AccessDenied", "not authorized", 403)
    with pytest.raises(Denied, match="GetMetricData on metrics of load balancer app/bond"):
        metrics(stub, elb).start()


def test_metrics_of_what_is_there_can_be_read(stub: Stubber, elb: Stubber) -> None:
    elb.add_response("describe_load_balancers", BALANCERS, {"Names": ["bond"]})
    elb.add_response("describe_target_groups", GROUPS, {"LoadBalancerArn": f"{ARN}:loadbalancer/{BALANCER}"})
    stub.add_response("get_metric_data", {"MetricDataResults": []})
    metrics(stub, elb).start()
    stub.assert_no_pending_responses()


def test_metrics_of_what_is_not_there_would_tell_nothing_and_are_refused(stub: Stubber, elb: Stubber) -> None:
    elb.add_client_error("describe_load_balancers", "LoadBalancerNotFound", "no", 400)
    with pytest.raises(Missing, match="app/bond/50dc6c495c0c9188, which does not exist"):
        metrics(stub, elb).start()
    other = {"LoadBalancers": [{"LoadBalancerArn": f"{ARN}:loadbalancer/app/bond/another"}]}
    elb.add_response("describe_load_balancers", other)
    with pytest.raises(Missing, match="which does not exist"):
        metrics(stub, elb).start()
    elb.add_response("describe_load_balancers", BALANCERS)
    elb.add_response("describe_target_groups", {"TargetGroups": []})
    with pytest.raises(Missing, match="which sends nothing to target group targetgroup/bond/73e2d6bc24d8a067"):
        metrics(stub, elb).start()


def test_slow_requests_are_counted_by_a_threshold_of_their_own_metric(stub: Stubber) -> None:
    asked: list[dict[str, Any]] = []
    stub.client.meta.events.register("provide-client-params.*.*", lambda params, **_: asked.append(params))
    found = results(requests={600: 100.0, 660: 3.0}, slow={600: 7.0, 660: 4.0})
    stub.add_response("get_metric_data", {"MetricDataResults": found})
    told = metrics(stub, slower_than=0.25).counts(MINUTES)
    assert told == {600: (100, 0, 0, 7), 660: (3, 0, 0, 3), 720: (0, 0, 0, 0)}
    slow = next(query["MetricStat"] for query in asked[0]["MetricDataQueries"] if query["Id"] == "slow")
    assert (slow["Metric"]["MetricName"], slow["Stat"]) == ("TargetResponseTime", "TC(0.25:)")


def test_a_series_that_cloudwatch_cannot_compute_is_no_silence(stub: Stubber) -> None:
    found = [{**row, "StatusCode": "InternalError"} for row in results(requests={})]
    stub.add_response("get_metric_data", {"MetricDataResults": found})
    with pytest.raises(Unreachable, match="requests: InternalError"):
        metrics(stub).counts(MINUTES)
