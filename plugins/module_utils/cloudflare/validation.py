"""The DNS records by which a certificate authority sees that a name is ours, in a zone at Cloudflare."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare import caa, session, zones
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.parts import Zone
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, Refused

_LONGEST_COMMENT = 100
"""Characters that every plan takes, https://developers.cloudflare.com/dns/manage-dns-records/reference/record-attributes/."""


def within_zone(names: Iterable[str], zone: str) -> None:
    """Refuse names whose records could not be written.

    Raises:
        BadInput: one lies in no such zone.
    """
    for name in names:
        if not zones.covers(zone, name.removeprefix("*.")):
            raise BadInput(
                f"{name} is not in the Cloudflare zone {zone}, so its certificate cannot be validated there.",
                target=f"certificate of {name}",
                hint="Correct the name or the zone, or request the certificate by hand and give its ARN.",
            )


class Validation:
    """Reads and writes validation records of one zone; the token and the zone are looked at when first needed."""

    def __init__(self, zone: str, door: Door) -> None:
        self._name, self._door = zone, door

    def has(self, name: str, value: str) -> bool:
        """Whether the record is there as it must be.

        Raises:
            Refused: something else is there under its name.
        """
        rows = zones.records(self._api, self._zone, name=name)
        if any(_is(row, value) for row in rows):
            return True
        if rows:
            raise _foreign(name, value, rows[0])
        return False

    def write(self, name: str, value: str, why: str) -> None:
        """Write the record, unless it is there."""
        if self.has(name, value):
            return
        body = {"type": "CNAME", "name": name, "content": value, "proxied": False, "ttl": 1}
        zones.create_record(self._api, self._zone, {**body, "comment": why[:_LONGEST_COMMENT]})

    def refuse_caa(self, names: Iterable[str]) -> None:
        """Look whether Amazon may issue for names.

        Raises:
            Refused: CAA records say that only others may.
        """
        for name in names:
            where, allowed = caa.others_only(name, self._name, self._caa)
            if where:
                who = " and ".join(allowed) or "nobody"
                raise Refused(
                    f"CAA records of {where} let {who} issue certificates for {name}, and not Amazon.",
                    target=f"CAA records of {where}",
                    hint=f'Add a CAA record 0 issue "{caa.AMAZON[0]}" to {where}, then run again.',
                )

    @cached_property
    def _api(self) -> Any:
        return session.client(self._door)

    @cached_property
    def _zone(self) -> Zone:
        return zones.find_zone(self._api, self._name)

    @cached_property
    def _all_caa(self) -> list[dict[str, Any]]:
        return zones.records(self._api, self._zone, type="CAA")

    def _caa(self, name: str) -> list[str]:
        return [str(row["content"]) for row in self._all_caa if row["name"].lower() == name.lower()]


def _is(row: dict[str, Any], value: str) -> bool:
    content = str(row.get("content", "")).rstrip(".").lower()
    return row.get("type") == "CNAME" and content == value and not row.get("proxied")


def _foreign(name: str, value: str, row: dict[str, Any]) -> Refused:
    there = f"{row.get('type')} {row.get('content')}{' (proxied)' if row.get('proxied') else ''}"
    return Refused(
        f"{name} must be a CNAME of {value} that is not proxied, and is {there}.",
        target=f"DNS record {name}",
        hint="Somebody else made it: delete or correct it, then run again.",
    )
