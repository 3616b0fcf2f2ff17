"""Watches two sources of counts, whatever they are, and gives what both told of the same periods."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional, Protocol

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import Throttled, Unreachable
from ansible_collections.offramp.ecs.plugins.module_utils.policy.counts import Tick
from ansible_collections.offramp.ecs.plugins.module_utils.policy.ticks import Counts, Rhythm, lay


class Source(Protocol):
    """One platform's counts."""

    def start(self) -> None:
        """Get ready to count from now on; raises an OfframpError where the source cannot be read."""

    def counts(self, starts: range) -> Counts:
        """Requests, errors and what else it counts of the periods that start there, in seconds since the epoch."""


@dataclass
class Watch:
    """What both sources told since the first look.

    Attributes:
        new: the new platform's source.
        old: the old platform's source.
        began: when the first look was, in seconds since the epoch.
        trouble: why a source last did not answer, in a sentence; empty when both did.
    """

    new: Source
    old: Source
    began: Optional[float] = None
    trouble: str = ""
    _ticks: list[Tick] = field(default_factory=list)

    def ticks(self, rhythm: Rhythm, now: float) -> list[Tick]:
        """All complete periods so far; earlier ones are read again with each new one, since sources may be late.

        Raises:
            OfframpError: a source cannot be read, and waiting would not help.
        """
        if self.began is None:
            self.new.start()
            self.old.start()
            self.began = now
        starts = rhythm.complete(self.began, now)
        if len(starts) > len(self._ticks):
            self.trouble = ""
            self._ticks = lay(starts, self._counts(self.new, starts), self._counts(self.old, starts))
        return self._ticks

    def _counts(self, source: Source, starts: range) -> Counts:
        try:
            return source.counts(starts)
        except (Throttled, Unreachable) as error:  # it may tell later: until then it is silent, not good
            self.trouble = error.msg
            return {}
