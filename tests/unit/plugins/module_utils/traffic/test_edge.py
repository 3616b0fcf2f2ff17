"""What Cloudflare's stand-in tells of approvals and of the edge's counts, over sockets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.analytics import EdgeCounts, _rows
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.balancing import Balancing
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import (
    Denied,
    Missing,
    OfframpError,
    Unreachable,
)
from ansible_collections.offramp.ecs.plugins.module_utils.policy.counts import Divided
from ansible_collections.offramp.ecs.plugins.module_utils.traffic.edge import edge_of
from tests.unit.plugins.cloudflare_world import CloudflareWorld
from tests.unit.rehearsal.cloudflare.stage import API

MINUTE = 1795392000
ASKED = {"zone": "bond.example", "hostname": API, "old_pool": "heroku", "new_pool": "aws"}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudflareWorld]:
    made = CloudflareWorld(tmp_path)
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    made.pool("heroku")
    made.pool("aws")
    for second, pool, requests in [(0, "heroku", 900), (0, "aws", 100), (59, "aws", 7), (60, "aws", 5000)]:
        row = {"second": MINUTE + second, "host": API, "pool": pool, "requests": requests, "errors": 0}
        made.edge.report({"edge": row})
    yield made
    made.stop()


def door() -> Door:
    """A shut one: what is asked here must pass a dry run, though GraphQL is a POST."""
    return Door(shut=True, ordered_by="offramp.ecs/traffic_health_info", alive=lambda: True)


def test_the_edge_tells_how_it_divided_the_traffic_between_two_moments(world: CloudflareWorld) -> None:
    _, divide, _sick = edge_of(ASKED, door())
    assert divide(MINUTE, MINUTE + 60) == Divided(107, 900, 1.0)
    assert divide(MINUTE + 600, MINUTE + 660) == Divided(0, 0, 1.0)
    assert [entry.operation for entry in world.requests()] == ["GET /zones", "POST /graphql", "POST /graphql"]


def test_without_pools_the_edge_is_not_asked(world: CloudflareWorld) -> None:
    _, divide, _sick = edge_of({**ASKED, "old_pool": ""}, door())
    assert divide(MINUTE, MINUTE + 60) is None
    assert world.requests() == []


def test_what_is_approved_is_read_by_one_request_once_the_zone_is_known(world: CloudflareWorld) -> None:
    old, new = (world.call("GET", f"{world.account}/pools?name={name}")[0] for name in ("heroku", "aws"))
    world.balancer(old, new, description="offramp 5f02ac: 25 % on aws; approved to 25 %")
    approved, _divide, _sick = edge_of(ASKED, door())
    assert (approved(), approved()) == (25, 25)
    assert len(world.requests()) == 3


def test_a_pool_is_unhealthy_only_where_cloudflare_has_looked_and_says_so(
    world: CloudflareWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _divide, sick = edge_of(ASKED, door())
    assert sick() is None  # nobody has looked
    for told in ("HTTP timeout occurred", None):
        monkeypatch.setattr(Balancing, "unhealthy", lambda _self, pool, told=told: told if pool == "aws" else "wrong")
        assert sick() == told
    _, _divide, unasked = edge_of({**ASKED, "new_pool": ""}, door())
    assert unasked() is None


def test_a_zone_that_is_not_there_is_said(world: CloudflareWorld) -> None:
    _, divide, _sick = edge_of({**ASKED, "zone": "other.example"}, door())
    with pytest.raises(Missing):
        divide(MINUTE, MINUTE + 60)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"data": None, "errors": [{"message": "zone does not have access to the path"}]}, Denied),
        ({"data": {"viewer": {"zones": []}}, "errors": None}, Unreachable),
        ({"data": {"viewer": {}}}, Unreachable),
        ("text", Unreachable),
    ],
)
def test_what_cloudflare_does_not_tell_is_an_error_of_ours(answer: Any, kind: type[OfframpError]) -> None:
    with pytest.raises(kind):
        _rows(answer, "bond.example")


def test_the_query_holds_what_is_asked_for_as_text(world: CloudflareWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    class Api:
        def post(self, _path: str, **sent: Any) -> Any:
            self.sent = sent["body"]["query"]
            return {"data": {"viewer": {"zones": [{"loadBalancingRequestsAdaptiveGroups": []}]}}}

    api = Api()
    counts = EdgeCounts(api, "bond.example", 'a"b')  # type: ignore[arg-type]
    monkeypatch.setattr(counts, "_zone", type("Z", (), {"id": "z1", "name": "bond.example"})())
    assert counts.by_pool(MINUTE, MINUTE + 60) == {}
    assert 'lbName: "a\\"b", datetime_geq: "2026-11-23T00:00:00Z"' in api.sent
