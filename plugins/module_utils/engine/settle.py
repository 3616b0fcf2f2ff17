"""Waiting, visible and bounded: the only place of the collection that polls, and that tries again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import (
    Deadline,
    OfframpError,
    Throttled,
    Unreachable,
)

Have = TypeVar("Have")
Result = TypeVar("Result")
Say = Callable[[str], None]
Pace = Callable[[float, float], float]
"""(``every``, seconds since the wait began) -> seconds from the start of the coming poll to the next; pure."""

_FIRST_S = 60.0
_QUICKEST_S = 1.0
_AGAIN_S = 5.0
"""From a failure to the next try."""


def steady(every: float, _elapsed: float) -> float:
    """Always the same distance."""
    return every


def quick_at_first(every: float, elapsed: float) -> float:
    """A second at first, then more and more, ``every`` from the second minute on: most ends come soon."""
    return min(every, max(_QUICKEST_S, every * elapsed / _FIRST_S))


@dataclass(frozen=True)
class Waiting(Generic[Have]):
    """How a module knows that what it started has come to its end; all are pure.

    Attributes:
        settled: whether the state is at rest (good, or as it was before).
        failed: the error to raise when the state can no longer become good, else None.
        progress: what to tell a person who waits, in half a sentence ("3 of 14 resources").
        pace: how far polls are apart as time goes by.
    """

    settled: Callable[[Have], bool]
    failed: Callable[[Have], OfframpError | None]
    progress: Callable[[Have], str]
    pace: Pace = steady


def settle(
    look: Callable[[], Have],
    waiting: Waiting[Have],
    *,
    what: str,
    within: float,
    every: float,
    say: Say,
    first: Have | None = None,
    keep: Callable[[], None] = lambda: None,
) -> Have:
    """Poll until the state is at rest.

    Args:
        look: observes the state; one poll.
        what: what is waited for, in a person's words.
        within: the deadline in seconds from now.
        every: seconds from the start of one poll to the start of the next, which ``waiting.pace`` may shorten.
        say: takes a progress line; called when the progress changed, and every 30 s while it did not.
        first: a state observed just now, which saves the first poll.
        keep: called before each poll but the first, so that nobody else takes what is waited for.

    Raises:
        OfframpError: what ``waiting.failed`` returned, or :class:`Deadline`.
    """
    started = polled = time.monotonic()
    state = look() if first is None else first
    told, told_at = "", started
    while True:
        failure = waiting.failed(state)
        if failure is not None:
            raise failure
        if waiting.settled(state):
            return state
        now = time.monotonic()
        progress = waiting.progress(state)
        if now - started >= within:
            raise Deadline(
                f"Waited {within:.0f} s for {what}, which is still at: {progress}.",
                target=what,
                hint="Look at it, then run again: the run takes up what it finds.",
            )
        if progress != told or now - told_at >= 30:
            say(f"waiting for {what}: {progress} ({now - started:.0f} s of at most {within:.0f} s)")
            told, told_at = progress, now
        time.sleep(max(0.0, min(polled + waiting.pace(every, polled - started), started + within) - now))
        polled = time.monotonic()
        keep()
        state = look()


def patiently(attempt: Callable[[], Result], *, within: float, say: Say) -> Result:
    """Try until the vendor answers.

    Args:
        attempt: what to do; it must be good to be done again, whatever of it took effect.
        within: seconds from now after which it is not tried again.
        say: takes a line for each failure.

    Raises:
        OfframpError: what the last attempt raised.
    """
    started = time.monotonic()
    while True:
        try:
            return attempt()
        except (Throttled, Unreachable) as error:
            left = within - (time.monotonic() - started)
            if left <= 0:
                raise
            say(f"{error.msg} Trying again for {left:.0f} s at most.")
            time.sleep(min(_AGAIN_S, left))
