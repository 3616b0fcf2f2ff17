"""moto's managed prefix lists, made to change as EC2's do: once a token, in a moment, by version, and in size."""

from __future__ import annotations

import time
from typing import Any

from rehearsal.aws.adapters import server
from rehearsal.aws.adapters.moto_server import backend
from rehearsal.aws.adapters.reach import Patches, reach

SETTLES_S = 0.3
"""How long a list is in progress after it was made or changed."""
_MODELS = "moto.ec2.models.managed_prefixes"


def change_as_ec2_does(patches: Patches) -> None:
    """Let lists be made once and be in progress for a moment, and ModifyManagedPrefixList know sizes and keep names."""
    model, calls = reach(_MODELS, "ManagedPrefixListBackend"), reach("moto.ec2.responses.vpcs", "VPCs")
    result = reach("moto.core.responses", "ActionResult")

    def create(self: Any, *given: Any, **named: Any) -> Any:
        made = before_create(self, *given, **named)
        if made.resource_owner_id is None:
            _begin(made, "create")
        return made

    def answer(self: Any) -> Any:
        """A call that is repeated with its token makes no second list, and is answered as the first was."""
        token = self._get_param("ClientToken")
        first = made_by(token)
        made = result({"PrefixList": first}) if first else before_answer(self)
        made.result["PrefixList"].client_token = token
        return made

    def describe(self: Any, *given: Any, **named: Any) -> Any:
        for found in list(self.managed_prefix_lists.values()):
            settle(found)
        return before_describe(self, *given, **named)

    def modify(self: Any) -> Any:
        found = self.ec2_backend.managed_prefix_lists[self._get_param("PrefixListId")]
        added, removed = self._get_param("AddEntries", []), self._get_param("RemoveEntries", [])
        _change(found, added, removed, self._get_int_param("MaxEntries"), self._get_param("PrefixListName"))
        return result({"PrefixList": found})

    before_create = patches.member(model, "create_managed_prefix_list", create)
    before_describe = patches.member(model, "describe_managed_prefix_lists", describe)
    before_answer = patches.member(calls, "create_managed_prefix_list", answer)
    patches.member(calls, "modify_managed_prefix_list", modify)


def find(list_id: str) -> Any:
    """A prefix list of the current account and region as it is now, or None."""
    found = _lists().get(list_id)
    if found is not None:
        settle(found)
    return found


def made_by(token: str | None) -> Any:
    """The prefix list that a call with this client token made, or None."""
    return next((found for found in _lists().values() if token and getattr(found, "client_token", None) == token), None)


def cidrs(found: Any) -> set[str]:
    """The CIDRs of a prefix list."""
    return {entry["Cidr"] for entry in found.entries.get(found.version) or []}


def settle(found: Any) -> None:
    """Let a list that was in progress long enough be complete."""
    if found.state.endswith("-in-progress") and time.monotonic() >= found.settles_at:
        found.state = found.state.replace("-in-progress", "-complete")


def _lists() -> Any:
    return backend("ec2", server.current_account(), server.current_region()).managed_prefix_lists


def _begin(found: Any, what: str) -> None:
    found.state, found.settles_at = f"{what}-in-progress", time.monotonic() + SETTLES_S


def _change(found: Any, added: list[Any], removed: list[Any], size: int | None, name: str | None) -> None:
    found.prefix_list_name = name or found.prefix_list_name
    if size:
        found.max_entries = size
    if added or removed:
        gone = {entry["Cidr"] for entry in (*removed, *added)}
        kept = [entry for entry in found.entries.get(found.version) or [] if entry["Cidr"] not in gone]
        found.version += 1
        found.entries[found.version] = [*kept, *added]
    _begin(found, "modify")


for _name in ("create_managed_prefix_list", "describe_managed_prefix_lists", "modify_managed_prefix_list"):
    reach(_MODELS, "ManagedPrefixListBackend", _name)
