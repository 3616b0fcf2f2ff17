from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.offramp.ecs.plugins.modules import cloudflare_zone_info as module
from tests.unit.plugins.cloudflare_world import CloudflareWorld
from tests.unit.rehearsal.cloudflare.stage import API


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudflareWorld]:
    made = CloudflareWorld(tmp_path)
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    yield made
    made.stop()


def test_a_zone_tells_where_a_hostname_leads(world: CloudflareWorld) -> None:
    zone = world.run(module, zone="bond.example", hostname=API)["zone"]
    (record,) = world.call("GET", f"{world.zone}/dns_records?name={API}")
    assert zone["records"] == [{key: record[key] for key in ("type", "content", "proxied")}]
    assert (zone["name"], zone["status"], zone["ssl"]) == ("bond.example", "active", "strict")
    assert zone["load_balancer"] is False


def test_a_zone_tells_that_a_balancer_stands_over_a_hostname(world: CloudflareWorld) -> None:
    world.balancer(world.pool("any"))
    assert world.run(module, zone="bond.example", hostname=API)["zone"]["load_balancer"] is True
    assert world.run(module, zone="bond.example", hostname="www.bond.example")["zone"]["load_balancer"] is False


def test_an_unknown_zone_is_one_sentence(world: CloudflareWorld) -> None:
    result = world.run(module, zone="bund.example", hostname=API)
    assert (result["kind"], result["target"]) == ("missing", "zone bund.example")
