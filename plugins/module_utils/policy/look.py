"""A step's look at both sides: what was seen so far, judged, and held where a person must approve."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.engine.errors import (
    BadInput,
    OfframpError,
    Throttled,
    Unreachable,
)
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import Options
from ansible_collections.offramp.ecs.plugins.module_utils.policy import stepping
from ansible_collections.offramp.ecs.plugins.module_utils.policy.counts import Divided, Tick
from ansible_collections.offramp.ecs.plugins.module_utils.policy.judged import judge
from ansible_collections.offramp.ecs.plugins.module_utils.policy.limits import Limits, limits_from
from ansible_collections.offramp.ecs.plugins.module_utils.policy.pace import Ahead
from ansible_collections.offramp.ecs.plugins.module_utils.policy.pause import Pause, pause_at
from ansible_collections.offramp.ecs.plugins.module_utils.policy.ramp import Evidence, ramp_from
from ansible_collections.offramp.ecs.plugins.module_utils.policy.ticks import Rhythm
from ansible_collections.offramp.ecs.plugins.module_utils.policy.verdict import Judgement
from ansible_collections.offramp.ecs.plugins.module_utils.policy.watch import Watch

STEP: Options = {
    "wanted_share": {"type": "int", "required": True},
    "present_share": {"type": "int", "default": 0},
    "steps": {"type": "list", "elements": "int", "default": []},
    "to": {"type": "int"},
    "pause_at": {"type": "list", "elements": "int", "default": []},
    "pause_within": {"type": "float", "default": 3600.0},
    "evidence": {"type": "dict", "default": {}},
    "baseline": {"type": "float", "default": 0.0},
    "period": {"type": "int", "default": 60},
    "grace": {"type": "float", "default": 10.0},
    "delay": {"type": "float", "default": 120.0},
}
"""The step that is judged, as options of a module."""
_ASK_EVERY_S = 5.0
_ASK_EDGE_EVERY_S = 10.0
_ENOUGH_AT_THE_EDGE = 100


@dataclass(frozen=True)
class Step:
    """What is judged, and how.

    Attributes:
        ahead: the step and the one after it.
        start: the evidence of the steps before.
        limits: what is asked of the step.
        rhythm: when counts can be read.
        baseline: seconds for which the old side is watched before a ramp; 0 for not at all.
        within: seconds to look, without those of a pause.
        pause: whether it waits for a person.
    """

    ahead: Ahead
    start: Evidence
    limits: Limits
    rhythm: Rhythm
    baseline: float
    within: float
    pause: Pause

    @property
    def looks(self) -> bool:
        """Whether there is anything to look at."""
        return bool(self.ahead.share or self.baseline)


def step_from(values: Mapping[str, Any]) -> Step:
    """The step among these values, by the names of :data:`STEP` and :data:`LIMITS`, and ``within``.

    Raises:
        BadInput: it cannot be meant, or not be judged in time.
    """
    share, steps, period = values["wanted_share"], values["steps"], values["period"]
    if not 0 <= share <= 100 or period < 1:
        raise BadInput(f"A share of {share} % by periods of {period} s is none.", target="traffic")
    rhythm = Rhythm(period, values["grace"], values["delay"])
    stops = values["pause_at"] if values["to"] is None else []
    step = Step(
        ahead=Ahead(share, stepping.after(steps, share), rhythm.reaction),
        start=Evidence(ramp=ramp_from(values["evidence"])),
        limits=limits_from(values),
        rhythm=rhythm,
        baseline=0.0 if share or values["present_share"] else values["baseline"],
        within=values["within"],
        pause=pause_at(share, stops, steps, values["pause_within"]),
    )
    _refuse_too_short(step)
    return step


def is_ahead(values: Mapping[str, Any]) -> bool:
    """Whether a ramp is about to begin, by the names of :data:`STEP`."""
    steps, to = values["steps"], values["to"]
    asked = bool(steps) or to is not None
    return asked and not values["wanted_share"] and bool(stepping.remaining(steps, values["present_share"], to))


def _refuse_too_short(step: Step) -> None:
    needed = step.rhythm.longest(step.limits.soak(step.ahead) if step.ahead.share else step.baseline)
    if step.looks and step.within < needed:
        raise BadInput(
            f"The traffic cannot be judged within {step.within:g} s.",
            target="traffic",
            hint=f"Grace, soak, delay and two periods need {needed:g} s.",
        )


@dataclass
class Look:
    """Looks at both sides, again and again, in one process.

    Attributes:
        watch: what both sides tell.
        ask: gives the highest share that a person approved.
        sick: why Cloudflare holds the new side's pool for unhealthy, or None where it does not.
        divide: how the edge divided the traffic between two moments, or None where it does not tell.
        steady: raises where other hands have changed how traffic is divided since the run did.
        paused: when the step first waited for a person, in seconds since the epoch.
        approved: what was approved when it was last asked.
    """

    watch: Watch
    ask: Callable[[], int]
    divide: Callable[[float, float], Optional[Divided]] = lambda since, until: None
    sick: Callable[[], Optional[str]] = lambda: None
    steady: Callable[[], None] = lambda: None
    paused: Optional[float] = None
    approved: int = 0
    _asked: float = 0.0
    _edge_asked: float = 0.0
    _mute: bool = False
    _divided: Optional[Divided] = None
    _weighed: Optional[tuple[list[Tick], Evidence, Judgement]] = field(default=None)

    def at(self, step: Step, now: float) -> tuple[Evidence, Judgement, bool]:
        """What is known by ``now``, its outcome, and whether the time to look is over.

        Raises:
            OfframpError: before a ramp, a source cannot be read; or other hands have changed the steering.
        """
        self.steady()
        evidence, judgement = self._judged(step, now)
        if judgement.outcome == "broken" and self.watch.still:
            judgement = self._sick(judgement, now)
        if self.watch.trouble and judgement.outcome != "fail":
            judgement = replace(judgement, reason=f"{judgement.reason}. {self.watch.trouble}")
        if step.pause.asked and judgement.outcome == "pass" and self.paused is None:
            self.paused = now
        if self.paused is None:
            return evidence, judgement, now - (self.watch.began or now) >= step.within
        held = step.pause.held(judgement, self._approval(step, now), now - self.paused)
        return evidence, held, now - self.paused > step.pause.within

    def _judged(self, step: Step, now: float) -> tuple[Evidence, Judgement]:
        ticks = self.watch.ticks(step.rhythm, now)
        if self._weighed is None or self._weighed[0] is not ticks:
            edge = self._edge(step, now)
            self._weighed = (ticks, *judge(ticks, step.start, step.ahead, step.limits, step.baseline, edge))
        return self._weighed[1:]

    def _edge(self, step: Step, now: float) -> Optional[Divided]:
        """What the edge last told of this step; it is asked seldom, and no more where it may not tell."""
        moments = [moment for at, tick in self.watch.windows() if not tick.late for moment in (at, at + tick.seconds)]
        if step.ahead.share and moments and not self._mute and now - self._edge_asked >= _ASK_EDGE_EVERY_S:
            self._edge_asked = now
            try:
                told = self.divide(min(moments), max(moments))
                self._divided = told if told and told.total >= _ENOUGH_AT_THE_EDGE else None
            except (Throttled, Unreachable):  # what it told before still holds
                pass
            except OfframpError:
                self._mute = True
        return self._divided

    def _sick(self, judgement: Judgement, now: float) -> Judgement:
        """No requests at all are bad, and no broken source, where Cloudflare itself finds the new side unhealthy."""
        if now - self._asked < _ASK_EVERY_S:
            return judgement
        self._asked = now
        try:
            reason = self.sick()
        except OfframpError:
            return judgement
        if reason is None:
            return judgement
        return Judgement("fail", f"the new side gets no requests: Cloudflare holds its pool for unhealthy ({reason})")

    def _approval(self, step: Step, now: float) -> int:
        if self.approved < step.pause.share and now - self._asked >= _ASK_EVERY_S:
            self._asked = now
            try:
                self.approved = self.ask()
            except OfframpError as error:  # Cloudflare may be down for a while: it goes on waiting, and judging
                self.watch.trouble = error.msg
        return self.approved
