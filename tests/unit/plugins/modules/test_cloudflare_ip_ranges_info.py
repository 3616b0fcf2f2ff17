"""cloudflare_ip_ranges_info: what is believed of Cloudflare's published ranges, and that no token is needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Unreachable
from ansible_collections.offramp.ecs.plugins.modules import cloudflare_ip_ranges_info as module
from tests.unit.plugins.cloudflare_world import CloudflareWorld

FOUR = ["173.245.48.0/20", "103.21.244.0/22", "141.101.64.0/18", "108.162.192.0/18", "104.16.0.0/13"]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudflareWorld]:
    made = CloudflareWorld(tmp_path)
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", made.cloudflare.url)
    monkeypatch.delenv("CLOUDFLARE_API_TOKEN", raising=False)
    yield made
    made.stop()


def test_ranges_are_sorted_by_address_and_told_once() -> None:
    assert module.normal([*FOUR, FOUR[0]], "ipv4") == (
        "103.21.244.0/22",
        "104.16.0.0/13",
        "108.162.192.0/18",
        "141.101.64.0/18",
        "173.245.48.0/20",
    )


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (None, "has 0 ranges of ipv4, and at least 5 are expected"),
        ([], "has 0 ranges of ipv4"),
        (FOUR[:4], "has 4 ranges of ipv4"),
        ([FOUR[0]] * 9, "has 9 ranges of ipv4"),
        ([*FOUR, "2400:cb00::/32"], "'2400:cb00::/32' is no range of ipv4"),
        ([*FOUR, "104.16.0.1/13"], "'104.16.0.1/13' is no range of ipv4"),
        ([*FOUR, "<html>"], "'<html>' is no range of ipv4"),
        ([*FOUR, "0.0.0.0/0"], "0.0.0.0/0 is not a range that Cloudflare can have"),
        ([*FOUR, "10.0.0.0/8"], "10.0.0.0/8 is not a range that Cloudflare can have"),
        ([*FOUR, "104.0.0.0/7"], "104.0.0.0/7 is not a range that Cloudflare can have"),
    ],
)
def test_what_cannot_be_whole_is_refused(told: Any, said: str) -> None:
    with pytest.raises(Unreachable, match="cannot be whole") as refused:
        module.normal(told, "ipv4")
    assert said in refused.value.msg


def test_the_ranges_are_read_without_a_token(world: CloudflareWorld) -> None:
    found = world.run(module)["ip_ranges"]
    assert (len(found["ipv4"]), len(found["ipv6"])) == (15, 7)
    assert "104.16.0.0/13" in found["ipv4"]
    assert [entry.operation for entry in world.requests()] == ["GET /ips"]


@pytest.mark.parametrize("ranges", [[], ["104.16.0.0/13"]])
def test_a_broken_answer_is_one_sentence(world: CloudflareWorld, ranges: list[str]) -> None:
    world.cloudflare.store.ranges["ipv4"] = ranges
    result = world.run(module)
    assert result["kind"] == "unreachable"
    assert result["msg"].startswith("Cloudflare's list of its address ranges cannot be whole: it has")
    assert "Nothing was changed" in result["hint"]
