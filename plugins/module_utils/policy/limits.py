"""What is asked of a ramp before it goes on. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import Options
from ansible_collections.offramp.ecs.plugins.module_utils.policy.pace import Ahead

LIMITS: Options = {
    "alpha": {"type": "float", "default": 0.005},
    "min_soak": {"type": "float", "default": 120.0},
    "max_soak": {"type": "float", "default": 600.0},
    "bake": {"type": "float", "default": 300.0},
    "min_requests": {"type": "int", "default": 30},
    "max_harm": {"type": "float", "default": 50.0},
    "max_silence": {"type": "float", "default": 600.0},
    "max_phi": {"type": "float", "default": 8.0},
    "share_tolerance": {"type": "float", "default": 5.0},
}
"""What is asked of a step, as options of a module."""


@dataclass(frozen=True)
class Limits:
    """What is asked of a step.

    Attributes:
        alpha: the chance of a false alarm that is accepted over a whole ramp; one for errors, one for slow requests.
        min_soak: seconds of traffic, known on both sides, that a step has to show.
        max_soak: seconds of it after which a step passes whatever the next one could harm.
        bake: ``min_soak`` of the last step that has something to compare with.
        min_requests: requests on the new side below which ``max_soak`` is waited for.
        max_harm: how many requests the next step may harm at most before it is seen.
        max_silence: seconds in a row that a source may be silent before a person must look.
        max_phi: the most by which evidence is tempered for clumps; 1 for not at all.
        share_tolerance: how many percentage points the measured share may be off the wanted one, beside chance.
    """

    alpha: float = 0.005
    min_soak: float = 120.0
    max_soak: float = 600.0
    bake: float = 300.0
    min_requests: int = 30
    max_harm: float = 50.0
    max_silence: float = 600.0
    max_phi: float = 8.0
    share_tolerance: float = 5.0

    def soak(self, ahead: Ahead) -> float:
        """Seconds of traffic that this step has to show."""
        return max(self.bake, self.min_soak) if ahead.compares_last else self.min_soak


def limits_from(values: Mapping[str, Any]) -> Limits:
    """The limits among these values, by their names.

    Raises:
        BadInput: one cannot be meant.
    """
    limits = Limits(**{field.name: values[field.name] for field in fields(Limits)})
    if 0 < limits.alpha < 1 and limits.max_phi >= 1:
        return limits
    raise BadInput(
        f"An alpha of {limits.alpha:g} with a phi of at most {limits.max_phi:g} is none.",
        target="traffic",
        hint="Alpha is a chance between 0 and 1, and phi is at least 1.",
    )
