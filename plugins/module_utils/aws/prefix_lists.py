"""EC2's customer managed prefix lists (https://docs.aws.amazon.com/vpc/latest/userguide/managed-prefix-lists.html)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

from botocore.exceptions import ClientError

from ansible_collections.offramp.ecs.plugins.module_utils.aws import session
from ansible_collections.offramp.ecs.plugins.module_utils.aws.fault import code_of, spoken
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Refused

MOST = 100
"""Entries that one request may add, and as many that it may remove; our lists never have more."""
_CHANGED_MEANWHILE = "PrefixListVersionMismatch"
_LOOKS = 3
_OF_AWS = "AWS"


@dataclass(frozen=True)
class PrefixList:
    """A prefix list as it is.

    Attributes:
        id: its id; "" where there is no such list.
        state: in EC2's words ("create-complete", "modify-in-progress", ...).
        problem: what EC2 says of a failed change.
        version: the number that a change must name.
        size: how many entries it may have; so many rules of a security group count each rule that names it.
        cidrs: its entries, sorted as text.
        ours: whether this run has ordered a change of it.
    """

    name: str
    id: str = ""
    state: str = ""
    problem: str = ""
    version: int = 0
    size: int = 0
    cidrs: tuple[str, ...] = ()
    ours: bool = False


class PrefixLists:
    """Reads and writes prefix lists of a region."""

    def __init__(self, region: str, door: Door) -> None:
        self._ec2 = session.client("ec2", region=region, door=door)
        self._ordered = False

    def find(self, name: str) -> PrefixList:
        """The list of a name, with its entries.

        Raises:
            Refused: there are several.
        """
        row = self._row(name)
        if row is None:
            return PrefixList(name)
        with spoken(f"prefix list {name}"):
            pages = self._ec2.get_paginator("get_managed_prefix_list_entries").paginate(
                PrefixListId=row["PrefixListId"]
            )
            entries = [entry["Cidr"] for page in pages for entry in page["Entries"]]
        return PrefixList(
            name,
            id=row["PrefixListId"],
            state=row["State"],
            problem=row.get("StateMessage") or "",
            version=row["Version"],
            size=row["MaxEntries"],
            cidrs=tuple(sorted(entries)),
            ours=self._ordered,
        )

    def exists(self, list_id: str) -> None:
        """Look whether there is a list of this id.

        Raises:
            Missing: there is none.
        """
        with spoken(f"prefix list {list_id}"):
            self._ec2.describe_managed_prefix_lists(PrefixListIds=[list_id])

    def create(self, wanted: PrefixList, family: str, tags: Mapping[str, str]) -> None:
        """Make a list of this name and size with its entries; ``family`` is IPv4 or IPv6."""
        self._ordered = True
        named = [{"Key": key, "Value": value} for key, value in {**tags, "Name": wanted.name}.items()]
        with spoken(f"prefix list {wanted.name}"):
            self._ec2.create_managed_prefix_list(
                PrefixListName=wanted.name,
                AddressFamily=family,
                MaxEntries=wanted.size,
                Entries=[{"Cidr": cidr} for cidr in wanted.cidrs],
                TagSpecifications=[{"ResourceType": "prefix-list", "Tags": named}],
            )

    def resize(self, found: PrefixList, size: int) -> None:
        """Let a list have so many entries; EC2 takes this in a request of its own only."""
        self._ordered = True
        with spoken(f"prefix list {found.name}"):
            self._ec2.modify_managed_prefix_list(PrefixListId=found.id, MaxEntries=size)

    def replace(self, found: PrefixList, cidrs: tuple[str, ...]) -> None:
        """Let a list hold exactly these entries. Where it changed meanwhile, look again and send what still differs."""
        for look in range(1, _LOOKS + 1):
            added = [cidr for cidr in cidrs if cidr not in found.cidrs]
            removed = [cidr for cidr in found.cidrs if cidr not in cidrs][:MOST]
            if not (added or removed):
                return
            try:
                with spoken(f"prefix list {found.name}"):
                    self._modify(found, added, removed)
                return
            except Refused as refusal:
                if not _changed_meanwhile(refusal) or look == _LOOKS:
                    raise
            found = self.find(found.name)

    def _modify(self, found: PrefixList, added: list[str], removed: list[str]) -> None:
        self._ordered = True
        named = {
            "AddEntries": [{"Cidr": cidr} for cidr in added],
            "RemoveEntries": [{"Cidr": cidr} for cidr in removed],
        }
        given = {key: value for key, value in named.items() if value}
        self._ec2.modify_managed_prefix_list(PrefixListId=found.id, CurrentVersion=found.version, **given)

    def _row(self, name: str) -> Optional[dict[str, Any]]:
        with spoken(f"prefix list {name}"):
            pages = self._ec2.get_paginator("describe_managed_prefix_lists").paginate(
                Filters=[{"Name": "prefix-list-name", "Values": [name]}]
            )
            rows = [row for page in pages for row in page["PrefixLists"]]
        there = [row for row in rows if row["OwnerId"] != _OF_AWS and not row["State"].startswith("delete")]
        if len(there) > 1:
            ids = ", ".join(sorted(row["PrefixListId"] for row in there))
            raise Refused(
                f"There are {len(there)} prefix lists {name}: {ids}.",
                target=f"prefix list {name}",
                hint="Delete all but the one that security groups name, then run again.",
            )
        return there[0] if there else None


def _changed_meanwhile(refusal: Refused) -> bool:
    cause = refusal.__cause__
    return isinstance(cause, ClientError) and code_of(cause) == _CHANGED_MEANWHILE
