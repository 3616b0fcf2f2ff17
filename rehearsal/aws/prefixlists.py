"""EC2's managed prefix lists: what AWS refuses and moto accepts."""

from __future__ import annotations

import ipaddress

from rehearsal.aws.adapters import moto_prefix_lists
from rehearsal.aws.errors import RefusedError
from rehearsal.aws.service import Parameters, Service

MOST_AT_ONCE = 100
"""Entries that one request may add, and as many that it may remove."""
_OF_AWS = "com.amazonaws"


def add_to(ec2: Service) -> None:
    """Add the refusals to the service.

    Error codes are those of https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html; the words of
    those about state, version and size are as public issues quote them.
    """
    ec2.refuses("CreateManagedPrefixList")(_soundness)
    ec2.refuses("ModifyManagedPrefixList", "DeleteManagedPrefixList")(_existence_and_state)
    ec2.refuses("ModifyManagedPrefixList")(_version_and_size)


def _soundness(parameters: Parameters) -> None:
    if parameters["PrefixListName"].startswith(_OF_AWS):
        raise RefusedError("InvalidParameterValue", f"Prefix list names cannot begin with {_OF_AWS}.")
    cidrs = [entry["Cidr"] for entry in parameters.get("Entry", [])]
    first = moto_prefix_lists.made_by(parameters.get("ClientToken"))
    if first is not None and first.prefix_list_name != parameters["PrefixListName"]:
        raise RefusedError(
            "IdempotentParameterMismatch", "The client token belongs to a request with other parameters."
        )
    _cidrs(cidrs, parameters["AddressFamily"])
    _room(len(cidrs), int(parameters["MaxEntries"]))


def _existence_and_state(parameters: Parameters) -> None:
    found = moto_prefix_lists.find(parameters["PrefixListId"])
    if found is None:
        identity = parameters["PrefixListId"]
        raise RefusedError("InvalidPrefixListID.NotFound", f"The prefix list ID '{identity}' does not exist.")
    if found.state.endswith("-in-progress"):
        message = f"The request cannot be fulfilled in the current state ({found.state})."
        raise RefusedError("IncorrectState", message)


def _version_and_size(parameters: Parameters) -> None:
    found = moto_prefix_lists.find(parameters["PrefixListId"])
    added = {entry["Cidr"] for entry in parameters.get("AddEntry", [])}
    removed = {entry["Cidr"] for entry in parameters.get("RemoveEntry", [])}
    if parameters.get("MaxEntries") and (added or removed):
        raise RefusedError(
            "InvalidParameterCombination",
            "You cannot modify the entries and the maximum entries for the prefix list in the same request.",
        )
    if (added or removed) and int(parameters.get("CurrentVersion", 0)) != found.version:
        raise RefusedError("PrefixListVersionMismatch", "The prefix list has the incorrect version number.")
    _cidrs([*added, *removed], found.address_family)
    size = int(parameters.get("MaxEntries") or found.max_entries)
    _room(len((moto_prefix_lists.cidrs(found) - removed) | added), size)


def _cidrs(cidrs: list[str], family: str) -> None:
    if len(cidrs) > MOST_AT_ONCE:
        raise RefusedError("InvalidParameterValue", f"A request takes {MOST_AT_ONCE} entries at most.")
    for cidr in cidrs:
        try:
            version = ipaddress.ip_network(cidr).version
        except ValueError as error:
            raise RefusedError("InvalidParameterValue", f"The CIDR '{cidr}' is invalid.") from error
        if family != f"IPv{version}":
            raise RefusedError("InvalidParameterValue", f"The CIDR '{cidr}' is not of the family {family}.")


def _room(entries: int, size: int) -> None:
    if entries > size:
        raise RefusedError(
            "PrefixListMaxEntriesExceeded", "You've reached the maximum number of entries for the prefix list."
        )
