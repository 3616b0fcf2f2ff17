"""ec2_prefix_list: its plan as data, and a list of the rehearsal's EC2 that is made, changed and let grow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.offramp.ecs.plugins.module_utils.aws.prefix_lists import PrefixList
from ansible_collections.offramp.ecs.plugins.modules import ec2_ingress_info, ec2_prefix_list
from ansible_collections.offramp.ecs.plugins.modules.ec2_prefix_list import Have, Want, plan, size_for
from tests.unit.plugins.stack_world import StackWorld, stack_world

NAME = "offramp-test-cloudflare"


def ranges(number: int) -> list[str]:
    return [f"198.51.{each}.0/24" for each in range(number)]


def want(*cidrs: str) -> Want:
    return Want(NAME, "IPv4", cidrs, {})


@pytest.mark.parametrize(("entries", "size"), [(1, 5), (4, 5), (5, 10), (15, 20), (19, 20), (20, 25)])
def test_a_list_has_room_for_one_more_and_little_beyond(entries: int, size: int) -> None:
    assert size_for(entries) == size


@pytest.mark.parametrize(
    ("there", "verbs"),
    [
        (PrefixList(NAME), ["create"]),
        (PrefixList(NAME, "pl-1", size=5, cidrs=("a", "b")), []),
        (PrefixList(NAME, "pl-1", size=5, cidrs=("a",)), ["update"]),
        (PrefixList(NAME, "pl-1", size=1, cidrs=("a",)), ["scale", "update"]),
        (PrefixList(NAME, "pl-1", size=2, cidrs=("a", "b")), []),
    ],
)
def test_the_plan_makes_lets_grow_and_changes(there: PrefixList, verbs: list[str]) -> None:
    assert [change.verb for change in plan(Have(there), want("a", "b"))] == verbs


def test_a_change_tells_what_comes_and_what_goes() -> None:
    there = PrefixList(NAME, "pl-1", size=5, cidrs=("a", "b"))
    (change,) = plan(Have(there), want("b", "c"))
    assert (change.before, change.after) == ({"a": "admitted"}, {"c": "admitted"})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackWorld]:
    with stack_world(tmp_path_factory.mktemp("aws")) as made:
        yield made


def kept(world: StackWorld, cidrs: list[str], **params: Any) -> dict[str, Any]:
    return world.run(ec2_prefix_list, name=NAME, cidrs=cidrs, **params)


def entries(world: StackWorld, list_id: str) -> list[str]:
    return sorted(
        entry["Cidr"] for entry in world.client("ec2").get_managed_prefix_list_entries(PrefixListId=list_id)["Entries"]
    )


def test_a_list_lives(world: StackWorld) -> None:  # one story: each step stands on the one before
    dry = kept(world, ranges(4), dry=True)
    assert "known after apply" in dry["prefix_list"]["id"]
    assert [change["verb"] for change in dry["changes"]] == ["create"]

    made = kept(world, ranges(4), tags={"offramp": "test"})
    assert not made["failed"], made
    list_id = made["prefix_list"]["id"]
    assert (made["prefix_list"]["size"], entries(world, list_id)) == (5, ranges(4))
    assert made["changes"] == dry["changes"]
    (row,) = world.client("ec2").describe_managed_prefix_lists(PrefixListIds=[list_id])["PrefixLists"]
    assert {tag["Key"]: tag["Value"] for tag in row["Tags"]} == {"Name": NAME, "offramp": "test"}

    with world.watched() as seen:
        assert not kept(world, list(reversed(ranges(4))))["changed"]
    assert seen == ["read DescribeManagedPrefixLists", "read GetManagedPrefixListEntries"]

    look = kept(world, [*ranges(3), "203.0.113.0/24"], dry=True)
    assert look["headline"] == [
        f"EC2 prefix list {NAME} lacks 203.0.113.0/24 and still has 198.51.3.0/24: "
        "playbooks/provision.yml brings it up to date"
    ]
    assert entries(world, list_id) == ranges(4)

    changed = kept(world, [*ranges(3), "203.0.113.0/24"])
    assert entries(world, list_id) == [*ranges(3), "203.0.113.0/24"]
    assert changed["headline"] == []
    assert "198.51.3.0/24: admitted -> (gone)" in changed["diff"]["prepared"]

    grown = kept(world, ranges(12))
    assert [change["verb"] for change in grown["changes"]] == ["scale", "update"]
    assert (grown["prefix_list"]["size"], grown["prefix_list"]["id"]) == (15, list_id)
    assert entries(world, list_id) == sorted(ranges(12))
    assert any("modify-in-progress" in line for line in world.said)


def test_a_list_that_somebody_changes_meanwhile_is_looked_at_again(
    world: StackWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, ec2 = "offramp-test-contested", world.client("ec2")
    made = world.run(ec2_prefix_list, name=name, cidrs=ranges(2))["prefix_list"]
    lists = ec2_prefix_list.PrefixLists
    modify = lists._modify

    def beaten_to_it(self: Any, found: PrefixList, *change: Any) -> None:
        if found.version == 1:
            ec2.modify_managed_prefix_list(
                PrefixListId=found.id, CurrentVersion=1, AddEntries=[{"Cidr": "203.0.113.0/24"}]
            )
            while ec2.describe_managed_prefix_lists(PrefixListIds=[found.id])["PrefixLists"][0]["State"] != DONE:
                pass
        modify(self, found, *change)

    monkeypatch.setattr(lists, "_modify", beaten_to_it)
    result = world.run(ec2_prefix_list, name=name, cidrs=ranges(3))
    assert not result["failed"], result
    assert entries(world, made["id"]) == ranges(3)


DONE = "modify-complete"


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"cidrs": []}, "it would admit nobody, since no range is given"),
        ({"cidrs": ["198.51.100.1/24"]}, "'198.51.100.1/24' is no range of ipv4"),
        ({"cidrs": ["2400:cb00::/32"]}, "'2400:cb00::/32' is no range of ipv4"),
        ({"cidrs": ranges(101)}, "it would have 101 ranges, and 100 is the most"),
        ({"cidrs": ranges(1), "name": "x" * 256}, "its name has 256 characters, and 255 is the most"),
    ],
)
def test_a_list_that_cannot_be_meant_is_one_sentence(world: StackWorld, params: dict[str, Any], said: str) -> None:
    with world.watched() as seen:
        found = world.run(ec2_prefix_list, **{"name": NAME, **params})
    assert (found["kind"], said in found["msg"]) == ("bad_input", True), found
    assert seen == []


def test_two_lists_of_a_name_are_told(world: StackWorld) -> None:
    ec2 = world.client("ec2")
    for _ in range(2):
        ec2.create_managed_prefix_list(PrefixListName="twice", MaxEntries=1, AddressFamily="IPv4")
    found = world.run(ec2_prefix_list, name="twice", cidrs=ranges(1))
    assert found["kind"] == "refused"
    assert found["msg"].startswith("There are 2 prefix lists twice: pl-")


def test_whom_to_admit(world: StackWorld) -> None:
    def asked(admit: str, **more: Any) -> dict[str, Any]:
        return world.run(ec2_ingress_info, admit=admit, name="offramp-test-asked", **more)

    assert asked("10.0.0.0/8")["ingress"] == {"cidr": "10.0.0.0/8", "prefix_list_id": ""}
    assert "playbooks/provision.yml" in asked("cloudflare")["hint"]
    assert "known after apply" in asked("cloudflare", dry=True)["ingress"]["prefix_list_id"]
    made = world.run(ec2_prefix_list, name="offramp-test-asked", cidrs=ranges(1))["prefix_list"]["id"]
    assert asked("cloudflare")["ingress"] == asked(made)["ingress"]
    assert asked(made)["ingress"]["prefix_list_id"] == made
    assert asked("cloudfare")["msg"].startswith("'cloudfare' is neither 'cloudflare' nor the id of a prefix list")
    assert asked("10.0.0.1/8")["kind"] == "bad_input"
