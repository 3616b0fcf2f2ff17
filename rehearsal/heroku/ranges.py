"""Paging by the Range header, as Heroku does it: ``Range: id ]abc..; max=200, order=desc`` -> 206 + Next-Range."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from rehearsal.heroku.world import HerokuError, Listing
from rehearsal.restapi import Answer, Json

PAGE = 200
MOST = 1000
_RANGE = re.compile(
    r"(?P<by>\w+)(?:\s+(?P<after>\]?)(?P<start>[^.;]*)\.\.(?P<end>[^;\[]*)\[?)?\s*(?:;(?P<options>.*))?"
)
_ALIASES = {"domain": "hostname"}
"""PyPI's heroku3 sorts domains by this name, and Heroku lets it."""
_SORTABLE = ("id", "name", "version", "updated_at", "created_at", "hostname", "type")


@dataclass(frozen=True)
class _Wanted:
    by: str
    start: str
    after: bool
    end: str
    most: int
    descending: bool


def paged(listing: Listing, header: str) -> Answer:
    """One page of a list: 200 when it is the whole of it, 206 with Next-Range when there is more."""
    wanted = _wanted(header, listing.by)
    if wanted.by not in _attributes(listing):
        raise _refused()
    rows = sorted(listing.rows, key=lambda row: _key(row[wanted.by]), reverse=wanted.descending)
    rows = [row for row in rows if _inside(row[wanted.by], wanted)]
    page, more = rows[: wanted.most], rows[wanted.most :]
    headers = {"Accept-Ranges": ", ".join(_attributes(listing))}
    if page:
        headers["Content-Range"] = f"{wanted.by} {page[0][wanted.by]}..{page[-1][wanted.by]}"
    if not more:
        return Answer(page, headers=headers)
    order = ", order=desc" if wanted.descending else ""
    headers["Next-Range"] = f"{wanted.by} ]{page[-1][wanted.by]}..; max={wanted.most}{order}"
    return Answer(page, 206, headers)


def _wanted(header: str, default: str) -> _Wanted:
    match = _RANGE.fullmatch(header.strip()) if header.strip() else None
    if match is None:
        if header.strip():
            raise _refused()
        return _Wanted(default, "", False, "", PAGE, False)
    options = dict(part.strip().split("=", 1) for part in re.split("[,;]", match["options"] or "") if "=" in part)
    most = options.get("max", str(PAGE))
    if not most.isdigit() or not 1 <= int(most) <= MOST:
        raise _refused()
    end = (match["end"] or "").strip()
    by = _ALIASES.get(match["by"], match["by"])
    return _Wanted(by, match["start"] or "", bool(match["after"]), end, int(most), options.get("order") == "desc")


def _attributes(listing: Listing) -> list[str]:
    if not listing.rows:
        return list(_SORTABLE)
    return [name for name in _SORTABLE if name in listing.rows[0]]


def _inside(value: Any, wanted: _Wanted) -> bool:
    sign = -1 if wanted.descending else 1
    if wanted.start:
        place = _compare(value, wanted.start) * sign
        if place < 0 or (place == 0 and wanted.after):
            return False
    return not wanted.end or _compare(value, wanted.end) * sign <= 0


def _compare(value: Any, bound: str) -> int:
    left, right = _key(value), _key(int(bound) if isinstance(value, int) and bound.isdigit() else bound)
    return (left > right) - (left < right)


def _key(value: Json | str | int) -> tuple[int, int | str]:
    return (0, value) if isinstance(value, int) else (1, str(value))


def _refused() -> HerokuError:
    return HerokuError(416, "requested_range_not_satisfiable", "The Range header cannot be satisfied.")
