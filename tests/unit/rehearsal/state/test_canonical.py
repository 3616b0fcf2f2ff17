"""Canonical states: equal for worlds that differ in ids, times and order alone, and only for those."""

from __future__ import annotations

import json
import random
import uuid
from typing import Any

import pytest

from rehearsal.state.canonical import canonical, compare, differences, digest, without_ids


def world(seed: int) -> dict[str, Any]:
    """A network as two worlds would make it: the same things, other ids, another order."""
    dice = random.Random(seed)  # noqa: S311 - ids, not secrets

    def aws(prefix: str) -> str:
        return f"{prefix}-{dice.getrandbits(68):017x}"

    def unique() -> str:
        return str(uuid.UUID(int=dice.getrandbits(128)))

    vpc, zones = aws("vpc"), ["a", "b"]
    subnets = {zone: aws("subnet") for zone in zones}
    rows = [{"SubnetId": subnets[zone], "VpcId": vpc, "Zone": zone} for zone in zones]
    routes = [{"TableId": aws("rtb"), "Subnets": [subnets["b"]]}, {"TableId": aws("rtb"), "Subnets": [subnets["a"]]}]
    dice.shuffle(rows)
    dice.shuffle(routes)
    stack = unique()
    return {
        "aws": {
            "subnets": {row["SubnetId"]: row for row in rows},
            "routes": routes,
            "stacks": {"network": {"Id": f"arn:aws:cloudformation:stack/network/{stack}", "At": 1_795_000_000 + seed}},
            "links": [{"stack": stack, "placement": [subnets["a"], subnets["b"]]}],
        },
        "cloudflare": {"pools": [{"id": unique().replace("-", ""), "on": f"2026-11-22T10:00:0{seed % 10}.123456Z"}]},
    }


def test_ids_times_and_order_do_not_count() -> None:
    assert json.dumps(canonical(world(1))) == json.dumps(canonical(world(2)))


def test_neighbours_are_told_apart_by_what_is_said_of_them() -> None:
    """Two worlds in which the same route table leads to another subnet are not alike."""
    one, other = world(1), world(1)
    first, second = other["aws"]["routes"]
    first["Name"], second["Name"] = "private", "public"
    one["aws"]["routes"] = [{**second, "Name": "private"}, {**first, "Name": "public"}]
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"Zone": "c"}, "/aws/subnets"),
        ({"MapPublicIp": True}, "/aws/subnets"),
    ],
)
def test_a_difference_is_told_with_its_place(changed: dict[str, Any], path: str) -> None:
    one, other = world(1), world(2)
    next(iter(other["aws"]["subnets"].values())).update(changed)
    lines = compare(canonical(one), canonical(other))
    assert lines
    assert any(line.startswith(path) for line in lines)


def test_one_difference_is_not_told_by_all_the_numbers_that_it_moves() -> None:
    one, other = world(1), world(2)
    next(iter(other["aws"]["subnets"].values()))["MapPublicIp"] = True
    (line,) = compare(canonical(one), canonical(other))
    assert line.endswith("/MapPublicIp: (absent) -> true")


def test_what_is_missing_is_told() -> None:
    assert list(differences({"a": {"b": [1]}}, {"a": {}})) == ["/a/b: [1] -> (absent)"]


def test_a_thing_too_many_is_one_line() -> None:
    rows = [{"name": "a"}, {"name": "b"}]
    assert list(differences(rows, [{"name": "x"}, *rows])) == ['[0]: (absent) -> {"name": "x"}']


def test_the_order_of_words_counts() -> None:
    one, other = {"aws": {"tasks": {"web": ["node", "server.js"]}}}, {"aws": {"tasks": {"web": ["server.js", "node"]}}}
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("offramp-production-network", False),
        ("production/bond-server/config", False),
        ("vpc-0123456789abcdef0", True),
        ("5d41402abc4b2a76b9719d911017c592", True),
        ("arn:aws:secretsmanager:eu-west-1:1:secret:production/bond-server/config-a1B2c3", True),
        ("sha256:" + "ab" * 32, False),
        ("cpu-00000000", True),
        ("TargetTracking-service/web-AlarmHigh-8e862b11-fcc8-494c-8b04-15823dd327d6", True),
        ("listener-rule/app/web/140392430499696", True),
        ("bucket-7ce19326cffe0-policy", True),
        ("offramp-kpis-TopicPolicy-e75b0708", True),
        ("127.42.85.148", True),
        ("192.0.2.10", False),
        ("10.20.0.0/16", False),
        ("vpc-cidr-assoc-a7313615308fac537", True),
    ],
)
def test_ids_are_known_by_their_look(text: str, expected: bool) -> None:
    assert (without_ids(text) != text) is expected


def test_digests_tell_values_apart_without_showing_them() -> None:
    assert digest("2") != digest("3")
    assert "secret" not in digest("secret")
