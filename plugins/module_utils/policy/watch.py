"""Watches two sources of counts, whatever they are, and gives what both told of the same periods."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional, Protocol

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput, DoorShut, OfframpError
from ansible_collections.offramp.ecs.plugins.module_utils.policy.counts import Tick
from ansible_collections.offramp.ecs.plugins.module_utils.policy.ticks import Counts, Rhythm, Untold, doubted, lay

_HEARD_S = 2.0
"""Seconds after which a source that is listened to has told of a moment."""


_STILL = (
    "It tells of no request, where the other side's traffic says that some came: it is late, or Cloudflare sends none "
    "(look at the pool's health)."
)


class Source(Protocol):
    """One platform's counts.

    Attributes:
        remembers: whether a later process can ask it about a time at which nobody listened.
        trouble: why it does not know of some time, in a sentence; empty where it knows.
    """

    remembers: bool
    trouble: str

    def start(self) -> None:
        """Get ready to count from now on; raises an OfframpError where the source cannot be read."""

    def counts(self, starts: range) -> Counts:
        """Requests, errors and what else it counts of the periods that start there, in seconds since the epoch."""


@dataclass
class Watch:
    """What both sides told since the first look.

    Attributes:
        new: the new platform's source.
        old: the old platform's source.
        share: the percentage of the traffic that the new side has meanwhile.
        untold: what the step before left to be told; it comes first.
        began: when the first look was, in seconds since the epoch.
        trouble: why a source last did not tell, in a sentence; empty when both did.
        still: whether the new side's last count is not believed, as it tells of no request at all.
    """

    new: Source
    old: Source
    share: int = 0
    untold: Untold = field(default_factory=Untold)
    began: Optional[float] = None
    trouble: str = ""
    still: bool = False
    _started: set[str] = field(default_factory=set)
    _starts: list[int] = field(default_factory=list)
    _ticks: list[Tick] = field(default_factory=list)

    def start(self) -> None:
        """Find out whether both sources can be read.

        Raises:
            OfframpError: one cannot.
        """
        for name, source in self._sides():
            self._start(name, source)

    def _start(self, name: str, source: Source) -> None:
        if name not in self._started:
            source.start()
            self._started.add(name)

    def ticks(self, rhythm: Rhythm, now: float) -> list[Tick]:
        """All complete periods so far; earlier ones are read again with each new one, since sources may be late.

        Raises:
            OfframpError: before a ramp, a source cannot be read.
        """
        began = self.began
        if began is None:
            began = self.began = now
            self._start_what_can()
        starts, late = rhythm.complete(began, now), self.untold.complete(now, rhythm.delay)
        if len(starts) + len(late) > len(self._ticks):
            self.trouble = ""
            self._start_what_can()
            whole = range((late or starts).start, (starts or late).stop, rhythm.period)
            new, old = self._counts("new", whole), self._counts("old", whole)
            raw = lay(starts, new, old)
            told = [doubted(tick, self.share) for tick in raw]
            self.still = bool(raw) and told[-1] is not raw[-1]
            self.trouble = self.trouble or (_STILL if self.still else "")
            self._starts, self._ticks = [*late, *starts], [*lay(late, new, old, late=True), *told]
        return self._ticks

    def windows(self) -> list[tuple[int, Tick]]:
        """The periods so far, each with its start in seconds since the epoch."""
        return list(zip(self._starts, self._ticks))

    def left(self, rhythm: Rhythm, now: float) -> Untold:
        """What the next step has to be told of this one."""
        if self.began is None:
            return Untold()
        known, ended = rhythm.complete(self.began, now), rhythm.ended(self.began, now - _HEARD_S)
        starts = range(known.stop, max(known.stop, ended.stop), rhythm.period)
        forgetful = {name: source for name, source in self._sides() if not source.remembers and len(starts)}
        return Untold(starts, {name: source.counts(starts) for name, source in forgetful.items()})

    def freshness(self, now: float) -> dict[str, Optional[float]]:
        """Side -> seconds since the end of the newest period that its source told; None where it told none."""
        return {name: self._age(name, now) for name, _ in self._sides()}

    def _age(self, name: str, now: float) -> Optional[float]:
        ends = [at + tick.seconds for at, tick in self.windows() if getattr(tick, name) is not None]
        return round(now - max(ends), 1) if ends else None

    def _sides(self) -> list[tuple[str, Source]]:
        return [("new", self.new), ("old", self.old)]

    def _start_what_can(self) -> None:
        """Before a ramp every source must start; within one each may come back, whatever the other does."""
        for name, source in self._sides():
            try:
                self._start(name, source)
            except (BadInput, DoorShut):
                raise
            except OfframpError as error:
                if not self.share:
                    raise
                self.trouble = error.msg

    def _counts(self, name: str, starts: range) -> Counts:
        told: Counts = {}
        source: Source = getattr(self, name)
        try:
            told = source.counts(starts) if name in self._started else {}
        except (BadInput, DoorShut):
            raise
        except OfframpError as error:  # it may tell later: until then it is silent, not good
            self.trouble = error.msg
        if starts and told.get(starts[-1]) is None:
            self.trouble = self.trouble or source.trouble
        return {**told, **self.untold.told.get(name, {})}
