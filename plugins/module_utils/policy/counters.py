"""What an app's own running totals say of the time between two readings. Pure.

Totals belong to instances (tasks, dynos), which come, go and start again. So a reading names the instances, or is one
total over all of them. What cannot be told is None, never a guess:

- An instance that both readings name counts by its difference; where its total fell it was started again, and counts
  what it has since.
- One that is new counts from its second reading on: where it comes from, and what of its total is of this time, is not
  known. One that is gone takes with it what it did since it was last read.
- A total over all instances that falls tells nothing.
- Readings that have no instance in common, or one that comes back after it was gone, are of an address that tells of
  one instance at a time: they tell nothing of all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Optional

WHOLE = ""
"""The name of a total over all instances."""


@dataclass(frozen=True)
class Totals:
    """Running totals of one instance; ``slow`` is None where they are not counted."""

    requests: int
    errors: int
    slow: Optional[int] = None


Reading = Mapping[str, Totals]
"""Instance -> its totals, all of one moment."""


def counted(before: Reading, after: Reading, gone: Set[str]) -> Optional[tuple[int, ...]]:
    """Requests, errors, 0 and, where both readings have them, slow ones between two readings; None where unknown.

    Args:
        before: the earlier reading.
        after: the later one.
        gone: instances that were read at some time before ``before`` and not in it.
    """
    both = before.keys() & after.keys()
    if (before and after and not both) or after.keys() & gone:
        return None
    grown = [_grown(before[name], after[name], name) for name in sorted(both)]
    known = [it for it in grown if it is not None]
    if len(known) < len(grown):
        return None
    requests, errors = sum(it.requests for it in known), sum(it.errors for it in known)
    slow = [it.slow for it in known if it.slow is not None]
    if errors > requests or sum(slow) > requests:
        return None
    return (requests, errors, 0, sum(slow)) if slow and len(slow) == len(known) else (requests, errors)


def _grown(before: Totals, after: Totals, name: str) -> Optional[Totals]:
    """What an instance did meanwhile; None where its totals contradict each other."""
    if _fell(before, after):
        return None if name == WHOLE else after
    slow = None if before.slow is None or after.slow is None else after.slow - before.slow
    return Totals(after.requests - before.requests, after.errors - before.errors, slow)


def _fell(before: Totals, after: Totals) -> bool:
    slow = before.slow is not None and after.slow is not None and after.slow < before.slow
    return after.requests < before.requests or after.errors < before.errors or slow
