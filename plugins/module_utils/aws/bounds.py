"""The bounds of a service's number of tasks: what they shall be, and what they may be found at."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws.scaling import Action
from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput


@dataclass(frozen=True)
class Bounds:
    """A process type's own bounds, and beside each those that scheduled actions set: found there, one is in place.

    Which action was the last to act only the clock tells, so a bound at another action's value counts as in place until
    the next one sets it.
    """

    minimum: int
    maximum: int
    minimums: frozenset[int]
    maximums: frozenset[int]

    def over(self, have: Optional[tuple[int, int]]) -> tuple[int, int]:
        """(fewest, most) as they shall be where they are ``have``: each stays where it may, else gets its own value."""
        if have is None:
            return self.minimum, self.maximum
        minimum = have[0] if have[0] in self.minimums else self.minimum
        maximum = have[1] if have[1] in self.maximums else self.maximum
        return (minimum, maximum) if minimum <= maximum else (self.minimum, self.maximum)


def bounds_of(service: str, process: Mapping[str, Any], floor: int, actions: Collection[Action]) -> Bounds:
    """The bounds of a process type, none of whose minimums is below ``floor``.

    Raises:
        BadInput: the floor is above the maximum.
    """
    minimum, maximum = process["minimum"], process["maximum"]
    if floor > maximum > 0:
        raise BadInput(
            f"ECS service {service} cannot have a floor of {floor} and at most {maximum} tasks.",
            target=f"ECS service {service}",
            hint="Raise the maximum, or lower the floor.",
        )
    minimums = [minimum, *(each.minimum for each in actions if each.minimum is not None)]
    maximums = [maximum, *(each.maximum for each in actions if each.maximum is not None)]
    return Bounds(max(floor, minimum), maximum, frozenset(max(floor, each) for each in minimums), frozenset(maximums))
