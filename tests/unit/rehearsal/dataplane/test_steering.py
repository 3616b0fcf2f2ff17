"""Which pool and origin the edge sends a request to."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from rehearsal.dataplane.steering import Balancer, Steering, binding

Json = dict[str, Any]


def pool(name: str, *, healthy: bool = True, enabled: bool = True, origins: int = 1) -> Json:
    named = [f"{name}-{number}" for number in range(origins)]
    rows = [{"name": each, "address": each, "weight": 1, "enabled": True, "host": None} for each in named]
    return {"id": name, "name": name, "healthy": healthy, "enabled": enabled, "origins": rows}


def balancer(*pools: Json, **changes: Any) -> Balancer:
    row = {
        "id": "lb",
        "steering_policy": "random",
        "default_weight": 0,
        "pool_weights": {},
        "fallback_pool": "heroku",
        "failover_across_pools": False,
        "session_affinity": "none",
        "pools": list(pools),
    }
    return Balancer.of(row | changes)


def pools_of(table: Balancer, requests: int = 100) -> Counter[str]:
    steering = Steering("lb")
    return Counter(steering.attempts(table)[0][0].id for _ in range(requests))


def test_requests_follow_the_weights() -> None:
    table = balancer(pool("heroku"), pool("aws"), pool_weights={"heroku": 0.75, "aws": 0.25})
    assert abs(pools_of(table)["aws"] - 25) <= 1


def test_a_pool_without_a_weight_of_its_own_has_the_default_weight() -> None:
    pools = (pool("heroku"), pool("aws"))
    assert pools_of(balancer(*pools, pool_weights={"heroku": 1})) == {"heroku": 100}
    assert abs(pools_of(balancer(*pools, pool_weights={"heroku": 0.5}, default_weight=0.5))["aws"] - 50) <= 1


@pytest.mark.parametrize("ill", [{"healthy": False}, {"enabled": False}])
def test_a_pool_that_is_ill_or_disabled_gets_nothing(ill: Json) -> None:
    table = balancer(pool("heroku"), pool("aws", **ill), pool_weights={"heroku": 0.1, "aws": 0.9})
    assert pools_of(table) == {"heroku": 100}


def test_the_fallback_pool_gets_all_when_no_pool_can_be_used_whatever_its_own_health() -> None:
    weights = {"heroku": 0, "aws": 1}
    assert pools_of(balancer(pool("heroku", healthy=False), pool("aws", healthy=False), pool_weights=weights)) == {
        "heroku": 100
    }
    assert pools_of(balancer(pool("heroku"), pool("aws", healthy=False), pool_weights=weights)) == {"heroku": 100}


def test_without_steering_the_first_usable_pool_gets_all() -> None:
    assert pools_of(balancer(pool("heroku"), pool("aws"), steering_policy="off")) == {"heroku": 100}
    assert pools_of(balancer(pool("heroku", healthy=False), pool("aws"), steering_policy="off")) == {"aws": 100}


def test_the_second_attempt_goes_to_another_origin_then_with_failover_to_another_pool() -> None:
    def second(table: Balancer) -> list[str]:
        return [origin.name for _, origin in Steering("lb").attempts(table)[1:]]

    weights = {"heroku": 0, "aws": 1}
    assert second(balancer(pool("heroku"), pool("aws"), pool_weights=weights)) == []
    assert second(balancer(pool("heroku"), pool("aws"), pool_weights=weights, failover_across_pools=True)) == [
        "heroku-0"
    ]
    two = balancer(pool("heroku"), pool("aws", origins=2), pool_weights=weights, failover_across_pools=True)
    assert {*second(two)} < {"aws-0", "aws-1"}
    ill = balancer(pool("heroku", healthy=False), pool("aws"), pool_weights=weights, failover_across_pools=True)
    assert second(ill) == []


def test_a_bound_visitor_stays_while_the_pool_can_be_used() -> None:
    weights = {"heroku": 1, "aws": 0}
    table = balancer(pool("heroku"), pool("aws"), pool_weights=weights, session_affinity="cookie")
    aws = table.pools[1]
    bound = binding(aws, aws.origins[0])
    assert Steering("lb").attempts(table, bound)[0][0] == aws
    loose = balancer(pool("heroku"), pool("aws"), pool_weights=weights)
    assert Steering("lb").attempts(loose, bound)[0][0].id == "heroku"
    gone = balancer(pool("heroku"), pool("aws", healthy=False), pool_weights=weights, session_affinity="cookie")
    assert Steering("lb").attempts(gone, bound)[0][0].id == "heroku"


@pytest.mark.parametrize("unknown", [{"steering_policy": "geo"}, {"session_affinity": "header"}])
def test_what_the_edge_does_not_know_is_refused(unknown: Json) -> None:
    with pytest.raises(ValueError) as failure:
        balancer(pool("heroku"), **unknown)
    assert next(iter(unknown.values())) in str(failure.value)
