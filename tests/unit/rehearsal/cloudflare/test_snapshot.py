"""A snapshot of Cloudflare: what was made since is forgotten, at the edge, too."""

from __future__ import annotations

from rehearsal.state.canonical import canonical
from tests.unit.rehearsal.cloudflare.stage import Stage


def test_everything_comes_back(stage: Stage) -> None:
    old = stage.pool("old")
    stage.balancer(old)
    before, row = canonical({"cloudflare": stage.cloudflare.state()}), stage.edge_row()
    kept = stage.cloudflare.store.snapshot()
    new = stage.pool("new")
    stage.call("PATCH", f"/accounts/{stage.cloudflare.account}/load_balancers/pools/{old['id']}", {"enabled": False})
    assert canonical({"cloudflare": stage.cloudflare.state()}) != before

    stage.cloudflare.restore(kept)
    stage.cloudflare.wait_healthy(kept)
    assert canonical({"cloudflare": stage.cloudflare.state()}) == before
    assert stage.edge_row() == row
    assert new["id"] not in stage.cloudflare.store.pools


def test_the_order_of_a_balancers_pools_counts(stage: Stage) -> None:
    """They are shown by name, so that a canonical form does not take them for a set of ids."""
    one, other = stage.pool("one"), stage.pool("other")
    stage.balancer(one, other)
    state = stage.cloudflare.state()["zones"]["bond.example"]["balancers"][0]
    assert state["default_pools"] == ["one", "other"]
