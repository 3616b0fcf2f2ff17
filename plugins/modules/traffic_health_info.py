#!/usr/bin/python
"""Whether the new platform answers as well as the old one, while traffic is split between them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from ansible_collections.offramp.ecs.plugins.module_utils.aws import locks
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.lookout import Lookout
from ansible_collections.offramp.ecs.plugins.module_utils.cloudflare.seen import AFTER
from ansible_collections.offramp.ecs.plugins.module_utils.engine import runner
from ansible_collections.offramp.ecs.plugins.module_utils.engine.door import Door
from ansible_collections.offramp.ecs.plugins.module_utils.engine.settle import Waiting
from ansible_collections.offramp.ecs.plugins.module_utils.engine.spec import AWS, WAITING, spec
from ansible_collections.offramp.ecs.plugins.module_utils.engine.unknown import Unknown, is_unknown
from ansible_collections.offramp.ecs.plugins.module_utils.heroku.router import RouterTail
from ansible_collections.offramp.ecs.plugins.module_utils.policy.counts import Tick
from ansible_collections.offramp.ecs.plugins.module_utils.policy.judged import Judged, windows
from ansible_collections.offramp.ecs.plugins.module_utils.policy.limits import LIMITS
from ansible_collections.offramp.ecs.plugins.module_utils.policy.look import STEP, Look, Step, is_ahead, step_from
from ansible_collections.offramp.ecs.plugins.module_utils.policy.ramp import Evidence
from ansible_collections.offramp.ecs.plugins.module_utils.policy.ticks import Untold, untold_from
from ansible_collections.offramp.ecs.plugins.module_utils.policy.verdict import Judgement
from ansible_collections.offramp.ecs.plugins.module_utils.policy.watch import Watch
from ansible_collections.offramp.ecs.plugins.module_utils.traffic.edge import EDGE, edge_of
from ansible_collections.offramp.ecs.plugins.module_utils.traffic.sources import (
    SOURCES,
    refuse_sources,
    slow_ms_of,
    sources_of,
)

DOCUMENTATION = """
module: traffic_health_info
short_description: The verdict on traffic that is split between Heroku and AWS
version_added: 0.1.0
author: The Offramp founders (@offramp)
description:
  - Counts requests and errors of both platforms over the same periods, and judges the new one by the old one.
  - Reads AWS from the load balancer's CloudWatch metrics, and Heroku from its router's lines in a log session; or
    either of them from a metrics endpoint of the app (I(metrics)).
  - Errors are answers with a status of 500 and above, and Heroku's own errors such as H12.
  - The evidence against the new platform is a number M that starts at 1 and is carried from step to step. At
    1 / I(alpha) the step fails, and the chance that it ever gets there without cause is at most I(alpha) for a whole
    ramp, however often and long one looks (docs/guard.md).
  - "The verdict is C(pass), C(fail), C(not_enough) where too little was seen, something holds the step or the measured
    share is off, or C(broken) where a source does not tell, as when Heroku drops log lines (L10, L11)."
  - It looks on while there is not enough or a source is broken, until I(within) has passed or a source was silent for
    I(max_silence).
  - What is told late of the step before is evidence, too. It travels from step to step in RV(health.evidence).
  - The measured share is that of Cloudflare's analytics where token and plan allow it, else that of both sides' counts.
  - Where the step is one of I(pause_at) it waits for a person's approval, which it reads at Cloudflare, and goes on
    judging meanwhile.
  - Without traffic on the new platform there is nothing to judge. It passes once both sources can be read and it has
    watched the old platform for I(baseline).
options:
  load_balancer:
    description: Last part of the load balancer's ARN, as C(app/bond/50dc6c495c0c9188).
    type: str
    required: true
  target_group:
    description: Last part of the target group's ARN, as C(targetgroup/bond/73e2d6bc24d8a067).
    type: str
    required: true
  heroku_app:
    description: Name of the Heroku app.
    type: str
    required: true
  wanted_share:
    description: Percentage of the traffic that the new platform shall have.
    type: int
    required: true
  present_share:
    description: Percentage that the new platform has when a ramp begins; a I(baseline) is only taken at 0.
    type: int
    default: 0
  steps:
    description: The whole ramp in percent. The step after I(wanted_share) sets the pace of this one.
    type: list
    elements: int
    default: []
  to:
    description: The one share to which a person moves by hand, in place of the ramp; it waits for nobody.
    type: int
  pause_at:
    description: Steps of the ramp that pass only when a person has approved them.
    type: list
    elements: int
    default: []
  pause_within:
    description: Seconds for which a step waits for its approval, from its first good verdict on.
    type: float
    default: 3600.0
  zone:
    description: Name of the Cloudflare zone, where approvals are read, and how its edge divides the traffic.
    type: str
    default: ""
  hostname:
    description: Name that visitors use, over which the load balancer stands.
    type: str
    default: ""
  old_pool:
    description: Name of the old platform's pool. Without it the edge is not asked how it divides the traffic.
    type: str
    default: ""
  new_pool:
    description: Name of the new platform's pool.
    type: str
    default: ""
  after:
    description:
      - What the run was told last of the steering, by M(offramp.ecs.cloudflare_pool_weights). Where other hands have
        changed it meanwhile the module fails with both states. Without it nobody looks.
    type: dict
    default: {}
  new_source:
    description: Where the new platform's counts come from.
    type: str
    choices: [cloudwatch, metrics]
    default: cloudwatch
  old_source:
    description: Where the old platform's counts come from.
    type: str
    choices: [router, metrics]
    default: router
  metrics:
    description: The app's own metrics endpoints (docs/guard.md says what they must tell).
    type: dict
    default: {}
    suboptions:
      new_url:
        description: Address of the new platform's endpoint, with the running totals of all its instances.
        type: str
        default: ""
      old_url:
        description: The same of the old platform.
        type: str
        default: ""
      instances:
        description: JMESPath for the instances' names; empty where the totals are over all of them.
        type: str
        default: ""
      requests:
        description: JMESPath for the requests, a number or one for each instance.
        type: str
        default: requests
      errors:
        description: JMESPath for those that were answered with an error.
        type: str
        default: errors
      slow:
        description: JMESPath for those slower than I(slow_ms), or than one threshold of both endpoints; empty for none.
        type: str
        default: ""
  slow_ms:
    description:
      - Milliseconds above which a request counts as slow; 0 to count none.
      - Without it, what 95 of 100 requests to the old platform took before the ramp; where a run goes on with a ramp
        that another began, what they took in its first step, from the second one on. Only router lines tell.
    type: int
  evidence:
    description: What the step before reported as RV(health.evidence); nothing at the beginning of a ramp.
    type: dict
    default: {}
  baseline:
    description: At a share of 0, seconds for which the old platform is watched to learn how its errors clump.
    type: float
    default: 0.0
  alpha:
    description: The chance of a false alarm that is accepted over a whole ramp.
    type: float
    default: 0.005
  min_soak:
    description: Seconds of traffic that must be seen.
    type: float
    default: 120.0
  max_soak:
    description: Seconds of traffic after which a step passes whatever the next one could harm.
    type: float
    default: 600.0
  bake:
    description: Seconds of traffic that must be seen at the last step that can be compared, the one before 100 %.
    type: float
    default: 300.0
  period:
    description: Seconds of one count. CloudWatch has whole minutes for load balancers.
    type: int
    default: 60
  grace:
    description: Seconds that a change of the weights needs to be in force everywhere; counting begins after them.
    type: float
    default: 10.0
  delay:
    description: Seconds after which the counts of a period are complete.
    type: float
    default: 120.0
  min_requests:
    description: Requests of the new platform below which a step waits for I(max_soak).
    type: int
    default: 30
  max_harm:
    description: How many requests the next step may harm at most before anybody can see it.
    type: float
    default: 50.0
  max_silence:
    description: Seconds in a row for which a source may be silent before a person must look.
    type: float
    default: 600.0
  max_phi:
    description: The most by which evidence is tempered where the old platform's errors clump; 1 for not at all.
    type: float
    default: 8.0
  share_tolerance:
    description: Percentage points by which the measured share may be off, beside chance.
    type: float
    default: 5.0
  ignored_paths:
    description: Paths left out of Heroku's counts, such as that of Cloudflare's monitor.
    type: list
    elements: str
    default: [/health]
extends_documentation_fragment:
  - offramp.ecs.aws
  - offramp.ecs.heroku
  - offramp.ecs.lock
  - offramp.ecs.waiting
"""

EXAMPLES = """
- name: Judge the traffic at a tenth
  offramp.ecs.traffic_health_info:
    region: eu-west-1
    load_balancer: app/bond-server/50dc6c495c0c9188
    target_group: targetgroup/bond-server/73e2d6bc24d8a067
    heroku_app: bond-server
    wanted_share: 10
    steps: [1, 10, 50, 95, 100]
    evidence: "{{ __shift_judged.health.evidence }}"
  register: __shift_judged
"""

RETURN = """
health:
  description: The verdict with its numbers. C(may_proceed) is true for a pass, and in a dry run.
  returned: success
  type: dict
  sample:
    verdict: pass
    reason: nothing speaks against the new side
    summary: "10 % wanted, 9.8 % measured; new: 520 requests ...; evidence 0.73 of 200, tempered by 1.1; ...."
    may_proceed: true
    wanted_share: 10
    measured_share: 9.8
    measured_by: counts
    next_share: 25
    new: {requests: 520, errors: 0, error_rate: 0.0, own: 0}
    old: {requests: 4800, errors: 10, error_rate: 0.208, own: 0}
    m: 0.73
    limit: 200.0
    phi: 1.1
    seen: 120.0
    missing: 0.0
    left: 0.0
    freshness: {new: 61.2, old: 1.2}
    slow_ms: 180
    windows: [{start: 1795392000, seconds: 60, wanted_share: 10, new: {}, old: {}, m: 0.73}]
    evidence: {errors: {}, slow: {}, old: {}, untold: {}, slow_ms: 180}
"""

SPEC = spec(
    AWS,
    locks.LOCK,
    WAITING,
    SOURCES,
    EDGE,
    AFTER,
    LIMITS,
    STEP,
    options={
        "load_balancer": {"type": "str", "required": True},
        "target_group": {"type": "str", "required": True},
        "heroku_app": {"type": "str", "required": True},
        "ignored_paths": {"type": "list", "elements": "str", "default": ["/health"]},
    },
)
UNSEEN = Judgement("not_enough", "nothing was seen yet")
DRY = Judgement("not_enough", "a dry run moves no traffic")


@dataclass(frozen=True)
class Want:
    """What is judged, and how.

    Attributes:
        step: the step, what is asked of it, and the evidence before it.
        slow_ms: milliseconds above which a request counts as slow; None where that is not known, or not wanted.
        measures_slow: whether that is to be measured for the steps to come.
        ramps: whether traffic is about to move, so that both sources must be there.
        blind: whether the balancer does not exist yet, so that nothing can be seen.
    """

    step: Step
    slow_ms: Optional[int]
    measures_slow: bool
    ramps: bool
    blind: bool


@dataclass(frozen=True)
class Have:
    """What was seen so far; ``over`` when the time to look has passed."""

    want: Want
    evidence: Evidence
    judgement: Judgement = UNSEEN
    over: bool = False
    told: tuple[tuple[int, Tick], ...] = ()
    untold: Untold = field(default_factory=Untold)
    usual: Optional[float] = None
    freshness: Mapping[str, Optional[float]] = field(default_factory=dict)

    @property
    def judged(self) -> Judged:
        """What can be told of it."""
        return Judged(self.want.step.ahead, self.want.step.limits, self.evidence, self.judgement)


def connect(params: runner.Params, door: Door) -> Look:
    """The sources of both sides, and who approves."""
    untold = untold_from(params["evidence"].get("untold") or {})
    watch = Watch(*sources_of(params, door), params["wanted_share"], untold)
    pools = params["old_pool"], params["new_pool"]
    lookout = Lookout(door, params["zone"], params["hostname"], pools, params["after"])
    return Look(watch, *edge_of(params, door), lookout.look)


def wanted(params: runner.Params) -> Want:
    """What to judge, from the arguments."""
    refuse_sources(params)
    blind = is_unknown((params["load_balancer"], params["target_group"]))
    slow_ms = slow_ms_of(params)
    measures = slow_ms is None and params["slow_ms"] is None
    return Want(step_from(params), slow_ms, measures, ramps=is_ahead(params), blind=blind)


def observe(api: Look, want: Want) -> Have:
    """Look once, at all periods that are complete by now."""
    step = want.step
    if want.ramps and not want.blind:
        api.watch.start()
    if not want.step.looks:
        return Have(want, step.start, Judgement("pass", "no traffic is on the new side"))
    if want.blind:
        return Have(want, step.start)
    now, watch = time.time(), api.watch
    evidence, judgement, over = api.at(step, now)
    usual = watch.old.usual() if isinstance(watch.old, RouterTail) and want.measures_slow else None
    return Have(
        want,
        evidence,
        judgement,
        over,
        tuple(watch.windows()),
        watch.left(step.rhythm, now),
        usual,
        watch.freshness(now),
    )


def report(have: Have) -> dict[str, Any]:
    """What playbooks may use; the ledger keeps it as the line of a verdict, and one for each window."""
    judged, dry, step = have.judged, have.judgement == DRY, have.want.step
    numbers = judged.numbers()
    slow_ms = have.want.slow_ms or (round(1000 * have.usual) if have.usual else None)
    numbers["evidence"] |= {"untold": have.untold.numbers(), "slow_ms": slow_ms}
    return {
        "verdict": Unknown(f"verdict at {judged.ahead.share} %", "playbooks/shift.yml") if dry else judged.outcome,
        "reason": have.judgement.reason,
        "summary": have.judgement.reason if dry else judged.told(),
        "may_proceed": dry or judged.passed,
        "freshness": dict(have.freshness),
        "slow_ms": slow_ms,
        "windows": windows(have.told, step.start, step.ahead, step.limits),
        **numbers,
    }


def foresee(have: Have, want: Want) -> Have:
    """A dry run moves no traffic, so only a real one can judge."""
    return replace(have, judgement=DRY) if want.step.looks else have


def headline(have: Have) -> list[str]:
    """The step in one sentence."""
    return [have.judged.headline()] if have.judged.ahead.share and have.judgement != DRY else []


WAIT = Waiting[Have](
    settled=lambda have: have.over or have.judgement.final or have.judgement.outcome in ("pass", "fail"),
    failed=lambda _have: None,
    progress=lambda have: have.judged.told(),
)


MODULE = runner.Module[Look, Want, Have](
    name="traffic_health_info",
    noun="health",
    spec=SPEC,
    connect=connect,
    want=wanted,
    observe=observe,
    report=report,
    foresee=foresee,
    headline=headline,
    waiting=WAIT,
    longest=lambda params: float(params["within"]) + (params["pause_within"] if params["pause_at"] else 0.0),
    hold=locks.hold,
)


def main() -> None:
    """The ordinary way in."""
    runner.main(MODULE)


if __name__ == "__main__":
    main()
