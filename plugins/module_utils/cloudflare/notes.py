"""How many dynos an app had before it was retired, in the description of its pool.

A rollback has nothing but a Cloudflare token, so what it must know about the past stands where it looks anyway.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_NOTE = re.compile(r"\s*\[offramp: (?P<sizes>[^\]]*) before it was retired\]")
_SIZE = re.compile(r"(?P<type>[^\s,]+) (?P<number>\d+)")


def sizes_in(description: str) -> dict[str, int]:
    """Process type to number of dynos; empty where nothing is noted."""
    found = _NOTE.search(description)
    return {each["type"]: int(each["number"]) for each in _SIZE.finditer(found["sizes"])} if found else {}


def with_sizes(description: str, sizes: Mapping[str, int]) -> str:
    """The description with these sizes noted, and all else that it says."""
    noted = ", ".join(f"{type_} {number}" for type_, number in sorted(sizes.items()))
    return f"{_NOTE.sub('', description)} [offramp: {noted} before it was retired]".strip()


def kept(noted: Mapping[str, int], now: Mapping[str, int]) -> dict[str, int]:
    """What to note: the present sizes; a process type without dynos, which may be retired already, keeps its own."""
    return {type_: number or noted.get(type_, 0) for type_, number in now.items()}
