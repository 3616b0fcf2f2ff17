"""The balancers' counts as CloudWatch knows them: which metric, which dimensions, and nothing where nothing was."""

from __future__ import annotations

from typing import Any

from rehearsal.aws.elb.metrics import data_of, host_counts
from rehearsal.dataplane.tally import Tally

BALANCER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/bond/50dc6c495c0c9188"
GROUP = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/bond-web/943f017f100becff"
OF_BALANCER = ("LoadBalancer=app/bond/50dc6c495c0c9188",)
OF_BOTH = (*OF_BALANCER, "TargetGroup=targetgroup/bond-web/943f017f100becff")
OF_GROUP = OF_BOTH[1:]


def published(tally: Tally, healthy: int = 2) -> dict[tuple[str, tuple[str, ...]], tuple[float, ...]]:
    """The data of a tally by name and dimensions."""
    entries = tally.take(1_700_000_000)
    data = [datum for entry in entries for datum in data_of(entry, healthy)]
    assert {datum.at for datum in data} <= {1_700_000_000.0}
    assert {datum.unit for datum in data if datum.name == "TargetResponseTime"} <= {"Seconds"}
    found: dict[tuple[str, tuple[str, ...]], tuple[float, ...]] = {}
    for datum in data:
        key = datum.name, _dimensions(datum.dimensions)
        found[key] = found.get(key, ()) + datum.values
    return found


def _dimensions(dimensions: Any) -> tuple[str, ...]:
    return tuple(f"{name}={value}" for name, value in sorted(dimensions.items()))


def test_what_targets_answered_is_told_per_balancer_and_per_group() -> None:
    tally = Tally()
    for status in (200, 204, 302, 404, 500):
        tally.answered(BALANCER, GROUP, status, 0.25)
    counts = {
        "RequestCount": 5.0,
        "HTTPCode_Target_2XX_Count": 2.0,
        "HTTPCode_Target_3XX_Count": 1.0,
        "HTTPCode_Target_4XX_Count": 1.0,
        "HTTPCode_Target_5XX_Count": 1.0,
    }
    assert published(tally) == {
        **{(name, scope): (value,) for name, value in counts.items() for scope in (OF_BALANCER, OF_BOTH)},
        **{("TargetResponseTime", scope): (0.25,) * 5 for scope in (OF_BALANCER, OF_BOTH)},
        **{("RequestCountPerTarget", scope): (2.5,) for scope in (OF_GROUP, OF_BOTH)},
    }


def test_errors_of_the_balancer_itself_have_no_target_group() -> None:
    tally = Tally()
    tally.count(BALANCER, GROUP, "requests", "connection_errors")
    tally.failed(BALANCER, GROUP, 502)
    tally.failed(BALANCER, None, 503)
    found = published(tally, healthy=0)
    elb = {name: values for name, values in found.items() if "ELB" in name[0]}
    assert elb == {
        ("HTTPCode_ELB_5XX_Count", OF_BALANCER): (1.0, 1.0),
        ("HTTPCode_ELB_502_Count", OF_BALANCER): (1.0,),
        ("HTTPCode_ELB_503_Count", OF_BALANCER): (1.0,),
    }
    assert found[("TargetConnectionErrorCount", OF_BOTH)] == (1.0,)
    assert not any(name == "RequestCountPerTarget" for name, _ in found)


def test_a_redirect_is_no_request_to_a_target() -> None:
    tally = Tally()
    tally.count(BALANCER, None, "redirects")
    assert published(tally) == {("HTTP_Redirect_Count", OF_BALANCER): (1.0,)}


def test_a_second_without_requests_has_no_data_points() -> None:
    tally = Tally()
    tally.answered(BALANCER, GROUP, 200, 0.1)
    assert published(tally)
    assert published(tally) == {}


def test_hosts_are_counted_as_zero_too() -> None:
    found = {
        (datum.name, _dimensions(datum.dimensions)): datum.values
        for datum in host_counts([BALANCER], GROUP, {"healthy": 2, "initial": 1, "draining": 3}, 5.0)
    }
    assert found == {("HealthyHostCount", OF_BOTH): (2.0,), ("UnHealthyHostCount", OF_BOTH): (1.0,)}
    assert [datum.values for datum in host_counts([BALANCER], GROUP, {}, 5.0)] == [(0.0,), (0.0,)]
