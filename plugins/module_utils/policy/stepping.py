"""Which shares of the traffic a ramp still has to pass through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput

WHOLE = 100


def remaining(steps: Sequence[int], share: int, to: Optional[int] = None) -> list[int]:
    """The shares, in percent of all traffic, that are still to be set and judged, in order.

    A ramp that was stopped on its way begins with the share it stands at: that is judged again before anything moves
    on. One that has arrived has nothing left.

    Args:
        steps: the whole ladder, rising, at most 100.
        share: what the new platform has now.
        to: one share to go to by hand instead of the ladder; it may be lower than the present one.

    Raises:
        BadInput: the ladder or ``to`` cannot be meant.
    """
    if to is not None:
        _refuse_share(to)
        return [] if to == share else [to]
    check(steps)
    if share >= steps[-1]:
        return []
    ahead = [step for step in steps if step > share]
    return [share, *ahead] if share > 0 else ahead


def retreat(outcome: str, unattended: int) -> int:
    """The most that the new platform may keep, in percent, when a run ends before its last step: nobody judges then.

    Args:
        outcome: of the step's verdict; nothing where it has none.
        unattended: what it may keep unless it was found bad.
    """
    return 0 if outcome == "fail" else unattended


def after(steps: Sequence[int], share: int) -> Optional[int]:
    """The step that follows a share on the ladder, or None."""
    return next((step for step in steps if step > share), None)


def check(steps: Sequence[int]) -> None:
    """Refuse a ladder that does not rise from above 0 to at most 100.

    Raises:
        BadInput: with the steps that are wrong.
    """
    if not steps:
        raise BadInput("There are no shift steps.", target="shift steps", hint="Give at least one, for example [100].")
    for step in steps:
        _refuse_share(step)
    if steps[0] == 0 or any(later <= earlier for earlier, later in zip(steps, steps[1:])):
        ladder = ", ".join(str(step) for step in steps)
        raise BadInput(
            f"The shift steps {ladder} do not rise.", target="shift steps", hint="Give rising shares above 0."
        )


def _refuse_share(share: object) -> None:
    if not isinstance(share, int) or isinstance(share, bool) or not 0 <= share <= WHOLE:
        raise BadInput(f"A share of {share} % is none.", target="shift steps", hint="Give whole numbers from 0 to 100.")
