"""Steps at which a ramp waits for a person, and goes on judging meanwhile. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import BadInput
from ansible_collections.offramp.ecs.plugins.module_utils.policy.verdict import Judgement


@dataclass(frozen=True)
class Pause:
    """Whether a step waits for a person.

    Attributes:
        share: the step, in percent.
        asked: whether it waits at all.
        within: seconds for which it waits at most, from its first good verdict on.
    """

    share: int
    asked: bool
    within: float

    def held(self, judgement: Judgement, approved: int, waited: float) -> Judgement:
        """A judgement as it stands while the step waits; bad ones and those that wait for more stand as they are.

        Args:
            judgement: by the evidence.
            approved: the highest share that a person approved.
            waited: seconds since the step's first good verdict.
        """
        if not self.asked or approved >= self.share or judgement.outcome == "fail" or judgement.final:
            return judgement
        if waited > self.within:
            return Judgement("not_enough", f"{self.share} % was not approved within {self.within:g} s", final=True)
        if judgement.outcome != "pass":
            return judgement
        reason = (
            f"{judgement.reason}; it waits for approval, at most {self.within:g} s: "
            f"playbooks/shift.yml -e shift_approve={self.share}"
        )
        return replace(judgement, outcome="not_enough", reason=reason)


def pause_at(share: int, stops: Sequence[int], steps: Sequence[int], within: float) -> Pause:
    """Whether a ramp of ``steps`` that waits at ``stops`` waits at a share.

    Raises:
        BadInput: it would never come to one of them, or need not wait there.
    """
    strange = [stop for stop in stops if stop not in steps[:-1]]
    if strange:
        ladder, told = ", ".join(map(str, steps)), ", ".join(map(str, strange))
        raise BadInput(
            f"The ramp {ladder} cannot wait for approval at {told} %.",
            target="shift steps",
            hint="Let shift_pause_at name steps of it before the last one.",
        )
    return Pause(share, share in stops, within)
