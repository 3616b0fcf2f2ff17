"""The filter that tells a role which steps of a ramp are left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Optional

from ansible.errors import AnsibleFilterError

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.policy import pause, stepping


def steps_from(steps: Sequence[Any], share: Any, to: Optional[Any] = None, pause_at: Sequence[Any] = ()) -> list[int]:
    """The steps that are left, see :func:`stepping.remaining`. ``to`` is nothing where it is None or empty.

    A ramp that could not wait at all of ``pause_at`` is refused.
    """
    try:
        by_hand, ladder = None if to in (None, "") else _number(to), [_number(step) for step in steps]
        left = stepping.remaining(ladder, _number(share), by_hand)
        if by_hand is None:
            pause.pause_at(0, [_number(stop) for stop in pause_at], ladder, within=0)
        return left
    except BadInput as error:
        raise AnsibleFilterError(error.sentence()) from None  # Ansible would print both


def _number(value: Any) -> int:
    """A whole number, which the command line (``-e shift_to=25``) gives as text."""
    try:
        return int(str(value))
    except ValueError:
        raise BadInput(
            f"A share of {value} % is none.", target="shift steps", hint="Give whole numbers from 0 to 100."
        ) from None


class FilterModule:
    """Ansible finds filters by this name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file."""
        return {"steps_from": steps_from}
